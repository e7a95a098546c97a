import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import canonicalize from 'canonicalize';
import { eventHash, eventText, GENESIS } from '../../src/audit/chain.ts';
import { runAuditCommand } from '../../src/audit/command.ts';
import { createAudit } from '../../src/audit/record.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import { verifyAudit, type Finding } from '../../src/audit/verify.ts';
import type { CommandContext } from '../../src/command.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import type { Database, Queryable } from '../../src/platform/postgres.ts';
import { testDatabase } from '../support/services.ts';

const audit = createAudit({ clock: systemClock });

const record = (tx: Queryable, name: string): Promise<void> =>
  audit.record(tx, { type: 'signed_out', nationalId: '899700218896', details: { name } });

let db: Database;
beforeEach(async () => {
  ({ db } = await testDatabase());
});

const recordMany = async (count: number): Promise<void> => {
  for (let index = 1; index <= count; index += 1) await record(db, `event ${index}`);
};

/** What someone does who has the database's password and switches its guards off. */
const tamper = (...statements: string[]): Promise<void> =>
  db.transaction(async (tx) => {
    await tx.query('SET LOCAL session_replication_role = replica');
    for (const statement of statements) await tx.query(statement);
  });

const findings = async (): Promise<Finding[]> => (await verifyAudit(db)).findings;

describe('the seal', () => {
  test('chains what is committed, in batches, once', async () => {
    await recordMany(7);
    expect(await sealAudit(db, 3)).toBe(7);
    expect(await sealAudit(db)).toBe(0);
    const { rows } = await db.query<{ number: number; previous: Buffer; hash: Buffer }>(
      'SELECT sealed_number AS number, previous, hash FROM audit_event ORDER BY id',
    );
    expect(rows.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(rows[0]?.previous).toEqual(GENESIS);
    expect(rows[6]?.previous).toEqual(rows[5]?.hash);
    expect(await verifyAudit(db)).toEqual({
      ok: true,
      length: 7,
      head: rows[6]?.hash.toString('hex'),
      unsealed: 0,
      pruned: 0,
      compared: 0,
      findings: [],
    });
  });

  test('the hash is what docs/audit.md says', () => {
    const event = {
      id: 1,
      at: '2026-11-23T10:00:00.123000Z',
      type: 'signed_out',
      national_id: '899700218896',
      client_id: null,
      device_id: null,
      support_id: null,
      address: null,
      details: { b: 1, a: 'é' },
    };
    expect(eventHash(GENESIS, event).toString('hex')).toMatchInlineSnapshot(
      `"ee969ed704fcfeb218ef90799e6d9517b461a84c15ab84597eb6eff7f9467a5e"`,
    );
  });

  test('the text that is hashed is the canonical JSON of the event, whatever stands in it', () => {
    const word = fc.string({ unit: 'grapheme' });
    const nullable = fc.option(word);
    fc.assert(
      fc.property(
        fc.record({
          id: fc.maxSafeNat(),
          at: word,
          type: word,
          national_id: nullable,
          client_id: nullable,
          device_id: nullable,
          support_id: nullable,
          address: nullable,
          details: fc.oneof(
            fc.dictionary(
              word,
              fc.oneof(word, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean()),
            ),
            fc.dictionary(word, fc.jsonValue()),
          ),
        }),
        (event) => {
          expect(eventText(event)).toBe(canonicalize(event));
        },
      ),
    );
  });

  test('an event that commits late, with a lower id, gets a later place', async () => {
    let commitLate = (): void => undefined;
    const gate = new Promise<void>((resolve) => (commitLate = resolve));
    let inserted = (): void => undefined;
    const isInserted = new Promise<void>((resolve) => (inserted = resolve));
    const late = db.transaction(async (tx) => {
      await record(tx, 'late');
      inserted();
      await gate;
    });
    await isInserted;
    await record(db, 'early');
    expect(await sealAudit(db)).toBe(1);
    commitLate();
    await late;
    expect(await sealAudit(db)).toBe(1);
    const { rows } = await db.query<{ name: string }>(
      "SELECT details->>'name' AS name FROM audit_event ORDER BY sealed_number",
    );
    expect(rows.map(({ name }) => name)).toEqual(['early', 'late']);
    expect(await findings()).toEqual([]);
  });

  test('sixteen sealers and writers at once make one whole chain', async () => {
    await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        for (let index = 0; index < 5; index += 1) {
          await record(db, `${writer}/${index}`);
          await sealAudit(db, 3);
        }
      }),
    );
    await sealAudit(db);
    expect(await verifyAudit(db)).toMatchObject({ ok: true, length: 80, unsealed: 0 });
  });

  test('any detail that can be recorded verifies', async () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 4 }), async (values) => {
        const details = Object.fromEntries(values.map((one, index) => [`d${index}`, one]));
        await audit.record(db, { type: 'signed_out', details });
        await sealAudit(db);
        expect(await findings()).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the guard in the database', () => {
  beforeEach(async () => {
    await recordMany(2);
    await sealAudit(db);
    await record(db, 'not sealed');
  });

  test.each([
    "UPDATE audit_event SET details = '{}' WHERE id = 1",
    'UPDATE audit_event SET national_id = NULL WHERE id = 3',
    "UPDATE audit_event SET sealed_number = 9, previous = '', hash = '' WHERE id = 1",
    'DELETE FROM audit_event WHERE id = 2',
    'DELETE FROM audit_event WHERE id = 3',
    'TRUNCATE audit_event',
  ])('refuses: %s', async (statement) => {
    await expect(db.query(statement)).rejects.toThrow('audit_event is append-only');
    expect(await findings()).toEqual([]);
  });
});

