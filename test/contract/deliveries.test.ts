import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAudit } from '../../src/audit/record.ts';
import { DELIVERY_PATIENCE, PARALLEL_PER_SERVICE } from '../../src/deliveries/rules.ts';
import {
  createDeliveries,
  type Deliveries,
  type DeliveryOutcome,
  type DeliveryRequest,
} from '../../src/deliveries/service.ts';
import { composePing } from '../../src/deliveries/ping.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { createLog } from '../../src/platform/log.ts';
import { createOutgoing, type OutgoingAnswer, OutgoingError } from '../../src/platform/outgoing.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { startService, type Service } from '../support/logout-site.ts';
import { testDatabase } from '../support/services.ts';

/** HTTP messages to services, on a real PostgreSQL. */

let db: Database;
let before = 0;
beforeAll(async () => {
  ({ db } = await testDatabase({ max: 30 }));
});
beforeEach(async () => {
  await db.query('TRUNCATE http_delivery');
  // The audit is append-only: each test looks at what it added.
  const { rows } = await db.query<{ id: number }>('SELECT coalesce(max(id), 0) AS id FROM audit_event');
  before = rows[0]?.id ?? 0;
});

const START = '2026-01-14T07:30:00Z';
const MASTER = Buffer.alloc(32, 5);

type Answer = (url: string, body: string) => Promise<number> | number;

