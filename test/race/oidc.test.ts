import { beforeAll, describe, expect, it } from 'vitest';
import { createAudit } from '../../src/audit/record.ts';
import { seedSandboxClients } from '../../src/clients/sandbox.ts';
import { createClients } from '../../src/clients/service.ts';
import { loadSigningKeys } from '../../src/oidc/keys.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { openDatabase } from '../../src/platform/postgres.ts';
import { bytes } from '../../src/platform/random.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { testDatabase } from '../support/services.ts';
import { DEVICE_CODE } from '../../src/clients/schema.ts';
import { register } from '../conformance/rp.ts';
import {
  Browser,
  DOCTOR,
  REDIRECT,
  authorize,
  post,
  refresh,
  signIn,
  startProvider,
  userinfo,
  type Harness,
  type StoreName,
} from '../http/oidc-harness.ts';

const PARALLEL = 16;
const ROUNDS = 5;
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

/** Signs the person in for the device that shows this code. */
const approveDevice = async (harness: Harness, code: string): Promise<void> => {
  const browser = new Browser();
  const url = `${harness.origin}/appareil`;
  const hidden = async (response: Response) =>
    Object.fromEntries(
      [...(await response.text()).matchAll(/<input name="([^"]+)" value="([^"]*)"/g)].map(
        ([, name = '', value = '']) => [name, value],
      ),
    );
  const fields = { ...(await hidden((await browser.follow(url)).response)), user_code: code };
  const asked = await browser.follow(url, { method: 'POST', body: new URLSearchParams(fields) });
  const form = { ...(await hidden(asked.response)), confirm: 'yes' };
  const { response } = await browser.follow(url, { method: 'POST', body: new URLSearchParams(form) });
  expect(await response.text()).toContain('Done');
};

describe.each(['postgres', 'redis', 'cluster'] satisfies StoreName[])(
  'sixteen at once, the state in %s',
  (store) => {
    let harness: Harness;
    beforeAll(async () => {
      harness = await startProvider(store);
    });

    it('end one session: it ends once, its service is told once, the audit says so once', async () => {
      await harness.addClient(
        {
          client_id: 'told',
          client_name: 'Told',
          redirect_uris: [REDIRECT],
          backchannel_logout_uri: 'http://localhost:9/backchannel',
        },
        'secret',
      );
      for (let round = 0; round < ROUNDS; round += 1) {
        const browser = new Browser();
        const tokens = await signIn(harness, browser);
        await authorize(harness, browser, { client_id: 'told' });
        const before = (await harness.audit()).length;
        const told = (await harness.oidc.deliveries.fate({ clientId: 'told' })).length;
        const ended = await Promise.all(
          times(PARALLEL, () => harness.oidc.sessions.end(tokens.session_state, { by: 'operator' })),
        );
        expect(ended.filter((session) => session !== undefined)).toHaveLength(1);
        const rows = (await harness.audit()).slice(before).filter(({ type }) => type === 'signed_out');
        expect(rows).toHaveLength(1);
        expect(await harness.oidc.deliveries.fate({ clientId: 'told' })).toHaveLength(told + 1);
        expect((await refresh(harness, tokens.refresh_token)).status).toBe(400);
      }
    });

    it('redeem one code: one succeeds, and what it got is revoked', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const { answer, verifier } = await authorize(harness, new Browser());
        const answers = await Promise.all(
          times(PARALLEL, () =>
            post(harness, 'token', {
              grant_type: 'authorization_code',
              code: answer.get('code') ?? '',
              redirect_uri: REDIRECT,
              code_verifier: verifier,
            }),
          ),
        );
        const won = answers.filter(({ status }) => status === 200);
        expect(won).toHaveLength(1);
        for (const { status, body } of answers.filter((each) => each !== won[0])) {
          expect([status, body['error']]).toEqual([400, 'invalid_grant']);
        }
        expect((await userinfo(harness, String(won[0]?.body['access_token']))).status).toBe(401);
        expect((await refresh(harness, String(won[0]?.body['refresh_token']))).status).toBe(400);
      }
    });

    it('use one refresh token: one succeeds, and the family is revoked', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const { refresh_token: token } = await signIn(harness);
        const answers = await Promise.all(times(PARALLEL, () => refresh(harness, token)));
        const won = answers.filter(({ status }) => status === 200);
        expect(won).toHaveLength(1);
        expect((await refresh(harness, String(won[0]?.body['refresh_token']))).status).toBe(400);
      }
    });

    it('use one refresh token of a service whose older ones stay good: all succeed, and all go on', async () => {
      const rp = await register(harness, { compatibility: ['older_refresh_tokens'] });
      const { refresh_token: token } = await rp.signIn();
      const answers = await Promise.all(times(PARALLEL, () => rp.refresh(token)));
      expect(answers.map(({ status }) => status)).toEqual(times(PARALLEL, () => 200));
      const next = answers.map(({ body }) => String(body['refresh_token']));
      expect(new Set(next).size).toBe(PARALLEL);
      const again = await Promise.all(next.map((each) => rp.refresh(each)));
      expect(again.map(({ status }) => status)).toEqual(times(PARALLEL, () => 200));
      // One revocation still ends them all, and those being refreshed at that moment.
      const during = again.map(({ body }) => String(body['refresh_token']));
      await Promise.all([
        rp.post('revoke', { token: during[0] }),
        ...during.slice(1).map((each) => rp.refresh(each)),
      ]);
      const after = await Promise.all(during.slice(1).map((each) => rp.refresh(each)));
      expect(after.map(({ body }) => body['error'])).toEqual(times(PARALLEL - 1, () => 'invalid_grant'));
    });

    it('use one signed refresh token: one succeeds, and the family is revoked', async () => {
      const rp = await register(harness, { compatibility: ['refresh_token_jwt'] });
      for (let round = 0; round < ROUNDS; round += 1) {
        const { refresh_token: token } = await rp.signIn();
        const answers = await Promise.all(times(PARALLEL, () => rp.refresh(token)));
        const won = answers.filter(({ status }) => status === 200);
        expect(won).toHaveLength(1);
        expect((await rp.refresh(String(won[0]?.body['refresh_token']))).body['error']).toBe('invalid_grant');
        expect((await userinfo(harness, String(won[0]?.body['access_token']))).status).toBe(401);
      }
    });

    it('poll with one device code: one gets tokens', async () => {
      const rp = await register(harness, { grant_types: [DEVICE_CODE], token_endpoint_auth_method: 'none' });
      for (let round = 0; round < ROUNDS; round += 1) {
        const { body: device } = await rp.post('auth/device', { client_id: rp.clientId, scope: 'openid' });
        await approveDevice(harness, String(device['user_code']));
        const answers = await Promise.all(
          times(PARALLEL, () =>
            rp.post('token', {
              grant_type: DEVICE_CODE,
              client_id: rp.clientId,
              device_code: String(device['device_code']),
            }),
          ),
        );
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
        for (const { status, body } of answers.filter((each) => each.status !== 200)) {
          expect([status, body['error']]).toEqual([400, 'slow_down']);
        }
      }
    });

    it('sign in while everything of the person ends: nothing that was given before outlives it', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const before = await Promise.all(times(4, () => signIn(harness)));
        const [, ...during] = await Promise.all([
          harness.oidc.endSessionsOf({ nationalId: DOCTOR }),
          ...before.map(({ refresh_token: token }) => refresh(harness, token)),
        ]);
        for (const tokens of before) {
          expect((await userinfo(harness, tokens.access_token)).status).toBe(401);
          expect((await refresh(harness, tokens.refresh_token)).status).toBe(400);
        }
        for (const { status, body } of during) {
          if (status !== 200) continue;
          expect((await userinfo(harness, String(body['access_token']))).status).toBe(401);
          expect((await refresh(harness, String(body['refresh_token']))).status).toBe(400);
        }
      }
    });

    it('open two services with one session: both get in, and both stay in', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const browser = new Browser();
        await signIn(harness, browser);
        const [one, two] = await Promise.all([
          signIn(harness, browser),
          authorize(harness, browser, { client_id: 'sandbox-public' }),
        ]);
        const second = await post(
          harness,
          'token',
          {
            grant_type: 'authorization_code',
            client_id: 'sandbox-public',
            code: two.answer.get('code') ?? '',
            redirect_uri: REDIRECT,
            code_verifier: two.verifier,
          },
          {},
        );
        expect((await userinfo(harness, one.access_token)).status).toBe(200);
        expect((await userinfo(harness, String(second.body['access_token']))).status).toBe(200);
      }
    });
  },
);

