import { normalizeEmail, normalizePhone } from './contact-value.ts';
import {
  ACTIVITY_KEYS,
  EXERCISE_KEYS,
  type ActivityKey,
  type ExerciseKey,
  type StoredActivity,
  type StoredExercise,
} from './exercise.ts';
import type { Plan } from './header.ts';
import type { Field } from './layouts.ts';
import { checkDigitHolds, registerOf } from './national-id.ts';

/** Why one line is refused, alone. */
export type RefusalReason =
  | 'line_too_long'
  | 'nul_byte'
  | 'wrong_number_of_columns'
  | 'identifier_malformed'
  | 'identifier_mismatch'
  | 'too_many_lines';

/** What is accepted, and told. */
export type WarningCode = 'luhn' | 'email_malformed' | 'phone_malformed';

/** One line of the file; `text` is undefined when it is too long to be one. */
export interface Line {
  number: number;
  text: string | undefined;
}

/** What one line says. */
export interface LineRecord {
  nationalId: string;
  civility: string;
  familyName: string;
  givenName: string;
  town: string;
  /** null: none declared, or none that could be used. */
  email: string | null;
  phone: string | null;
  /** Without activities; undefined when the line names neither a profession nor an activity. */
  exercise: Omit<StoredExercise, 'activities'> | undefined;
  activity: StoredActivity | undefined;
  warnings: WarningCode[];
}

export type Parsed =
  | { ok: true; record: LineRecord }
  | {
      ok: false;
      reason: RefusalReason;
      /** The person it speaks of, if that much can be read. */
      nationalId?: string | undefined;
    };

const SAYS_NOTHING = new Set<ActivityKey>(['autoriteDenregistrement', 'codePays']);
const MAKES_EXERCISE = new Set<ExerciseKey>([
  'codeProfession',
  'codeCategorieProfessionnelle',
  'codeTypeSavoirFaire',
  'codeSavoirFaire',
]);

/** What every structure in France has does not make an activity by itself. */
export const saysNothing = (key: ActivityKey): boolean => SAYS_NOTHING.has(key);

/** Whether a value of this key makes an exercice by itself; names and titles do not. */
export const makesExercise = (key: ExerciseKey): boolean => MAKES_EXERCISE.has(key);

/** The cells of a line, if they are as many as the header announces. */
const split = (text: string, plan: Plan): string[] | undefined => {
  const cells = text.split('|');
  const endsEmpty = cells.at(-1)?.trim() === '';
  if (cells.length === plan.columns + 1) return endsEmpty ? cells : undefined;
  // Without the separator that the header ends with, an empty last cell may be that separator after a lost column.
  return cells.length === plan.columns && !(plan.trailing && endsEmpty) ? cells : undefined;
};

const readableId = (text: string, plan: Plan): string | undefined => {
  const position = plan.position.nationalId ?? 0;
  const candidate = text
    .split('|', position + 1)
    .at(position)
    ?.trim();
  return candidate !== undefined && registerOf(candidate) ? candidate : undefined;
};

const pick = <K extends Field>(
  keys: readonly K[],
  cell: (field: Field) => string,
): Partial<Record<K, string>> => {
  const picked: Partial<Record<K, string>> = {};
  for (const key of keys) {
    const value = cell(key);
    if (value !== '') picked[key] = value;
  }
  return picked;
};

/** "75009 PARIS 09" and "PARIS CEDEX 9" are written on letters; the town is what a person would say. */
export const townOf = (label: string, office: string): string =>
  label ||
  office
    .replace(/^\s*\d[\dAB]\d{3}\s+/i, '')
    .replace(/\s+CEDEX.*$/i, '')
    .trim();

const readActivity = (cell: (field: Field) => string): StoredActivity | undefined => {
  const activity = pick(ACTIVITY_KEYS, cell);
  const says = (Object.keys(activity) as ActivityKey[]).some((key) => !saysNothing(key));
  return says ? activity : undefined;
};

const readContact = (
  value: string,
  normalize: (value: string) => string | undefined,
  warn: () => void,
): string | null => {
  if (value === '') return null;
  const normal = normalize(value);
  if (normal === undefined) warn();
  return normal ?? null;
};

const read = (cell: (field: Field) => string, nationalId: string): LineRecord => {
  const warnings: WarningCode[] = checkDigitHolds(nationalId) ? [] : ['luhn'];
  const exercise = pick(EXERCISE_KEYS, cell);
  const activity = readActivity(cell);
  return {
    nationalId,
    civility: cell('civility'),
    familyName: exercise.nomDexercice ?? cell('familyName'),
    givenName: exercise.prenomDexercice ?? cell('givenName'),
    town: townOf(cell('town'), cell('bureauCedex')),
    email: readContact(cell('email'), normalizeEmail, () => warnings.push('email_malformed')),
    phone: readContact(cell('phone'), normalizePhone, () => warnings.push('phone_malformed')),
    exercise:
      activity || [...MAKES_EXERCISE].some((key) => exercise[key] !== undefined) ? exercise : undefined,
    activity,
    warnings,
  };
};

/** Reads one line by the header's plan. Never throws: a line that cannot be read says why. */
export const parseLine = ({ text }: Line, plan: Plan): Parsed => {
  if (text === undefined) return { ok: false, reason: 'line_too_long' };
  if (text.includes('\0')) return { ok: false, reason: 'nul_byte', nationalId: readableId(text, plan) };
  const cells = split(text, plan);
  if (!cells) return { ok: false, reason: 'wrong_number_of_columns', nationalId: readableId(text, plan) };
  const cell = (field: Field): string => {
    const position = plan.position[field];
    return position === undefined ? '' : (cells[position] ?? '').trim();
  };
  const nationalId = cell('nationalId');
  if (!registerOf(nationalId)) return { ok: false, reason: 'identifier_malformed' };
  const [type, number] = [cell('idType'), cell('idNumber')];
  if (type !== '' && number !== '' && `${type}${number}` !== nationalId) {
    return { ok: false, reason: 'identifier_mismatch', nationalId };
  }
  return { ok: true, record: read(cell, nationalId) };
};
