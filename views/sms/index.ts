import { inLocale, type Locale } from '../locales/catalogue.ts';
import { sms as en } from '../locales/en/sms.ts';
import { sms as fr } from '../locales/fr/sms.ts';
import type { SmsData, SmsTemplate } from './data.ts';

export type * from './data.ts';

type Templates = { [T in SmsTemplate]: (data: SmsData[T], locale: Locale) => string };

const templates: Templates = {
  // The last line is the one that browsers look for (WebOTP): the code is offered on that host and nowhere else.
  activation_code: ({ code, domain }, locale) =>
    `${inLocale(locale, { fr, en }).activation_code(grouped(code))}\n\n@${domain} #${code}`,
  contact_changed: ({ stopUrl }, locale) => inLocale(locale, { fr, en }).contact_changed(stopUrl),
  device_added: ({ stopUrl }, locale) => inLocale(locale, { fr, en }).device_added(stopUrl),
};

/** `493027` → `493 027`. */
const grouped = (code: string): string => `${code.slice(0, 3)} ${code.slice(3)}`;

/** Writes one SMS. */
export const renderSms = <T extends SmsTemplate>(template: T, data: SmsData[T], locale: Locale): string =>
  templates[template](data, locale);
