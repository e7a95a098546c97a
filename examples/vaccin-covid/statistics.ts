import { addDays, dayOf, mondayOf } from '../shared/dates.ts';
import type { Database } from '../shared/database.ts';
import type { Dataset } from '../shared/open-data.ts';
import { discreet } from '../shared/open-data.ts';
import { AGE_BANDS, type AgeBand, ageBandOn, departmentOf } from '../shared/patient.ts';
import { POPULATION } from '../shared/sample.ts';

/** The figures of the campaign. Cancelled records count nowhere. */

/** Coverage of one group: how many people there are, and how many had one dose, and two, at least. */
export interface Coverage {
  group: string;
  population: number;
  one: number;
  two: number;
}

export interface Statistics {
  injections: number;
  people: number;
  complete: number;
  lastWeek: number;
  weeks: { week: string; injections: number }[];
  byAge: Coverage[];
  byPlace: Coverage[];
}

const WEEKS = 12;

interface Person {
  birth_date: string;
  postal_code: string;
  doses: number;
}

const people = (db: Database): Person[] =>
  db.all<Person>(
    `select p.birth_date, p.postal_code, max(count(*), max(v.dose)) doses
       from patient p join vaccination v on v.patient_id = p.id
      where v.cancelled_at is null group by p.id`,
  );

const byWeek = (db: Database, today: string): Statistics['weeks'] => {
  const first = addDays(mondayOf(today), -7 * (WEEKS - 1));
  const counted = new Map(
    db
      .all<{ week: string; n: number }>(
        `select date(injected_on, 'weekday 0', '-6 days') week, count(*) n from vaccination
          where cancelled_at is null and injected_on >= ? group by week`,
        first,
      )
      .map(({ week, n }) => [week, n]),
  );
  return Array.from({ length: WEEKS }, (_, index) => {
    const week = addDays(first, index * 7);
    return { week, injections: counted.get(week) ?? 0 };
  });
};

const coverage = (
  group: string,
  population: number,
  members: readonly Pick<Person, 'doses'>[],
): Coverage => ({
  group,
  population,
  one: members.length,
  two: members.filter(({ doses }) => doses >= 2).length,
});

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Computes all of it from the records as they are. */
export const computeStatistics = (db: Database, now: Date): Statistics => {
  const today = dayOf(now);
  const all = people(db).map(({ birth_date: birth, postal_code: code, doses }) => ({
    doses,
    band: ageBandOn(birth, today),
    department: departmentOf(code),
  }));
  const resident = all.filter(({ department }) => Object.hasOwn(POPULATION, department));
  const ofAge = (band: AgeBand) => sum(Object.values(POPULATION).map((ages) => ages[band]));
  const count = (since: string) =>
    db.one<{ n: number }>(
      'select count(*) n from vaccination where cancelled_at is null and injected_on >= ?',
      since,
    )?.n ?? 0;
  return {
    injections: count('0000'),
    people: all.length,
    complete: all.filter(({ doses }) => doses >= 2).length,
    lastWeek: count(addDays(today, -6)),
    weeks: byWeek(db, today),
    byAge: AGE_BANDS.map((band) =>
      coverage(
        band,
        ofAge(band),
        resident.filter((one) => one.band === band),
      ),
    ),
    byPlace: Object.entries(POPULATION).map(([department, ages]) =>
      coverage(
        department,
        sum(Object.values(ages)),
        resident.filter((one) => one.department === department),
      ),
    ),
  };
};

const coverageRows = (kind: 'age' | 'department', rows: readonly Coverage[]) =>
  rows.map(({ group, population, one, two }) => ({
    by: kind,
    group,
    population,
    at_least_one_dose: discreet(one),
    at_least_two_doses: discreet(two),
    coverage: discreet(one) === null ? null : Math.round((one / population) * 1000) / 1000,
  }));

/** The same as open data. */
export const injectionsData = ({ weeks }: Statistics): Dataset => ({
  name: 'injections',
  columns: ['week', 'injections'],
  rows: weeks,
});

export const coverageData = ({ byAge, byPlace }: Statistics): Dataset => ({
  name: 'couverture',
  columns: ['by', 'group', 'population', 'at_least_one_dose', 'at_least_two_doses', 'coverage'],
  rows: [...coverageRows('age', byAge), ...coverageRows('department', byPlace)],
});
