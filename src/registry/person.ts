import { hash } from 'node:crypto';
import { EXERCISE_KEYS, type StoredActivity, type StoredExercise } from './exercise.ts';
import type { LineRecord } from './record.ts';

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

/** True when no further line of this person is taken. */
export const isFull = (person: Person): boolean =>
  person.exercises.length + person.exercises.reduce((sum, { activities }) => sum + activities.length, 0) >=
  MOST_ACTIVITIES;

/** Begins a person with the first line. */
export const beginPerson = (record: LineRecord, line: number): Person => {
  const { nationalId, civility, familyName, givenName, email, phone } = record;
  const person = {
    nationalId,
    line,
    civility,
    familyName,
    givenName,
    towns: [],
    email,
    phone,
    exercises: [],
  };
  addLine(person, record);
  return person;
};

/** Adds one more line of the same person. */
export const addLine = (person: Person, record: LineRecord): void => {
  person.civility ||= record.civility;
  person.familyName ||= record.familyName;
  person.givenName ||= record.givenName;
  person.email ??= record.email;
  person.phone ??= record.phone;
  if (record.activity && record.town !== '' && !person.towns.includes(record.town))
    person.towns.push(record.town);
  if (record.exercise) {
    addExercise(person.exercises, record.exercise, record.activity ? [record.activity] : []);
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

/**
 * Changes whenever something other than the contact details changes; 16 bytes in hexadecimal. `exercises` is their JSON,
 * whose keys follow the order of the key lists, whatever the order of the file's columns.
 */
export const digest = ({ civility, familyName, givenName, towns }: Person, exercises: string): string =>
  hash('sha256', `${JSON.stringify([civility, familyName, givenName, towns])}${exercises}`, 'hex').slice(
    0,
    32,
  );