/** A queue whose services answer what the test says. */
const open = (answer: Answer, clock = new ManualClock(START)) => {
  const posts: { url: string; body: string; headers: Readonly<Record<string, string>> }[] = [];
  const outcomes: DeliveryOutcome[] = [];
  let composed = 0;
  const deliveries = createDeliveries({
    db,
    clock,
    keyring: createKeyRing(MASTER),
    log: createLog('silent'),
    audit: createAudit({ clock }),
    outgoing: {
      request: async (url, { body = '', headers = {} } = {}): Promise<OutgoingAnswer> => {
        posts.push({ url, body, headers });
        return { status: await answer(url, body), headers: {}, body: Buffer.alloc(0) };
      },
    },
    compose: {
      backchannel_logout: async ({ url }) => ({ url, headers: {}, body: `token-${(composed += 1)}` }),
      ciba_ping: composePing,
    },
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  return { deliveries, posts, outcomes, clock };
};

const logout = (clientId = 'one', extra: Partial<DeliveryRequest> = {}): DeliveryRequest =>
  ({
    kind: 'backchannel_logout',
    clientId,
    url: `https://${clientId}.example/out`,
    content: { sub: 'f:x:8', sid: 'secret-sid', algorithm: 'RS256' },
    nationalId: '899700218896',
    ...extra,
  }) as DeliveryRequest;

const fateOf = async (deliveries: Deliveries) => (await deliveries.fate({}))[0];
const auditTypes = async () =>
  (
    await db.query<{ type: string; client_id: string; national_id: string; details: object }>(
      'SELECT type, client_id, national_id, details FROM audit_event WHERE id > $1 ORDER BY id',
      [before],
    )
  ).rows;

describe('a delivery is written with what causes it', () => {
  it('does not leave when the transaction rolls back', async () => {
    const { deliveries, posts } = open(() => 200);
    await expect(
      db.transaction(async (tx) => {
        await deliveries.deliverHttp(tx, logout());
        throw new Error('undone');
      }),
    ).rejects.toThrow('undone');
    await deliveries.drain();
    expect(posts).toEqual([]);
  });

  it('waits until what it tells has happened, or goes by itself when nobody lives to say so', async () => {
    const { deliveries, posts, clock } = open(() => 200);
    const notBefore = new Date(clock.now().getTime() + 5000);
    const held = await deliveries.deliverHttp(db, logout('held', { notBefore }));
    await deliveries.deliverHttp(db, logout('orphan', { notBefore }));
    await deliveries.drain();
    expect(posts).toEqual([]);
    await deliveries.release(db, [held]);
    await deliveries.drain();
    expect(posts.map(({ url }) => url)).toEqual(['https://held.example/out']);
    clock.advance(5);
    await deliveries.drain();
    expect(posts).toHaveLength(2);
  });

  it('keeps nothing readable of what it says, and nothing at all once it has ended', async () => {
    const { deliveries } = open(() => 500);
    await deliveries.deliverHttp(db, logout());
    await deliveries.drain();
    const text = async () =>
      JSON.stringify((await db.query('SELECT * FROM http_delivery')).rows) +
      JSON.stringify((await db.query("SELECT encode(sealed, 'escape') AS sealed FROM http_delivery")).rows);
    expect(await text()).not.toContain('secret-sid');
    await deliveries.drain();
    await db.query("UPDATE http_delivery SET next_attempt_at = '2026-01-14T07:30:00Z'");
    const { deliveries: working } = open(() => 204);
    await working.drain();
    expect((await db.query('SELECT sealed FROM http_delivery')).rows).toEqual([{ sealed: null }]);
  });
});

describe('a service that fails', () => {
  it('is asked again, each time with a new token, later and later, then abandoned and told of', async () => {
    const { deliveries, posts, clock, outcomes } = open(() => 500);
    await deliveries.deliverHttp(db, logout());
    const waits: number[] = [];
    const { maxAttempts } = DELIVERY_PATIENCE.backchannel_logout;
    for (let attempt = 1; attempt < maxAttempts; attempt += 1) {
      await deliveries.drain();
      const { nextAttemptAt, attempts } = (await fateOf(deliveries)) ?? {};
      expect(attempts).toBe(attempt);
      waits.push((nextAttemptAt?.getTime() ?? 0) - clock.now().getTime());
      clock.set(nextAttemptAt ?? new Date());
    }
    expect(
      waits.slice(0, 4).every((wait, index) => wait <= 5000 * 2 ** index && wait >= 2500 * 2 ** index),
    ).toBe(true);
    expect(Math.max(...waits)).toBeLessThanOrEqual(600_000);
    await deliveries.drain();
    expect(await fateOf(deliveries)).toMatchObject({
      state: 'abandoned',
      attempts: maxAttempts,
      lastStatus: 500,
      lastError: 'the service answered 500',
    });
    expect(new Set(posts.map(({ body }) => body)).size).toBe(maxAttempts);
    expect(await auditTypes()).toEqual([
      {
        type: 'sign_out_not_delivered',
        client_id: 'one',
        national_id: '899700218896',
        details: { attempts: maxAttempts, reason: 'the service answered 500' },
      },
    ]);
    expect(outcomes.at(-1)).toEqual({ kind: 'backchannel_logout', outcome: 'abandoned' });
    await deliveries.drain();
    expect(posts).toHaveLength(maxAttempts);
  });

  it('and works again is told in the end, once', async () => {
    let broken = true;
    const { deliveries, clock, posts } = open(() => (broken ? 503 : 200));
    await deliveries.deliverHttp(db, logout());
    await deliveries.drain();
    broken = false;
    clock.advance(10);
    await deliveries.drain();
    await deliveries.drain();
    expect(posts).toHaveLength(2);
    expect((await auditTypes()).map(({ type }) => type)).toEqual(['sign_out_delivered']);
  });

  it.each([301, 302, 303, 400, 404, 501])('an answer %i is no success', async (status) => {
    const { deliveries } = open(() => status);
    await deliveries.deliverHttp(db, logout());
    await deliveries.drain();
    expect(await fateOf(deliveries)).toMatchObject({ state: 'queued', lastStatus: status });
  });

  it('at an address that may not be asked is abandoned at once', async () => {
    const { deliveries } = open(() => {
      throw new OutgoingError('refused', 'not a public address');
    });
    await deliveries.deliverHttp(db, logout());
    await deliveries.drain();
    expect(await fateOf(deliveries)).toMatchObject({
      state: 'abandoned',
      attempts: 1,
      lastError: 'not a public address',
    });
  });

  it('is no longer told once it is worth nothing', async () => {
    const { deliveries, clock, posts } = open(() => 500);
    await deliveries.deliverHttp(db, logout('one', { expiresAt: new Date(clock.now().getTime() + 3000) }));
    await deliveries.drain();
    clock.advance(3);
    await deliveries.drain();
    expect(posts).toHaveLength(1);
    expect(await fateOf(deliveries)).toMatchObject({ state: 'expired' });
    expect((await auditTypes()).map(({ type }) => type)).toEqual(['sign_out_not_delivered']);
  });
});

describe('a service that hangs', () => {
  it('has lanes of its own, and delays nobody', async () => {
    let release = (): void => undefined;
    const hanging = new Promise<void>((resolve) => (release = resolve));
    let underWay = 0;
    let most = 0;
    const { deliveries, posts } = open(async (url) => {
      if (!url.includes('hanging')) return 200;
      underWay += 1;
      most = Math.max(most, underWay);
      await hanging;
      underWay -= 1;
      return 200;
    });
    for (let count = 0; count < 20; count += 1) await deliveries.deliverHttp(db, logout('hanging'));
    for (let count = 0; count < 20; count += 1) await deliveries.deliverHttp(db, logout(`prompt-${count}`));
    const drained = deliveries.drain();
    await expect.poll(() => posts.filter(({ url }) => url.includes('prompt')).length).toBe(20);
    expect(posts.filter(({ url }) => url.includes('hanging'))).toHaveLength(PARALLEL_PER_SERVICE);
    release();
    await drained;
    expect(most).toBe(PARALLEL_PER_SERVICE);
    expect(await deliveries.backlog()).toEqual({ waiting: 0, oldest: undefined });
  });
});

describe('several processes', () => {
  it('16 at once deliver each message once', async () => {
    const seen: string[] = [];
    const processes = Array.from({ length: 16 }, () =>
      open((url) => {
        seen.push(url);
        return 200;
      }),
    );
    const [first] = processes;
    for (let count = 0; count < 48; count += 1) {
      await first?.deliveries.deliverHttp(db, logout(`rp-${count}`));
    }
    await Promise.all(processes.map(({ deliveries }) => deliveries.drain()));
    expect(seen).toHaveLength(48);
    expect(new Set(seen).size).toBe(48);
    expect((await auditTypes()).length).toBe(48);
  });

  it('one that dies is replaced when its lease ends, and what it says later counts for nothing', async () => {
    let die = (_status: number): void => undefined;
    const dying = open(() => new Promise((resolve) => (die = resolve)));
    const living = open(() => 200);
    await dying.deliveries.deliverHttp(db, logout());
    const drained = dying.deliveries.drain();
    await expect.poll(async () => (await fateOf(living.deliveries))?.state).toBe('sending');
    await living.deliveries.drain();
    expect(living.posts).toEqual([]);
    living.clock.advance(30);
    await living.deliveries.drain();
    expect(await fateOf(living.deliveries)).toMatchObject({ state: 'sent', attempts: 2 });
    die(500);
    await drained;
    expect(await fateOf(living.deliveries)).toMatchObject({ state: 'sent', attempts: 2 });
    expect((await auditTypes()).map(({ type }) => type)).toEqual(['sign_out_delivered']);
  });
});

describe('a CIBA ping', () => {
  it('names the request under the service’s own token', async () => {
    const service: Service = await startService('localhost');
    const outgoing = createOutgoing({ loopback: true });
    onFileEnd(() => outgoing.close());
    const clock = new ManualClock(START);
    const deliveries = createDeliveries({
      ...{ db, clock, outgoing },
      keyring: createKeyRing(MASTER),
      log: createLog('silent'),
      audit: createAudit({ clock }),
      compose: { backchannel_logout: () => Promise.reject(new Error('not asked')), ciba_ping: composePing },
    });
    await deliveries.deliverHttp(db, {
      kind: 'ciba_ping',
      clientId: 'ciba',
      url: `${service.origin}/ping`,
      content: { authReqId: 'request-1', notificationToken: 'token-of-the-service' },
    });
    await deliveries.drain();
    const [asked] = service.asked;
    expect(asked?.headers).toMatchObject({
      authorization: 'Bearer token-of-the-service',
      'content-type': 'application/json',
    });
    expect([...(asked?.form.keys() ?? [])]).toEqual(['{"auth_req_id":"request-1"}']);
    expect(await fateOf(deliveries)).toMatchObject({ state: 'sent', kind: 'ciba_ping', clientId: 'ciba' });
  });
});
