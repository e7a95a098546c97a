import { beforeAll, describe, expect, test } from 'vitest';
import { createAudit, type AuditEvent } from '../../src/audit/record.ts';
import { EVENTS } from '../../src/audit/vocabulary.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { testDatabase } from '../support/services.ts';

describe('recording an audit event', () => {
  const clock = new ManualClock('2026-11-23T10:00:00.123Z');
  const audit = createAudit({ clock });
  let db: Database;
  beforeAll(async () => {
    ({ db } = await testDatabase());
  });

  const recorded = async (event: AuditEvent): Promise<Record<string, unknown>> => {
    await audit.record(db, event);
    const { rows } = await db.query('SELECT * FROM audit_event ORDER BY id DESC LIMIT 1');
    return rows[0] ?? {};
  };

  test('keeps what is told, and nothing is sealed yet', async () => {
    const row = await recorded({
      type: 'ecps.device_added',
      nationalId: '899700218896',
      clientId: 'vaccin-covid',
      deviceId: 'dev_1',
      supportId: 'K7QF-2M9A',
      address: '192.0.2.7',
      details: { gen: 1, via: 'mail', quarantine: false, ratio: 0.25 },
    });
    expect(row).toMatchObject({
      at: clock.now(),
      type: 'ecps.device_added',
      national_id: '899700218896',
      client_id: 'vaccin-covid',
      device_id: 'dev_1',
      support_id: 'K7QF-2M9A',
      address: '192.0.2.7',
      details: { gen: 1, via: 'mail', quarantine: false, ratio: 0.25 },
      sealed_number: null,
      hash: null,
    });
  });

  test('what is not told is null', async () => {
    expect(await recorded({ type: 'signed_out' })).toMatchObject({
      national_id: null,
      address: null,
      details: {},
    });
  });

  test('is in the caller’s transaction: rolled back with it', async () => {
    const count = async (): Promise<number> =>
      Number((await db.query<{ n: number }>('SELECT count(*) AS n FROM audit_event')).rows[0]?.n);
    const before = await count();
    const rolledBack = db.transaction(async (tx) => {
      await audit.record(tx, { type: 'signed_out' });
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    expect(await count()).toBe(before);
  });

  test('a type outside the vocabulary is refused', async () => {
    for (const type of ['nothing_like_that', 'toString']) {
      await expect(audit.record(db, { type: type as 'signed_out' })).rejects.toThrow('is not an audit event');
    }
  });

  test.each([
    'email',
    'phone',
    'pin',
    'code',
    'smsCode',
    'new_pin',
    'contactEmail',
    'accessToken',
    'PIN',
    'user.phone',
  ])('a detail named %s is refused', async (name) => {
    await expect(audit.record(db, { type: 'signed_out', details: { [name]: 'x' } })).rejects.toThrow(
      `an audit event has no detail named ${name}`,
    );
  });

  test.each(['pinTries', 'decoded', 'barcode', 'tokenType', 'phones'])(
    'a detail named %s passes',
    async (name) => {
      const row = await recorded({ type: 'signed_out', details: { [name]: 1 } });
      expect(row['details']).toEqual({ [name]: 1 });
    },
  );

  test('details are text, finite numbers and booleans', async () => {
    for (const value of [null, undefined, {}, [1], Number.NaN, Number.POSITIVE_INFINITY, 1n]) {
      const details = { thing: value } as unknown as Record<string, string>;
      await expect(audit.record(db, { type: 'signed_out', details }), String(value)).rejects.toThrow(
        'neither text, finite number nor boolean',
      );
    }
  });

  test('text from outside cannot break the row, smuggle an address in, or be endless', async () => {
    const row = await recorded({
      type: 'ecps.device_renamed',
      clientId: 'a\0b',
      details: { name: `iPhone de marie.durand@example.org, +33 6 12 34 56 78 \uD800\0${'x'.repeat(600)}` },
    });
    expect(row['client_id']).toBe('ab');
    const { name } = row['details'] as { name: string };
    expect(name).toMatch(/^iPhone de \[removed\] \[removed\] \uFFFDxxx/);
    expect(name).toHaveLength(500);
  });

  test('every type has one line that says what it means', () => {
    for (const [type, doc] of Object.entries(EVENTS)) {
      expect(type).toMatch(/^([a-z]+\.)?[a-z_]+$/);
      expect(doc).toMatch(/^[A-Z].*\.$/);
    }
  });
});
