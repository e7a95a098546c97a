import { beforeAll, describe, expect, it } from 'vitest';
import { CIBA } from '../../src/clients/schema.ts';
import { DOCTOR, post, startProvider, type Harness, type StoreName } from '../http/oidc-harness.ts';

/** Sixteen at once, on each store: one poll of an interval is in time, one decision holds, one redemption gets tokens. */

const sixteen = <T>(work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: 16 }, (_, index) => work(index)));

describe.each<StoreName>(['postgres', 'redis', 'cluster'])('on %s', (store) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startProvider(store);
  });

  const ask = async (): Promise<string> => {
    const { body } = await post(harness, 'ext/ciba/auth', {
      scope: 'openid',
      login_hint: DOCTOR,
      binding_message: '47',
    });
    return String(body['auth_req_id']);
  };
  const poll = (id: string) => post(harness, 'token', { grant_type: CIBA, auth_req_id: id });
  const approve = (id: string) =>
    harness.oidc.decide(id, {
      outcome: 'approved',
      signIn: { nationalId: DOCTOR, acr: 'eidas1', amr: ['pin'], authMode: 'MOBILE', authTime: new Date() },
    });

  it('one poll is in time', async () => {
    const id = await ask();
    const errors = (await sixteen(() => poll(id))).map(({ body }) => body['error']);
    expect(errors.filter((error) => error === 'authorization_pending')).toHaveLength(1);
    expect(errors.filter((error) => error === 'slow_down')).toHaveLength(15);
  });

  it('one decision holds, told or not', async () => {
    const id = await ask();
    const told = await Promise.allSettled(
      Array.from({ length: 16 }, (_, index) =>
        index % 2 === 0 ? approve(id) : harness.oidc.decide(id, { outcome: 'denied' }),
      ),
    );
    expect(told.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    const { status, body } = await poll(id);
    expect(status === 200 || body['error'] === 'access_denied').toBe(true);
    const { rows } = await harness.db.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM audit_event WHERE type IN ('sign_in_granted', 'ciba_refused')`,
    );
    expect(rows[0]?.count).toBe(1);
  });

  it('one redemption gets tokens', async () => {
    for (let round = 0; round < 3; round += 1) {
      const id = await ask();
      await approve(id);
      const all = await sixteen(() => poll(id));
      const won = all.filter(({ status }) => status === 200);
      expect(won).toHaveLength(1);
      const errors = all.filter(({ status }) => status !== 200).map(({ body }) => body['error']);
      expect(new Set(errors)).toEqual(new Set(['invalid_grant']));
      expect(won[0]?.body).toHaveProperty('id_token');
    }
  });
});
