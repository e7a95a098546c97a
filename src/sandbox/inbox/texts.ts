import { inLocale, type Locale, type Translation } from '../../../views/locales/catalogue.ts';

/** The words of the inbox page. */
const fr = {
  title: 'Boîte de réception',
  about:
    'Les courriels et les SMS que ce bac à sable envoie arrivent ici, et nulle part ailleurs : rien ne quitte cette machine.',
  list: 'Messages reçus',
  emptyTitle: 'Aucun message pour l’instant',
  empty: 'Demandez l’activation d’une e-CPS : le courriel et le SMS apparaîtront ici.',
  choose: 'Choisissez un message pour le lire.',
  refresh: 'Actualiser',
  clear: 'Tout effacer',
  back: 'Tous les messages',
  mail: 'Courriel',
  sms: 'SMS',
  to: 'À',
  from: 'De',
  at: 'Reçu',
  body: (subject: string) => `Contenu du courriel « ${subject} »`,
  views: 'Forme du message',
  html: 'Mise en page',
  text: 'Texte seul',
  attachments: 'Pièces jointes',
  arrived: 'Nouveau message reçu.',
  goneTitle: 'Ce message n’existe plus',
  gone: 'Il a été effacé.',
  skip: 'Aller au contenu',
  other: 'English',
} as const;

const en = {
  title: 'Inbox',
  about:
    'The e-mails and SMS that this sandbox sends arrive here and nowhere else: nothing leaves this machine.',
  list: 'Messages received',
  emptyTitle: 'No message yet',
  empty: 'Ask to activate an e-CPS: the e-mail and the SMS will appear here.',
  choose: 'Choose a message to read it.',
  refresh: 'Refresh',
  clear: 'Delete all',
  back: 'All messages',
  mail: 'E-mail',
  sms: 'SMS',
  to: 'To',
  from: 'From',
  at: 'Received',
  body: (subject) => `Content of the e-mail “${subject}”`,
  views: 'Form of the message',
  html: 'Layout',
  text: 'Text only',
  attachments: 'Attachments',
  arrived: 'New message received.',
  goneTitle: 'This message no longer exists',
  gone: 'It was deleted.',
  skip: 'Skip to content',
  other: 'Français',
} as const satisfies Translation<typeof fr>;

export type InboxTexts = Translation<typeof fr>;

/** The words of one language. */
export const inboxTexts = (locale: Locale): InboxTexts => inLocale(locale, { fr, en });