describe('two processes that start together', () => {
  const audit = createAudit({ clock: systemClock });

  it('make one pair of signing keys, and read each other’s', async () => {
    const { url } = await testDatabase();
    const keyring = createKeyRing(bytes(32));
    const databases = times(4, () => openDatabase(url, { max: 2 }));
    onFileEnd(async () => {
      await Promise.all(databases.map((db) => db.close()));
    });
    const loaded = await Promise.all(
      databases.map((db) => loadSigningKeys({ db, keyring, clock: systemClock, audit })),
    );
    const kids = new Set(
      loaded.map((keys) =>
        keys
          .map(({ kid, algorithm }) => `${algorithm} ${kid}`)
          .sort()
          .join(),
      ),
    );
    expect(kids.size).toBe(1);
    expect(loaded[0]?.map(({ algorithm }) => algorithm).sort()).toEqual(['ES256', 'RS256']);
    const [db] = databases;
    const other = createKeyRing(bytes(32));
    await expect(
      loadSigningKeys({ db: db as NonNullable<typeof db>, keyring: other, clock: systemClock, audit }),
    ).rejects.toThrow(/CADUCEE_MASTER_KEY/);
  });

  it('preregister the sandbox’s clients once', async () => {
    const { db } = await testDatabase();
    const clients = createClients({ db });
    const services = {
      vaccinCovid: 'http://localhost:4003',
      siDep: 'http://localhost:4004',
      portal: 'http://localhost:4008',
    };
    await Promise.all(times(4, () => seedSandboxClients(clients, services)));
    expect((await clients.list()).map(({ clientId }) => clientId)).toEqual([
      'portail',
      'sandbox',
      'sandbox-mtls',
      'sandbox-public',
      'si-dep',
      'vaccin-covid',
    ]);
  });
});
