/**
 * National identifiers of health professionals (PS_IdNat): a leading digit that says which register, then the
 * number in that register. `8` + RPPS (11 digits), `0` + ADELI (9 characters), `3` + FINESS of the establishment
 * + `/` + internal number, `5` + SIRET of the establishment + `/` + internal number.
 */

export type Register = 'RPPS' | 'ADELI' | 'FINESS' | 'SIRET';

export type Normalized =
  | {
      ok: true;
      nationalId: string;
      /** False: the RPPS number fails its check digit. Some real numbers do, so this warns and never refuses. */
      luhn: boolean;
    }
  | { ok: false; code: 'identifier_malformed' };

const PATTERNS: readonly [Register, RegExp][] = [
  ['RPPS', /^8\d{11}$/],
  ['ADELI', /^0[0-9A-Z]{9}$/],
  ['FINESS', /^3[0-9A-Z]{9}\/[0-9A-Z]{1,19}$/],
  ['SIRET', /^5\d{14}\/[0-9A-Z]{1,14}$/],
];

/** Spaces of every width (and what a copied text hides between digits), dots. */
const IGNORED = /[\s.\u00AD\u180E\u200B-\u200F\u2028-\u202F\u2060-\u2064\uFEFF]/g;

/** Luhn's check (ISO/IEC 7812-1) over a text of digits. */
export const luhn = (digits: string): boolean => {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    const weighted = index % 2 === 0 ? digit : digit * 2;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return digits.length > 0 && sum % 10 === 0;
};

/** The register that an exact national identifier belongs to; undefined when it is not one. */
export const registerOf = (nationalId: string): Register | undefined =>
  PATTERNS.find(([, pattern]) => pattern.test(nationalId))?.[0];

/** False only for an RPPS identifier whose 11 digits fail Luhn's check; the other registers have no check digit. */
export const checkDigitHolds = (nationalId: string): boolean =>
  !nationalId.startsWith('8') || luhn(nationalId.slice(1));

/**
 * What a person typed, to the identifier it means: spaces and dots ignored, letters in capitals, an 11-digit RPPS
 * number preceded by 8. Never throws, whatever the text.
 */
export const normalize = (input: string): Normalized => {
  if (input.length > 200) return { ok: false, code: 'identifier_malformed' };
  const text = input.normalize('NFKC').replace(IGNORED, '').toUpperCase();
  const nationalId = /^\d{11}$/.test(text) ? `8${text}` : text;
  return registerOf(nationalId)
    ? { ok: true, nationalId, luhn: checkDigitHolds(nationalId) }
    : { ok: false, code: 'identifier_malformed' };
};
