import type { Locale } from '../shared/practitioner.ts';

/** What the portal says, in French first. */
const fr = {
  doors: 'Vos services',
  note: 'Un clic ouvre le service à la bonne page. Vous êtes déjà connecté : rien n’est redemandé.',
  report: {
    title: 'Signaler un effet indésirable',
    lead: 'Voici ce que le service de vaccination a transmis. Il n’a rien dit du patient.',
    product: 'Vaccin',
    lot: 'Lot',
    dose: 'Dose',
    day: 'Date de l’injection',
    unknown: 'non transmis',
    note: 'Portail d’exemple : rien n’est envoyé. Pour un véritable signalement, le portail national est',
  },
};

const en: typeof fr = {
  doors: 'Your services',
  note: 'One click opens the service on the right page. You are signed in already: nothing is asked.',
  report: {
    title: 'Report a side effect',
    lead: 'This is what the vaccination service passed on. It said nothing of the patient.',
    product: 'Vaccine',
    lot: 'Lot',
    dose: 'Dose',
    day: 'Date of the injection',
    unknown: 'not passed on',
    note: 'Example portal: nothing is sent. For a real report, the national portal is',
  },
};

export const TEXTS: Record<Locale, typeof fr> = { fr, en };
