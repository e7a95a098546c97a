import fc from 'fast-check';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { makeCheckpoint } from '../../src/audit/checkpoint.ts';
import { addMonths, listPartitions } from '../../src/audit/partitions.ts';
import { pruneAudit } from '../../src/audit/prune.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { migrate, readMigrations } from '../../src/platform/migrate.ts';
import { startTrail, type Trail } from '../support/audit-trail.ts';
import { testDatabase } from '../support/services.ts';

const MIGRATIONS = join(import.meta.dirname, '..', '..', 'migrations');

describe('the month’s partitions', () => {
  let trail: Trail;
  beforeEach(async () => {
    trail = await startTrail('2040-01-31T23:59:58Z');
  });

  test('are made ahead, once, and take events at the very boundary', async () => {
    const { db, clock } = trail;
    expect((await listPartitions(db)).map(({ name }) => name).slice(1)).toEqual([
      'audit_event_2040_01',
      'audit_event_2040_02',
      'audit_event_2040_03',
    ]);
    expect(await addMonths(db, { clock })).toEqual([]);
    await trail.record(4); // 23:59:58, 23:59:59, 00:00:00, 00:00:01
    await trail.seal();
    expect(await trail.partitions()).toEqual({ audit_event_2040_01: [1, 2], audit_event_2040_02: [3, 4] });
    clock.set('2040-02-01T00:00:00Z');
    expect(await addMonths(db, { clock })).toEqual(['2040-04-01']);
  });

  test('an event without a month is kept, sealed, and brought home later', async () => {
    const { db, clock } = trail;
    await trail.record(2);
    clock.set('2040-07-01T00:00:00Z');
    await trail.record(2);
    clock.set('2040-08-15T00:00:00Z');
    await trail.record(1);
    await trail.seal();
    await trail.record(1);
    expect((await trail.partitions())['audit_event_rest']).toEqual([3, 4, 5, null]);
    expect(await trail.findings()).toEqual([]);
    expect(await addMonths(db, { clock })).toEqual(['2040-07-01', '2040-08-01', '2040-09-01', '2040-10-01']);
    expect(await trail.partitions()).toEqual({
      audit_event_2040_01: [1, 2],
      audit_event_2040_07: [3, 4],
      audit_event_2040_08: [5, null],
    });
    await trail.seal();
    expect(await trail.findings()).toEqual([]);
    // What was moved is guarded as before, and the last partition too.
    for (const statement of [
      'DELETE FROM audit_event_2040_07',
      'TRUNCATE audit_event_2040_07',
      "UPDATE audit_event_2040_08 SET type = 'x'",
      'TRUNCATE audit_event_rest',
    ]) {
      await expect(db.query(statement)).rejects.toThrow('append-only');
    }
    clock.set('2041-01-01T00:00:00Z');
    await trail.record(1);
    await expect(db.query('DELETE FROM audit_event_rest')).rejects.toThrow('append-only');
  });

  test('sixteen writers and sealers across months, while months are made, make one whole chain', async () => {
    const { db, clock, audit } = trail;
    await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        for (let index = 0; index < 6; index += 1) {
          clock.advance(86_400 * 5);
          await audit.record(db, { type: 'signed_out', details: { writer, index } });
          if (index % 2 === 0) await sealAudit(db, 5);
          if (writer % 4 === 0) await addMonths(db, { clock });
        }
      }),
    );
    await trail.seal();
    expect(await verifyAudit(db)).toMatchObject({ ok: true, length: 96, unsealed: 0 });
    const places = Object.values(await trail.partitions()).flat();
    expect(places.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 96 }, (_, index) => index + 1));
    expect(Object.keys(await trail.partitions()).length).toBeGreaterThan(5);
  });

  test('a sealed number cannot be given twice in a month, and an id never by hand', async () => {
    await trail.record(2);
    await trail.seal();
    await expect(
      trail.db.query(
        `INSERT INTO audit_event (at, type, sealed_number, previous, hash) VALUES ('2040-01-31', 'signed_out', 1, '', '')`,
      ),
    ).rejects.toThrow('unique');
    await expect(
      trail.db.query(`INSERT INTO audit_event (id, at, type) VALUES (1, '2040-01-31', 'signed_out')`),
    ).rejects.toThrow('non-DEFAULT value');
  });
});

