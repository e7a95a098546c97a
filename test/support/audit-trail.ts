import { createAuditKey, type AuditKey } from '../../src/audit/key.ts';
import { makeCheckpoint, type Checkpoint } from '../../src/audit/checkpoint.ts';
import { eventHash } from '../../src/audit/chain.ts';
import { addMonths } from '../../src/audit/partitions.ts';
import { createAudit, type Audit } from '../../src/audit/record.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import { verifyAudit, type Finding } from '../../src/audit/verify.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { createKeyRing, type KeyRing } from '../../src/platform/crypto.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { testDatabase } from './services.ts';

/** An audit trail over several months, with a clock that tests move. */
export interface Trail {
  db: Database;
  clock: ManualClock;
  audit: Audit;
  keyring: KeyRing;
  key: AuditKey;
  /** Events one after the other, not sealed. */
  record(count: number, name?: string): Promise<void>;
  seal(): Promise<number>;
  checkpoint(): Promise<Checkpoint>;
  findings(checkpoints?: readonly string[]): Promise<Finding[]>;
  /** What someone does who has the database's password and switches its guards off. */
  tamper(...statements: string[]): Promise<void>;
  /** Gives an event the hash that its content would have, as a careful forger does. */
  rehash(id: number): Promise<void>;
  /** In which partition each event is, by place. */
  partitions(): Promise<Record<string, number[]>>;
}

export const MASTER = Buffer.alloc(32, 7);

/** An empty trail at an instant that is after this month, so that every month has a partition of its own. */
export const startTrail = async (at = '2040-01-20T12:00:00Z'): Promise<Trail> => {
  const { db } = await testDatabase();
  const clock = new ManualClock(at);
  const audit = createAudit({ clock });
  const keyring = createKeyRing(MASTER);
  const key = await createAuditKey(keyring);
  await addMonths(db, { clock });
  const tamper: Trail['tamper'] = (...statements) =>
    db.transaction(async (tx) => {
      await tx.query('SET LOCAL session_replication_role = replica');
      for (const statement of statements) await tx.query(statement);
    });
  return {
    ...{ db, clock, audit, keyring, key, tamper },
    record: async (count, name = 'event') => {
      for (let index = 1; index <= count; index += 1) {
        await audit.record(db, {
          type: 'signed_out',
          nationalId: '899700218896',
          details: { name: `${name} ${index}`, index },
        });
        clock.advance(1);
      }
    },
    seal: () => sealAudit(db),
    checkpoint: async () => {
      const made = await makeCheckpoint(db, { key, clock });
      if (!made) throw new Error('nothing was sealed since the last checkpoint');
      return made;
    },
    findings: async (checkpoints = []) => (await verifyAudit(db, [], { key, checkpoints })).findings,
    rehash: async (id) => {
      const { rows } = await db.query<Parameters<typeof eventHash>[1] & { previous: Buffer }>(
        `SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, type, national_id,
           client_id, device_id, support_id, address, details, previous FROM audit_event WHERE id = $1`,
        [id],
      );
      const [event] = rows;
      if (!event) throw new Error(`no event ${id}`);
      const hash = eventHash(event.previous, event).toString('hex');
      await tamper(`UPDATE audit_event SET hash = decode('${hash}', 'hex') WHERE id = ${id}`);
    },
    partitions: async () => {
      const { rows } = await db.query<{ name: string; numbers: number[] }>(
        `SELECT tableoid::regclass::text AS name, array_agg(sealed_number::int ORDER BY sealed_number) AS numbers
         FROM audit_event GROUP BY 1`,
      );
      return Object.fromEntries(rows.map(({ name, numbers }) => [name, numbers]));
    },
  };
};
