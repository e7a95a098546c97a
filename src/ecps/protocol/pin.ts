/** Which PINs are too easy. Judged on the phone alone, since the server never sees one. */

export const PIN_PROBLEMS = [
  'not_digits',
  'too_short',
  'too_long',
  'equal_digits',
  'sequence',
  'repeated',
  'date',
  'identifier_digits',
] as const;
export type PinProblem = (typeof PIN_PROBLEMS)[number];

export interface PinRules {
  readonly minLength: number;
  readonly maxLength: number;
  /** The person's national identifier. */
  readonly nationalId: string;
}

const OLDEST_YEAR = 1925;
const NEWEST_YEAR = 2039;

const isYear = (text: string): boolean => Number(text) >= OLDEST_YEAR && Number(text) <= NEWEST_YEAR;

/** A day and a month that exist in some year: 29 February does, 31 April does not. */
const isDayMonth = (day: string, month: string): boolean => {
  const date = new Date(Date.UTC(2024, Number(month) - 1, Number(day)));
  return Number(month) >= 1 && date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
};

/** JJMM and AAAA; JJMMAA and MMAAAA; JJMMAAAA and AAAAMMJJ. Other lengths hold no whole date. */
const isDate = (pin: string): boolean => {
  const at = (start: number, length: number): string => pin.slice(start, start + length);
  if (pin.length === 4) return isDayMonth(at(0, 2), at(2, 2)) || isYear(pin);
  if (pin.length === 6) {
    return isDayMonth(at(0, 2), at(2, 2)) || (isDayMonth('01', at(0, 2)) && isYear(at(2, 4)));
  }
  if (pin.length !== 8) return false;
  return (
    (isDayMonth(at(0, 2), at(2, 2)) && isYear(at(4, 4))) ||
    (isDayMonth(at(6, 2), at(4, 2)) && isYear(at(0, 4)))
  );
};

/** 1234, 9876, and over the end of the keypad: 7890, 2109. */
const isSequence = (pin: string): boolean =>
  [1, 9].some((step) =>
    Array.from(pin).every(
      (digit, index) => index === 0 || (Number(pin[index - 1]) + step) % 10 === Number(digit),
    ),
  );

const hasPeriod = (pin: string, period: number): boolean =>
  Array.from(pin).every((digit, index) => index < period || pin[index - period] === digit);

/** 4747, 47474, 474747; from six digits on also 123123, 112233; at eight 12341234. Four digits are judged by pairs only. */
const isRepeated = (pin: string): boolean =>
  hasPeriod(pin, 2) ||
  (pin.length >= 6 && hasPeriod(pin, 3)) ||
  (pin.length >= 8 && hasPeriod(pin, 4)) ||
  (pin.length >= 6 && /^(?:(\d)\1)+$/.test(pin));

/**
 * Why a PIN is not accepted, or undefined when it is. The list is short on purpose: doctors are told that they may
 * reuse their card's PIN, which has four digits, and at that length each rule weighs.
 */
export const pinProblem = (pin: string, rules: PinRules): PinProblem | undefined => {
  if (!/^[0-9]*$/.test(pin)) return 'not_digits';
  if (pin.length < rules.minLength) return 'too_short';
  if (pin.length > rules.maxLength) return 'too_long';
  if (hasPeriod(pin, 1)) return 'equal_digits';
  if (isSequence(pin)) return 'sequence';
  if (isRepeated(pin)) return 'repeated';
  if (isDate(pin)) return 'date';
  if (rules.nationalId.includes(pin)) return 'identifier_digits';
  return undefined;
};
