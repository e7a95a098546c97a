import { inLocale, type Locale, type Translation } from '../locales/catalogue.ts';
import { mails as en } from '../locales/en/mails.ts';
import { mails as fr } from '../locales/fr/mails.ts';
import type { Block, MailContent } from './blocks.ts';
import type { Instant, MailContext, MailData, MailTemplate } from './data.ts';
import { dayOf, momentOf, timeOf, typedCode } from './format.ts';
import { plain } from './plain.ts';

/** What each mail says, as blocks; the words are in views/locales. */

type Texts = Translation<typeof fr>;

/** What a template writes with: the words of its language, and instants in its time zone. */
interface Pen {
  t: Texts;
  day(instant: Instant): string;
  time(instant: Instant): string;
  moment(instant: Instant): string;
}

/** The pen of one language. */
export const penFor = (locale: Locale, context: MailContext): Pen => ({
  t: inLocale(locale, { fr, en }),
  day: (instant) => dayOf(instant, locale, context.timeZone),
  time: (instant) => timeOf(instant, locale, context.timeZone),
  moment: (instant) => momentOf(instant, locale, context.timeZone),
});

const text = (value: string): Block => ({ type: 'text', text: value });
const phoneName = ({ t }: Pen, name: string): string => plain(name) || t.unnamedPhone;
const phoneFacts = (pen: Pen, data: { deviceName: string; at: Instant }): Block => ({
  type: 'facts',
  facts: [
    [pen.t.phone, phoneName(pen, data.deviceName)],
    [pen.t.when, pen.moment(data.at)],
  ],
});
const notYou = ({ t }: Pen, what: string, title: string = t.notYou): Block => ({
  type: 'warning',
  title,
  text: what,
});
const stopLink = ({ t }: Pen, url: string | undefined, label: string = t.stop): Block[] =>
  url === undefined ? [] : [{ type: 'action', label, url }, text(t.stopAbout)];

type Templates = { [T in MailTemplate]: (data: MailData[T], pen: Pen) => MailContent };

/** Every mail Caducée sends. */
export const templates: Templates = {
  activation_qr: (data, pen) => {
    const t = pen.t.activation_qr;
    return {
      subject: t.subject,
      preheader: t.preheader(data.minutes),
      title: t.title,
      blocks: [
        text(t.intro(data.deviceName === undefined ? undefined : plain(data.deviceName) || undefined)),
        { type: 'steps', steps: [t.open, t.scan] },
        { type: 'qr', alt: t.alt, instead: t.noImage },
        { type: 'code', label: t.type, code: typedCode(data.typedCode) },
        { type: 'steps', steps: [t.sms, t.pin], from: 3 },
        text(t.validity(data.minutes, pen.time(data.expiresAt))),
        notYou(pen, t.notYou),
      ],
    };
  },

  activation_closed: (data, pen) => {
    const t = pen.t.activation_closed;
    return {
      ...t,
      blocks: [text(t.intro), phoneFacts(pen, data), text(t.reasons[data.reason]), notYou(pen, t.notYou)],
    };
  },

  device_added: (data, pen) => {
    const t = pen.t.device_added;
    const { quarantineUntil, stopUrl } = data;
    return {
      ...t,
      blocks: [
        phoneFacts(pen, data),
        text(quarantineUntil === undefined ? t.now : t.quarantine(pen.moment(quarantineUntil))),
        notYou(pen, stopUrl === undefined ? t.notYou : t.notYouStop),
        ...stopLink(pen, stopUrl),
      ],
    };
  },

  device_removed: (data, pen) => {
    const t = pen.t.device_removed;
    return {
      ...t,
      blocks: [
        text(t.intro),
        phoneFacts(pen, data),
        text(t.by[data.by]),
        data.by === 'registry' ? undefined : text(t.again),
        notYou(pen, t.notYou),
      ],
    };
  },

  device_locked: (data, pen) => {
    const t = pen.t.device_locked;
    return {
      ...t,
      blocks: [text(t.intro), phoneFacts(pen, data), text(t.again), notYou(pen, t.notYou)],
    };
  },

  device_frozen: (data, pen) => {
    const t = pen.t.device_frozen;
    return {
      ...t,
      blocks: [text(t.intro), phoneFacts(pen, data), text(t.cause), text(t.again), notYou(pen, t.notYou)],
    };
  },

  pin_changed: (data, pen) => {
    const t = pen.t.pin_changed;
    return {
      ...t,
      blocks: [
        text(t.intro),
        phoneFacts(pen, data),
        data.rollbackUntil === undefined ? undefined : text(t.rollback(pen.time(data.rollbackUntil))),
        notYou(pen, t.notYou),
      ],
    };
  },

  contact_changed: (data, pen) => {
    const t = pen.t.contact_changed;
    return {
      ...t,
      blocks: [
        text(t.changed[data.changed]),
        { type: 'facts', facts: [[pen.t.when, pen.moment(data.at)]] },
        text(t.effective(pen.moment(data.effectiveAt))),
        notYou(pen, t.notYou),
        ...stopLink(pen, data.stopUrl, t.stop),
      ],
    };
  },

  contact_restored: (data, pen) => {
    const t = pen.t.contact_restored;
    return {
      ...t,
      blocks: [
        text(t.intro),
        { type: 'facts', facts: [[pen.t.when, pen.moment(data.at)]] },
        text(t.again),
        notYou(pen, t.notYou),
      ],
    };
  },

  renewal_due: (data, pen) => {
    const t = pen.t.renewal_due;
    return {
      ...t,
      subject: t.subject(data.days),
      blocks: [
        text(t.intro(pen.day(data.dueAt))),
        {
          type: 'facts',
          facts: [
            [pen.t.phone, phoneName(pen, data.deviceName)],
            [t.until, pen.day(data.dueAt)],
          ],
        },
        { type: 'steps', steps: [t.open, t.renew] },
        text(t.after),
        notYou(pen, t.notYou, t.notYours),
      ],
    };
  },

  operator_act: (data, pen) => {
    const t = pen.t.operator_act;
    const facts: Block = {
      type: 'facts',
      facts: [
        [t.act, data.act],
        [t.operator, data.operator],
        [t.reason, plain(data.reason)],
        [pen.t.when, pen.moment(data.at)],
        [t.command, `caducee operators show ${data.id}`],
      ],
    };
    return {
      ...t[data.what],
      blocks: [text(t[data.what].intro), facts, text(t[data.what].then)],
    };
  },

  sign_in_reported: (data, pen) => {
    const t = pen.t.sign_in_reported;
    return {
      ...t,
      blocks: [
        text(t.intro),
        {
          type: 'facts',
          facts: [
            [t.service, plain(data.service)],
            [t.browser, plain(data.browser)],
            [t.place, plain(data.place) || pen.t.unknownPlace],
            [pen.t.when, pen.moment(data.at)],
          ],
        },
        text(t.remember),
        notYou(pen, t.notYou, t.notYouTitle),
      ],
    };
  },
};
