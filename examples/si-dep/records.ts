import { addDays, dayOf, mondayOf } from '../shared/dates.ts';
import type { Database } from '../shared/database.ts';
import type { Dataset } from '../shared/open-data.ts';
import { type Patient, matchKey, pseudonym } from '../shared/patient.ts';
import type { Author, Signer } from '../shared/signature.ts';

/** The test results: one function for each query. A result is never changed; it is cancelled. */

export const RECORDS_SCHEMA = `
  create table test (
    id text primary key,
    match_key text not null,
    family_name text not null,
    given_name text not null,
    birth_date text not null,
    postal_code text not null,
    kind text not null check (kind in ('pcr', 'antigen')),
    result text not null check (result in ('positive', 'negative', 'unclear')),
    sampled_on text not null,
    author text not null,
    author_name text not null,
    author_profession text not null,
    author_acr text not null,
    recorded_at text not null,
    cancelled_at text,
    signature text not null
  ) strict;
  create index test_author on test (author, recorded_at);
  create index test_day on test (sampled_on)`;

export const RECORD_DAYS = 90;
const SHOWN = 100;
const WEEKS = 8;

export const KINDS = ['pcr', 'antigen'] as const;
export type Kind = (typeof KINDS)[number];
export const RESULTS = ['negative', 'positive', 'unclear'] as const;
export type Result = (typeof RESULTS)[number];

export interface Draft {
  /** Made with the form, so that a form sent twice is one record. */
  id: string;
  patient: Patient;
  kind: Kind;
  result: Result;
  sampledOn: string;
}

export interface Test {
  id: string;
  match_key: string;
  family_name: string;
  given_name: string;
  birth_date: string;
  postal_code: string;
  kind: Kind;
  result: Result;
  sampled_on: string;
  author: string;
  author_name: string;
  author_profession: string;
  author_acr: string;
  recorded_at: string;
  cancelled_at: string | null;
  signature: string;
}

/** What happened to a form: recorded, recorded already, or its number belongs to somebody else's record. */
export type Recorded = 'recorded' | 'already' | 'refused';

const signedValues = ({ signature: _signature, ...values }: Test) => values;

const insert = (db: Database, row: Test): void => {
  db.run(
    `insert into test (id, match_key, family_name, given_name, birth_date, postal_code, kind, result, sampled_on,
       author, author_name, author_profession, author_acr, recorded_at, signature)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.id,
    row.match_key,
    row.family_name,
    row.given_name,
    row.birth_date,
    row.postal_code,
    row.kind,
    row.result,
    row.sampled_on,
    row.author,
    row.author_name,
    row.author_profession,
    row.author_acr,
    row.recorded_at,
    row.signature,
  );
};

const rowOf = ({ id, patient, kind, result, sampledOn }: Draft, author: Author, now: Date): Test => ({
  id,
  match_key: matchKey(patient),
  family_name: patient.familyName,
  given_name: patient.givenName,
  birth_date: patient.birthDate,
  postal_code: patient.postalCode,
  kind,
  result,
  sampled_on: sampledOn,
  author: author.nationalId,
  author_name: author.name,
  author_profession: author.profession,
  author_acr: author.acr,
  recorded_at: now.toISOString(),
  cancelled_at: null,
  signature: '',
});

export interface Week {
  week: string;
  tests: number;
  positive: number;
}

/** The results of one service. */
export const createRecords = (db: Database, { signer, now }: { signer: Signer; now: () => Date }) => {
  const find = (id: string): Test | undefined => db.one<Test>('select * from test where id = ?', id);
  return {
    find,
    record: (draft: Draft, author: Author): Recorded =>
      db.together(() => {
        const before = find(draft.id);
        if (before) return before.author === author.nationalId ? 'already' : 'refused';
        const row = rowOf(draft, author, now());
        insert(db, { ...row, signature: signer.sign(signedValues(row)) });
        return 'recorded';
      }),

    cancel: (id: string, nationalId: string): boolean =>
      db.together(() => {
        const row = find(id);
        if (!row || row.author !== nationalId || row.cancelled_at !== null) return false;
        const after = { ...row, cancelled_at: now().toISOString() };
        const signature = signer.sign(signedValues(after));
        return (
          db.run(
            'update test set cancelled_at = ?, signature = ? where id = ?',
            after.cancelled_at,
            signature,
            id,
          ) === 1
        );
      }),

    /** What one person signed, newest first. */
    list: (nationalId: string): Test[] =>
      db.all<Test>(
        `select * from test where author = ? order by recorded_at desc, id limit ${SHOWN}`,
        nationalId,
      ),

    /** True when the row is still what its author signed. */
    holds: (row: Test): boolean => signer.verify(signedValues(row), row.signature),

    /** Tests and positive ones, week by week. */
    weeks: (): Week[] => {
      const first = addDays(mondayOf(dayOf(now())), -7 * (WEEKS - 1));
      const found = new Map(
        db
          .all<Week>(
            `select date(sampled_on, 'weekday 0', '-6 days') week, count(*) tests, sum(result = 'positive') positive
               from test where cancelled_at is null and sampled_on >= ? group by week`,
            first,
          )
          .map((row) => [row.week, row]),
      );
      return Array.from({ length: WEEKS }, (_, index) => {
        const week = addDays(first, index * 7);
        return found.get(week) ?? { week, tests: 0, positive: 0 };
      });
    },

    /** The results under pseudonyms, for the one service that has the key. */
    joined: (key: string) =>
      db
        .all<Pick<Test, 'match_key' | 'sampled_on' | 'result'>>(
          "select match_key, sampled_on, result from test where cancelled_at is null and result <> 'unclear'",
        )
        .map(({ match_key: match, ...rest }) => ({ pseudonym: pseudonym(key, match), ...rest })),

    /** Erases what is older than the 90 days it is kept. */
    purge: (): number => db.run('delete from test where sampled_on < ?', addDays(dayOf(now()), -RECORD_DAYS)),
  };
};

export type Records = ReturnType<typeof createRecords>;

/** The weeks as open data. */
export const testsData = (weeks: readonly Week[]): Dataset => ({
  name: 'tests',
  columns: ['week', 'tests', 'positive', 'positivity'],
  rows: weeks.map(({ week, tests, positive }) => ({
    week,
    tests,
    positive,
    positivity: tests === 0 ? null : Math.round((positive / tests) * 1000) / 1000,
  })),
});
