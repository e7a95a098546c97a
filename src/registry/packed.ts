import { ACTIVITY_KEYS, EXERCISE_KEYS, type StoredActivity, type StoredExercise } from './exercise.ts';

/**
 * How exercices and activities lie in the database: values in the order of the key lists, parted by control characters
 * that no file contains (they are taken out). A third of the size of the same as JSON, written and read several times faster:
 * at national size that is the difference between a registry that fits in memory and one that does not. See ADR 0019.
 */

/** Between two exercices. */
export const EXERCISE_END = '\u001D';
/** Between an exercice's own values and each of its activities. */
export const ACTIVITY_START = '\u001E';
/** Between two values. */
export const VALUE_END = '\u001F';

/** A value that could not be told from what parts it. */
// oxlint-disable-next-line no-control-regex -- these are the separators
const SEPARATORS = /[\u001D-\u001F]/g;

const packValues = (keys: readonly string[], values: Record<string, unknown>): string => {
  let text = '';
  let missing = '';
  for (const key of keys) {
    const value = values[key];
    if (typeof value === 'string' && value !== '') {
      text += missing + value.replace(SEPARATORS, ' ');
      missing = '';
    }
    missing += VALUE_END;
  }
  return text;
};

/** One exercice without its activities. */
export const packExercise = (exercise: Partial<StoredExercise>): string =>
  packValues(EXERCISE_KEYS, exercise);

export const packActivity = (activity: StoredActivity): string => packValues(ACTIVITY_KEYS, activity);

/** All of a person's exercices, in order. */
export const packExercises = (exercises: readonly StoredExercise[]): string =>
  exercises
    .map((exercise) =>
      [packExercise(exercise), ...exercise.activities.map(packActivity)].join(ACTIVITY_START),
    )
    .join(EXERCISE_END);

const unpackValues = <K extends string>(keys: readonly K[], text: string): Partial<Record<K, string>> => {
  const values: Partial<Record<K, string>> = {};
  for (const [index, value] of text.split(VALUE_END).entries()) {
    const key = keys[index];
    if (key !== undefined && value !== '') values[key] = value;
  }
  return values;
};

/** The inverse of {@link packExercises}. An exercice always has a value of its own or an activity, so "" is none. */
export const unpackExercises = (text: string): StoredExercise[] =>
  text === ''
    ? []
    : text.split(EXERCISE_END).map((packed) => {
        const [head = '', ...activities] = packed.split(ACTIVITY_START);
        return {
          ...unpackValues(EXERCISE_KEYS, head),
          activities: activities.map((activity) => unpackValues(ACTIVITY_KEYS, activity)),
        };
      });
