import { request } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAudit } from '../../src/audit/record.ts';
import { fingerprintOf } from '../../src/oidc/keys.ts';
import type { Oidc } from '../../src/oidc/provider.ts';
import { retireKey, rotateKeys, SPREAD_SECONDS, type RotateDeps } from '../../src/oidc/signing/rotate.ts';
import { createKeyWatch } from '../../src/oidc/signing/watch.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { keyringKms } from '../../src/platform/kms/keyrings.ts';
import { createKmsRing } from '../../src/platform/kms/kms.ts';
import { createLog } from '../../src/platform/log.ts';
import { headerOf, SANDBOX, signIn, startProvider, type Harness } from './oidc-harness.ts';

/** Two nodes on one database and one store, while keys rotate under them. */

let one: Harness;
let two: Harness;
let deps: RotateDeps;
/** The keys' clock: rotations need not be waited for. */
const clock = new ManualClock();

const watchOf = (oidc: Oidc) =>
  createKeyWatch({
    db: one.db,
    log: createLog('silent'),
    loaded: () => fingerprintOf(oidc.keys()),
    reload: () => oidc.reloadKeys(),
  });

/** Both nodes look, as they do every few seconds. */
const notice = async (): Promise<void> => {
  await Promise.all([watchOf(one.oidc).look(), watchOf(two.oidc).look()]);
};

/** Asks one node, by the address of the provider, as a load balancer would. */
const ask = (
  node: Harness,
  path: string,
  { form, token }: { form?: Record<string, string>; token?: string } = {},
): Promise<{ status: number; body: Record<string, unknown> }> =>
  new Promise((resolve, reject) => {
    const { pathname, host } = new URL(one.config.issuer);
    const headers = {
      host,
      ...(form ? { ...SANDBOX, 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const where = { host: '127.0.0.1', port: new URL(node.origin).port, method: form ? 'POST' : 'GET' };
    request({ ...where, path: `${pathname}/protocol/openid-connect/${path}`, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          body: JSON.parse(text || '{}') as Record<string, unknown>,
        }),
      );
    })
      .on('error', reject)
      .end(form && new URLSearchParams(form).toString());
  });

const jwks = async (node: Harness): Promise<string[]> => {
  const { body } = await ask(node, 'certs');
  return (body['keys'] as { kid: string }[]).map(({ kid }) => kid).sort();
};

const refreshAt = (node: Harness, token: string) =>
  ask(node, 'token', { form: { grant_type: 'refresh_token', refresh_token: token } });

const isGood = async (node: Harness, token: string): Promise<boolean> => {
  const [info, introspection] = await Promise.all([
    ask(node, 'userinfo', { token }),
    ask(node, 'token/introspect', { form: { token } }),
  ]);
  expect(info.status === 200).toBe(introspection.body['active'] === true);
  return info.status === 200;
};

beforeAll(async () => {
  one = await startProvider('redis');
  two = await startProvider('redis', {}, { beside: one });
  const kms = createKmsRing(keyringKms('env', createKeyRing(one.config.masterKey)));
  deps = {
    ...{ db: one.db, kms, clock },
    audit: createAudit({ clock }),
    schedule: { days: 90, announceSeconds: 86_400, publishSeconds: 14_400 },
  };
});

describe('a rotation', () => {
  it('goes through both nodes without a restart; what was signed before verifies after', async () => {
    clock.advance(120);
    const before = await signIn(one);
    const old = headerOf(before.access_token)['kid'];
    expect(await isGood(two, before.access_token)).toBe(true);

    await rotateKeys(deps);
    await notice();
    const announced = await jwks(one);
    expect(announced).toHaveLength(4);
    expect(await jwks(two)).toEqual(announced);
    expect(headerOf((await signIn(one)).access_token)['kid']).toBe(old);

    clock.advance(86_400);
    await rotateKeys(deps);
    // One node knows, the other does not yet: each accepts what the other signs.
    await watchOf(one.oidc).look();
    const fresh = await signIn(one);
    expect(headerOf(fresh.access_token)['kid']).not.toBe(old);
    expect(announced).toContain(headerOf(fresh.access_token)['kid']);
    expect(headerOf(fresh.id_token)['kid']).toBe(headerOf(fresh.access_token)['kid']);
    expect(await isGood(two, fresh.access_token)).toBe(true);
    const late = String((await refreshAt(two, fresh.refresh_token)).body['access_token']);
    expect(headerOf(late)['kid']).toBe(old);
    expect(await isGood(one, late)).toBe(true);

    await notice();
    expect(await jwks(one)).toEqual(await jwks(two));
    for (const node of [one, two]) expect(await isGood(node, before.access_token)).toBe(true);
    expect((await refreshAt(two, before.refresh_token)).status).toBe(200);
  });

  it('withdraws a compromised key: what it signed is worth nothing, its sessions go on', async () => {
    const tokens = await signIn(one);
    const kid = String(headerOf(tokens.access_token)['kid']);
    clock.advance(120);
    expect(await retireKey(deps, { kid, compromised: true })).toMatchObject({ done: 'waiting' });
    await notice();
    clock.advance(SPREAD_SECONDS);
    expect(await retireKey(deps, { kid, compromised: true })).toMatchObject({ done: 'withdrawn' });
    await notice();
    for (const node of [one, two]) {
      expect(await jwks(node)).not.toContain(kid);
      expect(await isGood(node, tokens.access_token)).toBe(false);
    }
    const renewed = await refreshAt(two, tokens.refresh_token);
    expect(renewed.status).toBe(200);
    expect(await isGood(one, String(renewed.body['access_token']))).toBe(true);
  });
});
