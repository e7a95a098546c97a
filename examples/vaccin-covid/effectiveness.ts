import { addDays } from '../shared/dates.ts';
import type { Database } from '../shared/database.ts';
import type { Dataset } from '../shared/open-data.ts';
import { SMALLEST, discreet } from '../shared/open-data.ts';
import { joinToken, pseudonym } from '../shared/patient.ts';
import { PROTECTED_AFTER_DAYS } from './vaccines.ts';

/**
 * How well the vaccine protects, from the results of SI-DEP: the test-negative design. Among people who were tested, it
 * compares the odds of being vaccinated in those who were positive and those who were not.
 */

/** A result as SI-DEP tells it to this service. */
export interface TestResult {
  pseudonym: string;
  sampled_on: string;
  result: 'positive' | 'negative';
}

/** How many people of each kind were tested. */
export interface Cells {
  vaccinatedPositive: number;
  vaccinatedNegative: number;
  unvaccinatedPositive: number;
  unvaccinatedNegative: number;
}

export interface Effectiveness {
  cells: Cells;
  /** 1 less the odds ratio, with its 95% interval; undefined when a cell holds too few people. */
  estimate: { value: number; low: number; high: number } | undefined;
}

/** One test a person: the first positive one, or else the latest negative. */
export const onePerPerson = (results: readonly TestResult[]): TestResult[] => {
  const kept = new Map<string, TestResult>();
  for (const result of results) {
    const before = kept.get(result.pseudonym);
    const better =
      before === undefined ||
      (result.result === before.result
        ? result.sampled_on < before.sampled_on === (result.result === 'positive')
        : result.result === 'positive');
    if (better) kept.set(result.pseudonym, result);
  }
  return [...kept.values()];
};

/** Counts people by status on the day of their test; between the injection and its effect they count nowhere. */
export const countCells = (
  results: readonly TestResult[],
  firstInjection: ReadonlyMap<string, string>,
): Cells => {
  const cells: Cells = {
    vaccinatedPositive: 0,
    vaccinatedNegative: 0,
    unvaccinatedPositive: 0,
    unvaccinatedNegative: 0,
  };
  for (const { pseudonym: who, sampled_on: day, result } of onePerPerson(results)) {
    const injected = firstInjection.get(who);
    const outcome = result === 'positive' ? 'Positive' : 'Negative';
    if (injected === undefined || injected > day) cells[`unvaccinated${outcome}`] += 1;
    else if (addDays(injected, PROTECTED_AFTER_DAYS) <= day) cells[`vaccinated${outcome}`] += 1;
  }
  return cells;
};

/** The estimate with Woolf's interval. */
export const estimate = (cells: Cells): Effectiveness => {
  const {
    vaccinatedPositive: a,
    vaccinatedNegative: b,
    unvaccinatedPositive: c,
    unvaccinatedNegative: d,
  } = cells;
  if (Math.min(a, b, c, d) < SMALLEST) return { cells, estimate: undefined };
  const ratio = (a * d) / (b * c);
  const spread = Math.exp(1.96 * Math.sqrt(1 / a + 1 / b + 1 / c + 1 / d));
  return { cells, estimate: { value: 1 - ratio, low: 1 - ratio * spread, high: 1 - ratio / spread } };
};

const firstInjections = (db: Database, key: string): Map<string, string> =>
  new Map(
    db
      .all<{ match_key: string; first: string }>(
        `select p.match_key, min(v.injected_on) first from vaccination v join patient p on p.id = v.patient_id
          where v.cancelled_at is null group by p.id`,
      )
      .map(({ match_key: match, first }) => [pseudonym(key, match), first]),
  );

const isResult = (value: unknown): value is TestResult => {
  if (typeof value !== 'object' || value === null) return false;
  const { pseudonym: who, sampled_on: day, result } = value as Record<string, unknown>;
  return (
    typeof who === 'string' && typeof day === 'string' && (result === 'positive' || result === 'negative')
  );
};

/** Where SI-DEP is, and the key that both services have. */
export interface Join {
  siDep: string;
  key: string;
}

const fetchResults = async ({ siDep, key }: Join): Promise<TestResult[]> => {
  const response = await fetch(`${siDep}/rapprochement`, {
    // A rare call: no connection is kept, which SI-DEP may have closed meanwhile.
    headers: { authorization: `Bearer ${joinToken(key)}`, connection: 'close' },
    redirect: 'error',
    signal: AbortSignal.timeout(3000),
  });
  if (!response.ok) throw new Error(`SI-DEP answered ${response.status}`);
  const body: unknown = await response.json();
  const results: unknown =
    typeof body === 'object' && body !== null ? (body as { results?: unknown }).results : [];
  if (!Array.isArray(results)) throw new Error('SI-DEP answered something else');
  return results.filter(isResult);
};

/** A public page must not make SI-DEP work at every visit. */
const REMEMBERED_MS = 5000;

/** Asks SI-DEP and joins; undefined, and the reason to `onError`, when it does not answer. */
export const createEffectiveness = (
  db: Database,
  join: Join | undefined,
  onError: (error: unknown) => void,
): (() => Promise<Effectiveness | undefined>) => {
  let last: { at: number; found: Promise<Effectiveness | undefined> } | undefined;
  const ask = async (source: Join): Promise<Effectiveness | undefined> => {
    try {
      return estimate(countCells(await fetchResults(source), firstInjections(db, source.key)));
    } catch (error) {
      onError(error);
      return undefined;
    }
  };
  return async () => {
    if (!join) return undefined;
    const at = performance.now();
    if (!last || at - last.at > REMEMBERED_MS) last = { at, found: ask(join) };
    return last.found;
  };
};

const rounded = (value: number | undefined): number | null =>
  value === undefined ? null : Math.round(value * 1000) / 1000;

/** The same as open data; without an answer of SI-DEP, no row. */
export const effectivenessData = (found: Effectiveness | undefined): Dataset => ({
  name: 'efficacite',
  columns: [
    'vaccinated_positive',
    'vaccinated_negative',
    'unvaccinated_positive',
    'unvaccinated_negative',
    'effectiveness',
    'low_95',
    'high_95',
  ],
  rows: found
    ? [
        {
          vaccinated_positive: discreet(found.cells.vaccinatedPositive),
          vaccinated_negative: discreet(found.cells.vaccinatedNegative),
          unvaccinated_positive: discreet(found.cells.unvaccinatedPositive),
          unvaccinated_negative: discreet(found.cells.unvaccinatedNegative),
          effectiveness: rounded(found.estimate?.value),
          low_95: rounded(found.estimate?.low),
          high_95: rounded(found.estimate?.high),
        },
      ]
    : [],
});
