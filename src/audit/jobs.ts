import type { Clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { Job } from '../platform/jobs.ts';
import type { Log } from '../platform/log.ts';
import type { Database } from '../platform/postgres.ts';
import type { Config } from '../config.ts';
import { listUnexported, makeCheckpoint, noteExported, type Checkpoint } from './checkpoint.ts';
import { createAuditKey, type AuditKey } from './key.ts';
import { addMonths } from './partitions.ts';
import { createPlaces, type Place, type PlacesConfig } from './places.ts';
import { pruneAudit } from './prune.ts';
import { createAudit } from './record.ts';
import { sealAudit } from './seal.ts';

export interface AuditJobsDeps {
  config: PlacesConfig & Pick<Config, 'auditCheckpointSeconds' | 'auditRetentionMonths'>;
  db: Database;
  keyring: KeyRing;
  clock: Clock;
  log: Pick<Log, 'error' | 'info'>;
  /** Where checkpoints go that are sent to `stdout`. */
  stdout: NodeJS.WritableStream;
}

/** Checkpoints sent to one place in one run; a place that was away for long catches up in several. */
const BATCH = 500;

/** Sends each place what it has not received; returns what went wrong, by place. */
export const exportCheckpoints = async (
  db: Database,
  places: readonly Place[],
): Promise<Map<string, Error>> => {
  const failures = new Map<string, Error>();
  for (const place of places) {
    try {
      for (const checkpoint of await listUnexported(db, place.name, BATCH)) {
        await place.send(checkpoint);
        await noteExported(db, checkpoint.number, place.name);
      }
    } catch (error) {
      failures.set(place.name, error instanceof Error ? error : new Error(String(error)));
    }
  }
  return failures;
};

/** Makes a checkpoint of what is sealed and sends it; throws, after trying every place, when one could not be reached. */
export const runCheckpoint = async (
  db: Database,
  deps: { key: AuditKey; clock: Clock; places: readonly Place[] },
): Promise<Checkpoint | undefined> => {
  await sealAudit(db);
  const made = await makeCheckpoint(db, deps);
  const failures = await exportCheckpoints(db, deps.places);
  if (failures.size > 0) {
    const told = [...failures].map(([place, error]) => `${place}: ${error.message}`).join('; ');
    throw new AggregateError([...failures.values()], `checkpoints could not be sent: ${told}`);
  }
  return made;
};

const prune = async (deps: AuditJobsDeps, key: AuditKey, months: number): Promise<void> => {
  const { db, clock, log } = deps;
  for (const pruned of await pruneAudit(db, months, { key, clock, audit: createAudit({ clock }) })) {
    if ('kept' in pruned) log.error(pruned, 'a month of the audit could not be dropped');
    else log.info(pruned, 'a month of the audit was dropped for its age');
  }
};

/** What the audit does by itself: seal, make months, sign and send checkpoints, drop what is too old. */
export const createAuditJobs = async (deps: AuditJobsDeps): Promise<Job[]> => {
  const { config, db, clock } = deps;
  const key = await createAuditKey(deps.keyring);
  const places = createPlaces(config, deps);
  const months = config.auditRetentionMonths;
  return [
    { name: 'audit-seal', everySeconds: 1, run: () => sealAudit(db) },
    { name: 'audit-months', everySeconds: 3600, run: () => addMonths(db, { clock }) },
    {
      name: 'audit-checkpoint',
      everySeconds: config.auditCheckpointSeconds,
      run: () => runCheckpoint(db, { key, clock, places }),
    },
    ...(months === undefined
      ? []
      : [{ name: 'audit-prune', everySeconds: 6 * 3600, run: () => prune(deps, key, months) }]),
  ];
};