describe('months that are too old', () => {
  let trail: Trail;
  const prune = (months: number) => pruneAudit(trail.db, months, trail);

  /** January 1–5, then February, March; the sixth of January was sealed after February had begun. */
  beforeEach(async () => {
    trail = await startTrail('2040-01-20T12:00:00Z');
    await trail.record(5, 'january');
    await trail.seal();
    trail.clock.set('2040-02-01T00:00:01Z');
    await trail.record(2, 'february');
    await trail.seal();
    trail.clock.set('2040-01-31T23:59:59Z');
    await trail.record(1, 'late');
    trail.clock.set('2040-02-10T00:00:00Z');
    await trail.record(3, 'february');
    await trail.seal();
    trail.clock.set('2040-03-10T00:00:00Z');
    await trail.record(4, 'march');
    await trail.seal();
    expect(await trail.partitions()).toEqual({
      audit_event_2040_01: [1, 2, 3, 4, 5, 8],
      audit_event_2040_02: [6, 7, 9, 10, 11],
      audit_event_2040_03: [12, 13, 14, 15],
    });
  });

  test('are dropped whole; the chain verifies from there on, and again after the next month', async () => {
    const before = await trail.checkpoint();
    trail.clock.set('2040-04-20T00:00:00Z');
    expect(await prune(3)).toEqual([{ partition: 'audit_event_first', events: 0, number: 0 }]);
    trail.clock.set('2040-05-01T00:00:00Z');
    expect(await prune(3)).toEqual([{ partition: 'audit_event_2040_01', events: 6, number: 5 }]);
    expect(await prune(3)).toEqual([]);
    await trail.seal();
    const { db, key } = trail;
    expect(await verifyAudit(db, [], { key, checkpoints: [before.jws] })).toMatchObject({
      ok: true,
      length: 17,
      pruned: 5,
      findings: [],
    });
    trail.clock.set('2040-06-01T00:00:00Z');
    expect(await prune(3)).toEqual([{ partition: 'audit_event_2040_02', events: 5, number: 11 }]);
    await trail.seal();
    expect(await verifyAudit(db, [], { key })).toMatchObject({ ok: true, length: 18, pruned: 11 });
    expect((await db.query('SELECT * FROM audit_pruned_link')).rows).toEqual([]);
    const { rows } = await db.query<{ details: unknown }>(
      "SELECT details FROM audit_event WHERE type = 'audit_pruned' ORDER BY id DESC LIMIT 1",
    );
    expect(rows[0]?.details).toMatchObject({ partition: 'audit_event_2040_02', events: 5, number: 11 });
  });

  test('after a pruning the same tampering is found as before', async () => {
    trail.clock.set('2040-05-01T00:00:00Z');
    await prune(3);
    await trail.seal();
    expect(await trail.findings()).toEqual([]);
    await trail.tamper('DELETE FROM audit_event WHERE sealed_number = 6');
    expect(await trail.findings()).toEqual([{ kind: 'removed', number: 6, last: 6 }]);
    await trail.tamper('DELETE FROM audit_event WHERE sealed_number = 7');
    expect(await trail.findings()).toEqual([{ kind: 'removed', number: 6, last: 7 }]);
    await trail.tamper('DELETE FROM audit_pruned_link');
    expect(await trail.findings()).toContainEqual({ kind: 'pruning_forged', number: 5 });
    await trail.tamper('DELETE FROM audit_pruning');
    expect(await trail.findings()).toContainEqual({ kind: 'removed', number: 1, last: 8 });
  });

  test('an event said to be older than the dropped beginning is found', async () => {
    trail.clock.set('2040-05-01T00:00:00Z');
    await prune(3);
    await trail.tamper(
      `INSERT INTO audit_event (at, type, sealed_number, previous, hash) VALUES ('2040-02-02', 'signed_out', 3, '', '')`,
    );
    expect(await trail.findings()).toMatchObject([{ kind: 'inserted', number: 3 }]);
  });

  test('a month that is not whole is evidence, and stays', async () => {
    await trail.tamper("UPDATE audit_event SET address = 'x' WHERE id = 2");
    trail.clock.set('2040-05-01T00:00:00Z');
    expect(await prune(3)).toEqual([
      { partition: 'audit_event_first', events: 0, number: 0 },
      {
        partition: 'audit_event_2040_01',
        kept: 'not_whole',
        findings: [{ kind: 'changed', number: 2, id: 2 }],
      },
    ]);
    expect((await trail.partitions())['audit_event_2040_01']).toHaveLength(6);
  });

  test('sixteen processes that drop and sign at once do it once', async () => {
    trail.clock.set('2040-05-01T00:00:00Z');
    const done = (await Promise.all(Array.from({ length: 16 }, () => prune(3)))).flat();
    // Each month once, whichever of the sixteen it was.
    const dropped = done.filter((one) => 'events' in one).map(({ partition }) => partition);
    expect(dropped.sort()).toEqual(['audit_event_2040_01', 'audit_event_first']);
    await trail.seal();
    const { db, key, clock } = trail;
    const made = await Promise.all(Array.from({ length: 16 }, () => makeCheckpoint(db, { key, clock })));
    expect(made.filter((one) => one !== undefined)).toHaveLength(1);
    expect((await db.query("SELECT FROM audit_event WHERE type = 'audit_pruned'")).rowCount).toBe(2);
    expect(await trail.findings()).toEqual([]);
  });

  test('while somebody reads the whole trail a month stays, and nobody who writes waits long', async () => {
    trail.clock.set('2040-05-01T00:00:00Z');
    let longest = 0;
    await trail.db.transaction(async (reader) => {
      await reader.query('SELECT count(*) FROM audit_event');
      const pruning = prune(3);
      let done = false;
      void pruning.then(() => (done = true));
      while (!done) {
        const start = performance.now();
        await trail.record(1);
        longest = Math.max(longest, performance.now() - start);
      }
      expect(await pruning).toMatchObject([{ partition: 'audit_event_first', kept: 'busy' }]);
    });
    expect(longest).toBeLessThan(2500);
    expect((await prune(3)).at(-1)).toMatchObject({ partition: 'audit_event_2040_01', events: 6 });
    await trail.seal();
    expect(await trail.findings()).toEqual([]);
  });

  test('a month that is not sealed to its end stays until it is', async () => {
    trail.clock.set('2040-01-31T23:59:59.5Z');
    await trail.record(1);
    trail.clock.set('2040-05-01T00:00:00Z');
    expect((await prune(3)).at(-1)).toEqual({
      partition: 'audit_event_2040_01',
      kept: 'unsealed',
      findings: [],
    });
    await trail.seal();
    expect((await prune(3)).at(-1)).toMatchObject({ partition: 'audit_event_2040_01', events: 7 });
    await trail.seal();
    expect(await trail.findings()).toEqual([]);
  });
});