describe('verification', () => {
  beforeEach(async () => {
    await recordMany(10);
    await sealAudit(db);
  });

  /** Gives event `id` the hash that its content would have, as a careful forger does. */
  const rehash = async (id: number): Promise<void> => {
    const { rows } = await db.query<Parameters<typeof eventHash>[1] & { previous: Buffer }>(
      `SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, type, national_id, client_id,
              device_id, support_id, address, details, previous FROM audit_event WHERE id = $1`,
      [id],
    );
    const [event] = rows;
    if (!event) throw new Error(`no event ${id}`);
    const hash = eventHash(event.previous, event).toString('hex');
    await tamper(`UPDATE audit_event SET hash = decode('${hash}', 'hex') WHERE id = ${id}`);
  };

  test.each(
    [
      "details = jsonb_set(details, '{name}', '\"forged\"')",
      "at = at + interval '1 microsecond'",
      "type = 'sign_in_granted'",
      "national_id = '800000000000'",
      "client_id = 'x'",
      "device_id = ''",
      "support_id = 'x'",
      "address = 'x'",
    ].map((change) => ({ change })),
  )('finds a changed event: $change', async ({ change }) => {
    await tamper(`UPDATE audit_event SET ${change} WHERE id = 4`);
    expect(await findings()).toMatchObject([{ kind: 'changed', number: 4 }]);
  });

  test('finds several changed events', async () => {
    await tamper("UPDATE audit_event SET address = 'x' WHERE id IN (1, 2, 10)");
    expect(await findings()).toEqual([
      { kind: 'changed', number: 1, id: 1 },
      { kind: 'changed', number: 2, id: 2 },
      { kind: 'changed', number: 10, id: 10 },
    ]);
  });

  test.each([
    { where: 'id = 1', found: [{ kind: 'removed', number: 1, last: 1 }] },
    { where: 'id BETWEEN 4 AND 6', found: [{ kind: 'removed', number: 4, last: 6 }] },
    { where: 'id > 8', found: [{ kind: 'removed', number: 9, last: 10 }] },
    { where: 'true', found: [{ kind: 'removed', number: 1, last: 10 }] },
  ])('finds removed events: $where', async ({ where, found }) => {
    await tamper(`DELETE FROM audit_event WHERE ${where}`);
    expect(await findings()).toEqual(found);
  });

  test('finds an event that was changed and given a new hash', async () => {
    await tamper("UPDATE audit_event SET address = 'x' WHERE id = 4");
    await rehash(4);
    expect(await findings()).toEqual([{ kind: 'replaced', number: 4, id: 4 }]);
  });

  test('finds the newest event changed and given a new hash', async () => {
    await tamper("UPDATE audit_event SET address = 'x' WHERE id = 10");
    await rehash(10);
    expect(await findings()).toEqual([{ kind: 'replaced', number: 10, id: 10 }]);
  });

  test('finds an event inserted behind the end of the chain', async () => {
    await tamper(
      `INSERT INTO audit_event (at, type, sealed_number, previous, hash) VALUES (now(), 'signed_out', 11, '', '')`,
    );
    expect(await findings()).toEqual([{ kind: 'inserted', number: 11, id: 11 }]);
  });

  test('finds an event inserted into the middle, the others moved', async () => {
    await tamper(
      'UPDATE audit_event SET sealed_number = sealed_number + 1000 WHERE sealed_number >= 5',
      'UPDATE audit_event SET sealed_number = sealed_number - 999 WHERE sealed_number > 1000',
      `INSERT INTO audit_event (at, type, sealed_number, previous, hash)
       SELECT now(), 'signed_out', 5, hash, '' FROM audit_event WHERE sealed_number = 4`,
      'UPDATE audit_chain SET length = 11',
    );
    await rehash(11);
    expect(await findings()).toEqual([{ kind: 'inserted', number: 5, id: 11 }]);
  });

  test('finds an event removed with the others moved up', async () => {
    await tamper(
      'DELETE FROM audit_event WHERE sealed_number = 5',
      'UPDATE audit_event SET sealed_number = sealed_number + 1000 WHERE sealed_number > 5',
      'UPDATE audit_event SET sealed_number = sealed_number - 1001 WHERE sealed_number > 1000',
      'UPDATE audit_chain SET length = 9',
    );
    expect(await findings()).toEqual([{ kind: 'replaced', number: 4, id: 4 }]);
  });

  test('a chain rewritten whole is found by a head noted before', async () => {
    const noted = await verifyAudit(db);
    await tamper(
      "UPDATE audit_event SET sealed_number = NULL, previous = NULL, hash = NULL, address = 'forged'",
      "UPDATE audit_chain SET length = 0, head = decode(repeat('00', 32), 'hex')",
    );
    await sealAudit(db);
    expect(await findings()).toEqual([]);
    const anchored = await verifyAudit(db, [noted]);
    expect(anchored.findings).toEqual([{ kind: 'replaced', number: 1, last: 10 }]);
  });

  test('a chain cut short, its end noted anew, is found by a head noted before', async () => {
    const noted = await verifyAudit(db);
    await tamper(
      'DELETE FROM audit_event WHERE sealed_number > 7',
      'UPDATE audit_chain SET length = 7, head = (SELECT hash FROM audit_event WHERE sealed_number = 7)',
    );
    expect(await findings()).toEqual([]);
    expect((await verifyAudit(db, [noted])).findings).toEqual([{ kind: 'removed', number: 8, last: 10 }]);
  });

  test('the command tells in words and in JSON, and by its exit code', async () => {
    const run = async (...args: string[]): Promise<{ code: number; out: string }> => {
      let out = '';
      const io = { stdout: { write: (text: string) => void (out += text) } };
      const keyring = async () => createKeyRing(Buffer.alloc(32, 7));
      const context = { io, keyring, database: async () => db } as unknown as CommandContext;
      return { code: await runAuditCommand(args, context), out };
    };
    const whole = await run('verify');
    expect(whole.code).toBe(0);
    expect(whole.out).toMatch(
      /^The audit trail is whole\.\n10 events sealed, 0 waiting for the sealer\.\nHead: 10:[0-9a-f]{64}\n$/,
    );
    const head = /Head: (\S+)/.exec(whole.out)?.[1] ?? '';
    await tamper(
      "UPDATE audit_event SET address = 'x' WHERE id = 4",
      'DELETE FROM audit_event WHERE id IN (6, 7, 9)',
    );
    const broken = await run('verify', '--anchor', head);
    expect(broken.code).toBe(1);
    expect(broken.out).toContain('4 (event 4) was changed\n  6 to 7 were removed\n  9 was removed\n');
    expect(JSON.parse((await run('verify', '--json')).out)).toMatchObject({ ok: false, length: 10 });
    expect((await run('--help')).out).toContain('caducee audit verify');
    await expect(run('verify', '--anchor', 'x')).rejects.toThrow('--anchor takes LENGTH:HEAD');
    await expect(run()).rejects.toThrow('caducee audit verify');
  });
});
