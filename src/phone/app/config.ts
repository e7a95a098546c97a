import * as z from 'zod';

/** What the server tells the app inside its page; nothing of it is secret. */
const appConfig = z.object({
  /** Origin of the provider, whose API the app calls. */
  origin: z.string(),
  helpPhone: z.string(),
  helpHours: z.object({ fr: z.string(), en: z.string() }),
  /** Where contact details are updated. */
  ordreUrl: z.string(),
  timeZone: z.string(),
  defaultLocale: z.enum(['fr', 'en']),
  /** Sender of the mails, as it is looked for in a mailbox. */
  mailFrom: z.string(),
  workers: z.object({ pin: z.string(), qr: z.string() }),
});
export type AppConfig = z.output<typeof appConfig>;

/** "Quel est mon numéro ?": the directory, which leads back to where the identifier is typed. */
export const directoryUrl = ({ origin }: Pick<AppConfig, 'origin'>): string =>
  `${origin}/annuaire?retour=${encodeURIComponent(`${location.origin}/activer`)}`;

/** Id of the element of the page that holds it, as JSON: data, which no policy lets run. */
export const CONFIG_ELEMENT = 'config';

export const readConfig = (page: Document): AppConfig =>
  appConfig.parse(JSON.parse(page.getElementById(CONFIG_ELEMENT)?.textContent ?? 'null'));
