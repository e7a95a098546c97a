import type { Translation } from '../catalogue.ts';
import type { sms as fr } from '../fr/sms.ts';

/** SMS, in English. */
export const sms = {
  activation_code: (code) => `Your e-CPS code: ${code}. Do not give it to anyone.`,
} as const satisfies Translation<typeof fr>;
