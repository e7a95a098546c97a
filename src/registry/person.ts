import { hash } from 'node:crypto';
import { EXERCISE_KEYS, type StoredActivity, type StoredExercise } from './exercise.ts';

/** Nobody practises in more ways than that; a file that says so is damaged. */
export const MOST_ACTIVITIES = 500;

/** What the lines of one person say together, exercices and activities in the order of the file. */
export interface Person {
  nationalId: string;
  /** Line of the file where this person begins. */
  line: number;
  civility: string;
  familyName: string;
  givenName: string;
  towns: string[];
  email: string | null;
  phone: string | null;
  exercises: StoredExercise[];
}

const sameExercise = (a: Partial<StoredExercise>, b: Partial<StoredExercise>): boolean =>
  EXERCISE_KEYS.every((key) => a[key] === b[key]);

const sameActivity = (a: StoredActivity, b: StoredActivity): boolean => {
  const keys = Object.keys(a) as (keyof StoredActivity)[];
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
};

const addExercise = (
  exercises: StoredExercise[],
  exercise: Omit<StoredExercise, 'activities'>,
  activities: readonly StoredActivity[],
): void => {
  let target = exercises.find((known) => sameExercise(known, exercise));
  if (!target) exercises.push((target = { ...exercise, activities: [] }));
  for (const activity of activities) {
    if (!target.activities.some((known) => sameActivity(known, activity))) target.activities.push(activity);
  }
};

/** Joins a later part of the same person (lines that were not consecutive) to the first one. */
export const joinParts = (first: Person, later: Person): void => {
  first.civility ||= later.civility;
  first.familyName ||= later.familyName;
  first.givenName ||= later.givenName;
  first.email ??= later.email;
  first.phone ??= later.phone;
  for (const town of later.towns) if (!first.towns.includes(town)) first.towns.push(town);
  for (const { activities, ...exercise } of later.exercises)
    addExercise(first.exercises, exercise, activities);
};

/** The part of a person's digest that comes before the exercices. */
export const digestHead = (
  civility: string,
  familyName: string,
  givenName: string,
  towns: readonly string[],
): string => JSON.stringify([civility, familyName, givenName, towns]);

/**
 * Changes whenever something other than the contact details changes; 16 bytes in hexadecimal. `practices` is
 * what packed.ts makes of the exercices.
 */
export const digest = ({ civility, familyName, givenName, towns }: Person, practices: string): string =>
  hash('sha256', `${digestHead(civility, familyName, givenName, towns)}${practices}`, 'hex').slice(0, 32);
