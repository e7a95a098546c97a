import { dayAndHour } from './dates.ts';
import { errors as en } from './en/errors.ts';
import type { ErrorFacts, ErrorText, Way } from './error-text.ts';
import { errors as fr } from './fr/errors.ts';
import { common, type Locale } from './index.ts';

export type ErrorCode = keyof typeof fr;

/** True for a code that the catalogue can put into words. */
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(fr, code);

/** What a refusal brings, not yet in words. */
export interface RawFacts {
  retryAfter?: number | undefined;
  triesLeft?: number | undefined;
  availableAt?: Date | undefined;
  ordreUrl: string;
  timeZone: string;
  service?: string | undefined;
}

/** A refusal in plain sentences. */
export const errorText = (
  locale: Locale,
  code: ErrorCode,
  raw: RawFacts,
): { title: string; text: string; action: string } => {
  const entry: ErrorText = (locale === 'en' ? en : fr)[code];
  const facts: ErrorFacts = {
    triesLeft: raw.triesLeft,
    ordreUrl: raw.ordreUrl,
    service: raw.service,
    retryAfter: raw.retryAfter === undefined ? undefined : common(locale).duration(Math.ceil(raw.retryAfter)),
    availableAt:
      raw.availableAt === undefined ? undefined : dayAndHour(raw.availableAt, locale, raw.timeZone),
  };
  const say = (sentence: ErrorText['text']) => (typeof sentence === 'string' ? sentence : sentence(facts));
  return { title: entry.title, text: say(entry.text), action: say(entry.action) };
};

const WAYS: Partial<Record<ErrorCode, readonly Way[]>> = {
  contact_missing: ['ordre', 'help'],
  contact_too_recent: ['ordre', 'help'],
  practitioner_inactive: ['ordre', 'help'],
  identifier_unknown: ['directory', 'help'],
  identifier_check: ['directory', 'help'],
  identifier_malformed: ['directory', 'help'],
  identifier_missing: ['directory', 'help'],
  device_unknown: ['activate', 'help'],
  device_locked: ['activate', 'help'],
  device_frozen: ['activate', 'help'],
  device_expired: ['activate', 'help'],
  device_revoked: ['activate', 'help'],
  signature_invalid: ['activate', 'help'],
  card_not_open: ['activate', 'help'],
  card_person_inactive: ['ordre', 'help'],
};

/** The links that lead on from an error; always at least one. */
export const waysOn = (code: ErrorCode): readonly Way[] =>
  WAYS[code] ?? (code.startsWith('card_') ? ['diagnostic', 'help'] : ['help']);
