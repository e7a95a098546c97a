import { randomUUID } from 'node:crypto';
import { dayOf } from '../shared/dates.ts';
import type { Database } from '../shared/database.ts';
import { SAMPLE_AUTHOR, samplePeople } from '../shared/sample.ts';
import type { Records } from './records.ts';

/** Fills an empty database with the tests of the invented population; another one is left as it is. */
export const fillWithSample = (db: Database, records: Records, now: Date): void => {
  if (db.one('select 1 from test limit 1')) return;
  db.together(() => {
    for (const { patient, test } of samplePeople(dayOf(now))) {
      if (!test) continue;
      const { sampledOn, positive } = test;
      const result = positive ? 'positive' : 'negative';
      records.record({ id: randomUUID(), patient, kind: 'pcr', result, sampledOn }, SAMPLE_AUTHOR);
    }
  });
};
