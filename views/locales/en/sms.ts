import type { Translation } from '../catalogue.ts';
import type { sms as fr } from '../fr/sms.ts';

/** SMS, in English. */
export const sms = {
  activation_code: (code) => `Your e-CPS code: ${code}. Do not give it to anyone.`,
  device_added: (stopUrl) =>
    `A phone was added to your e-CPS. If it wasn't you, ${stopUrl ? `stop it: ${stopUrl}` : 'call the help desk.'}`,
  contact_changed: (stopUrl) => `Your e-CPS contact details changed. If it wasn't you, cancel: ${stopUrl}`,
} as const satisfies Translation<typeof fr>;