describe('any history of events, seals, months and prunings', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ act: fc.constant('record' as const), count: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 3, arbitrary: fc.record({ act: fc.constant('seal' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({ act: fc.constant('move' as const), days: fc.integer({ min: -3, max: 50 }) }),
    },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('months' as const) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('checkpoint' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ act: fc.constant('prune' as const), keep: fc.integer({ min: 1, max: 3 }) }),
    },
  );

  test('leaves a whole chain, and one event less is found', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), fc.nat(), async (steps, chosen) => {
        const trail = await startTrail();
        const kept: string[] = [];
        for (const one of steps) {
          if (one.act === 'record') await trail.record(one.count);
          else if (one.act === 'seal') await trail.seal();
          else if (one.act === 'move') trail.clock.advance(one.days * 86_400);
          else if (one.act === 'months') await addMonths(trail.db, trail);
          else if (one.act === 'prune') await pruneAudit(trail.db, one.keep, trail);
          else
            await trail.checkpoint().then(
              ({ jws }) => kept.push(jws),
              () => undefined,
            );
        }
        await trail.seal();
        expect(await trail.findings(kept)).toEqual([]);
        const numbers = Object.values(await trail.partitions()).flat();
        const gone = numbers[chosen % Math.max(1, numbers.length)];
        if (gone !== undefined) {
          await trail.tamper(`DELETE FROM audit_event WHERE sealed_number = ${gone}`);
          expect(await trail.findings(kept)).toContainEqual({ kind: 'removed', number: gone, last: gone });
        }
        await trail.db.close();
      }),
      { numRuns: 12 },
    );
  });
});

describe('the migration to months', () => {
  const insert = (type: string) =>
    `INSERT INTO audit_event (at, type, national_id, details) VALUES (now(), '${type}', '8', '{"a": 1}')`;

  /** The sealer of the version before, word for word where it matters: it knows one table and no months. */
  const OLD_SEAL = `UPDATE audit_event SET sealed_number = link.number, previous = link.previous, hash = link.hash
     FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) AS link (id, number, previous, hash)
     WHERE audit_event.id = link.id`;

  test('keeps rows, places and guards; the code of before goes on writing and sealing', async () => {
    const { db } = await testDatabase({ empty: true });
    const all = await readMigrations(MIGRATIONS);
    await migrate(db, all.slice(0, 13));
    for (let index = 0; index < 5; index += 1) await db.query(insert('signed_out'));
    await sealOld();
    const before = (await db.query('SELECT * FROM audit_event ORDER BY id')).rows;
    await migrate(db, all);
    expect((await db.query('SELECT * FROM audit_event ORDER BY id')).rows).toEqual(before);
    expect(await verifyAudit(db)).toMatchObject({ ok: true, length: 5 });

    await db.query(insert('tokens_issued'));
    await sealOld();
    await db.query(insert('sign_in_granted'));
    expect(await sealAudit(db)).toBe(1);
    expect(await verifyAudit(db)).toMatchObject({ ok: true, length: 7, unsealed: 0 });
    const { rows } = await db.query<{ id: number }>('SELECT id FROM audit_event ORDER BY id');
    expect(rows.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await expect(db.query('DELETE FROM audit_event WHERE id = 1')).rejects.toThrow('append-only');
    await expect(db.query('TRUNCATE audit_event_first')).rejects.toThrow('append-only');

    async function sealOld(): Promise<void> {
      const { CHAINED_COLUMNS, eventHash } = await import('../../src/audit/chain.ts');
      const chain = await db.query<{ length: number; head: Buffer }>('SELECT length, head FROM audit_chain');
      let { length, head } = chain.rows[0] ?? { length: 0, head: Buffer.alloc(32) };
      const events = await db.query<Parameters<typeof eventHash>[1] & Record<string, unknown>>(
        `SELECT ${CHAINED_COLUMNS} FROM audit_event WHERE sealed_number IS NULL ORDER BY audit_event.id LIMIT 1000`,
      );
      for (const event of events.rows) {
        const previous = head;
        head = eventHash(previous, event);
        length += 1;
        await db.query(OLD_SEAL, [[event.id], [length], [previous], [head]]);
      }
      await db.query('UPDATE audit_chain SET length = $1, head = $2', [length, head]);
    }
  });
});
