import * as z from 'zod';
import { Refusal } from '../../http/errors.ts';
import { wordsOf } from '../words.ts';
import { fold } from '../../registry/fold.ts';
import type { NameWalk, Narrowing } from './repository.ts';
import { IDNPS, NOS, RPPS } from './systems.ts';

/** Search parameters of FHIR: read, checked, and refused with what is wrong. */

/** What a person of a search is looked for by. `diagnostics` says which parameter is wrong, and why. */
export const wrong = (
  code: 'fhir_parameter_invalid' | 'fhir_parameter_unsupported',
  detail: string,
): Refusal => new Refusal(code, 400, { detail });

export const DEFAULT_COUNT = 20;
export const MOST_COUNT = 100;

/** Parameters of every search. */
const COMMON = ['_count', '_cursor', '_format'];

export type Parameters = ReadonlyMap<string, string>;

/** Each known parameter once; an unknown one, or one twice, is refused rather than ignored. */
export const readParameters = (given: URLSearchParams, known: readonly string[]): Parameters => {
  const found = new Map<string, string>();
  for (const [name, value] of given) {
    if (name === '_lastUpdated' && known.includes(name)) {
      found.set(name, [found.get(name), value].filter(Boolean).join(' '));
      continue;
    }
    if (!known.includes(name) && !COMMON.includes(name)) {
      throw wrong('fhir_parameter_unsupported', `the parameter ${name} is not supported here`);
    }
    if (found.has(name)) throw wrong('fhir_parameter_unsupported', `the parameter ${name} is repeated`);
    if (value === '') continue;
    found.set(name, value.slice(0, 4000));
  }
  return found;
};

export const readCount = (parameters: Parameters): number => {
  const text = parameters.get('_count');
  if (text === undefined) return DEFAULT_COUNT;
  if (!/^\d{1,6}$/.test(text) || Number(text) === 0) {
    throw wrong('fhir_parameter_invalid', '_count is a number from 1');
  }
  return Math.min(Number(text), MOST_COUNT);
};

/** `system|code`, `|code` or `code`. */
export const readToken = (text: string): { system: string | undefined; code: string } => {
  const at = text.indexOf('|');
  return at === -1
    ? { system: undefined, code: text }
    : { system: text.slice(0, at), code: text.slice(at + 1) };
};

const PERIOD =
  /^(eq|ge|gt|le|lt)?(\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?)$/;

/** `_lastUpdated=ge2026-01-01&_lastUpdated=lt2026-02-01`. */
export const readUpdated = (parameters: Parameters): Pick<Narrowing, 'since' | 'until'> => {
  const period: { since: Date | undefined; until: Date | undefined } = { since: undefined, until: undefined };
  for (const text of (parameters.get('_lastUpdated') ?? '').split(' ').filter(Boolean)) {
    const [, prefix = 'eq', instant = ''] = PERIOD.exec(text) ?? [];
    const at = new Date(instant);
    if (Number.isNaN(at.getTime())) {
      throw wrong(
        'fhir_parameter_invalid',
        '_lastUpdated is ge, gt, le or lt and a date or an instant with its zone',
      );
    }
    const length = instant.includes('T') ? 1 : 86_400_000;
    const end = new Date(at.getTime() + length);
    if (prefix === 'ge' || prefix === 'eq') period.since = at;
    if (prefix === 'gt') period.since = end;
    if (prefix === 'lt') period.until = at;
    if (prefix === 'le' || prefix === 'eq') period.until = end;
  }
  return period;
};

export const readActive = (parameters: Parameters): boolean | undefined => {
  const text = parameters.get('active');
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false') throw wrong('fhir_parameter_invalid', 'active is true or false');
  return text === 'true';
};

const uuidSchema = z.guid();

/** `Practitioner/id` or `id`; several parted by commas. Ids that are none of ours are nobody's. */
export const readIds = (text: string, type?: string): string[] =>
  text
    .split(',')
    .map((one) => (type !== undefined && one.startsWith(`${type}/`) ? one.slice(type.length + 1) : one))
    .filter((one) => uuidSchema.safeParse(one).success)
    .slice(0, MOST_COUNT);

/** National identifiers that a token names: whole, or the RPPS number alone. */
export const readIdentifiers = (text: string): string[] =>
  text
    .split(',')
    .slice(0, MOST_COUNT)
    .flatMap((one) => {
      const { system, code } = readToken(one);
      if (system === RPPS) return /^\d{11}$/.test(code) ? [`8${code}`] : [];
      if (system === IDNPS) return [code];
      if (system !== undefined && system !== '') return [];
      return /^\d{11}$/.test(code) ? [`8${code}`, code] : [code];
    });

/** A profession's code, in its own system or in none. */
export const readProfession = (text: string | undefined): string | undefined => {
  if (text === undefined) return undefined;
  const { system, code } = readToken(text);
  if (system !== undefined && system !== '' && system !== NOS.profession) {
    throw wrong('fhir_parameter_unsupported', `codes are searched in ${NOS.profession}`);
  }
  return code;
};

/** `family`, `family:exact` and `given`. */
export const readName = (parameters: Parameters): NameWalk | undefined => {
  const exact = parameters.get('family:exact');
  const family = exact ?? parameters.get('family') ?? parameters.get('name');
  const given = wordsOf(fold(parameters.get('given') ?? '')).map((word) => ` ${word}`);
  if (family === undefined) {
    if (given.length > 0) {
      throw wrong('fhir_parameter_unsupported', 'given is searched together with family');
    }
    return undefined;
  }
  const joined = wordsOf(fold(family)).join('');
  if (joined === '') throw wrong('fhir_parameter_invalid', 'family has no letter');
  return { joined, exact: exact !== undefined, given };
};
