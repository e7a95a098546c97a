import { randomUUID } from 'node:crypto';
import { dayOf } from '../shared/dates.ts';
import type { Database } from '../shared/database.ts';
import { SAMPLE_AUTHOR, createDice, samplePeople } from '../shared/sample.ts';
import type { Records } from './records.ts';
import { SITES, type Site, VACCINES, type Vaccine } from './vaccines.ts';

const VACCINE_NAMES = Object.keys(VACCINES) as Vaccine[];
const SITE_NAMES = Object.keys(SITES) as Site[];

/** Fills an empty database with the injections of the invented population; another one is left as it is. */
export const fillWithSample = (db: Database, records: Records, now: Date): void => {
  if (db.one('select 1 from patient limit 1')) return;
  const dice = createDice(27);
  db.together(() => {
    for (const { patient, injections } of samplePeople(dayOf(now))) {
      const vaccine = VACCINE_NAMES[Math.floor(dice() ** 2 * VACCINE_NAMES.length)] ?? 'comirnaty';
      const site = SITE_NAMES[Math.floor(dice() ** 3 * SITE_NAMES.length)] ?? 'left_arm';
      for (const injectedOn of injections) {
        const lot = `EJ${6700 + Math.floor(dice() * 90)}`;
        const draft = {
          id: randomUUID(),
          patient,
          vaccine,
          site,
          lot,
          injectedOn,
          dose: undefined,
          place: '',
        };
        records.record(draft, SAMPLE_AUTHOR);
      }
    }
  });
};
