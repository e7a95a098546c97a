import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import { createClientsCommand } from '../../src/clients/command.ts';
import type { Finding } from '../../src/clients/doctor.ts';
import { forgetFailures, listFailures } from '../../src/clients/failures.ts';
import { forgetSecrets } from '../../src/clients/secrets.ts';
import type { CommandContext } from '../../src/command.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { assertion, nowSeconds, serviceKey, withAssertion } from '../support/client-keys.ts';
import { unnamed } from '../support/command.ts';
import {
  Browser,
  REDIRECT,
  authorizationRequest,
  authorize,
  basic,
  post,
  refresh as refreshSandbox,
  signIn as signInSandbox,
  startProvider,
  userinfo,
  type Harness,
} from './oidc-harness.ts';

/** Services under an operator's hands while they are in use: disabled, given a new secret, explained. */

let harness: Harness;
let folder: string;
const key = serviceKey();
beforeAll(async () => {
  harness = await startProvider('postgres');
  folder = await mkdtemp(join(tmpdir(), 'caducee-clients-'));
  onFileEnd(() => rm(folder, { recursive: true }));
  await harness.addClient(
    {
      client_id: 'dmp',
      client_name: 'DMP',
      redirect_uris: ['https://dmp.example/cb'],
      access_token_format: 'opaque',
    },
    'dmp-secret',
  );
  await harness.addClient({
    client_id: 'signed',
    client_name: 'Signed',
    redirect_uris: [REDIRECT],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [key.jwk] },
  });
});

const run = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
  const text = { out: '', err: '' };
  const into = (name: 'out' | 'err') =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        text[name] += chunk.toString();
        done();
      },
    });
  const context = {
    io: {
      stdin: process.stdin,
      stdout: into('out'),
      stderr: into('err'),
      interactive: false,
      root: '.',
      locale: 'en',
    },
    config: async () => harness.config,
    database: async () => harness.db,
    keyring: () => Promise.reject(new Error('not needed')),
    portBase: 4000,
    ...unnamed,
  } as CommandContext;
  const command = createClientsCommand({
    endSessionsOf: async (_context, clientId) => harness.oidc.endSessionsOf({ clientId }, { by: 'operator' }),
  });
  const code = await command(args, context);
  return { code, ...text };
};
const json = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await run(...args, '--json')).out) as Record<string, unknown>;

describe('a service that is disabled', () => {
  it('is unknown at once, and so is all it was given; enabled, it begins anew', async () => {
    const before = await signInSandbox(harness);
    expect((await userinfo(harness, before.access_token)).status).toBe(200);
    const told = await json('disable', 'sandbox');
    expect(told).toEqual({ client_id: 'sandbox', disabled: true, sessions: 1 });
    expect((await userinfo(harness, before.access_token)).status).toBe(401);
    expect((await refreshSandbox(harness, before.refresh_token)).body['error']).toBe('invalid_client');
    const { response } = await new Browser().follow(authorizationRequest(harness).url);
    expect(await response.text()).toContain('service_unknown');

    expect((await run('enable', 'sandbox')).out).toBe('sandbox is enabled.\n');
    expect((await userinfo(harness, before.access_token)).status).toBe(401);
    expect((await refreshSandbox(harness, before.refresh_token)).body['error']).toBe('invalid_grant');
    expect((await signInSandbox(harness)).access_token).toBeTypeOf('string');
    const rows = (await harness.audit()).filter(({ type }) => type === 'client_changed');
    expect(rows.map(({ details }) => details['change'])).toEqual(['disabled', 'enabled']);
  });

  it('ends its own part of a session only', async () => {
    const browser = new Browser();
    const one = await signInSandbox(harness, browser);
    const { answer, verifier } = await authorize(harness, browser, { client_id: 'sandbox-public' });
    const other = await post(
      harness,
      'token',
      {
        grant_type: 'authorization_code',
        code: answer.get('code') ?? '',
        redirect_uri: REDIRECT,
        code_verifier: verifier,
        client_id: 'sandbox-public',
      },
      {},
    );
    await run('disable', 'sandbox-public');
    expect((await userinfo(harness, String(other.body['access_token']))).status).toBe(401);
    expect((await userinfo(harness, one.access_token)).status).toBe(200);
    await run('enable', 'sandbox-public');
  });

  it('and what is not known is told', async () => {
    for (const verb of ['disable', 'enable', 'rotate-secret', 'doctor', 'show']) {
      const { code, err } = await run(verb, 'nobody');
      expect([verb, code, err.includes('nobody')]).toEqual([verb, 1, true]);
      await expect(run(verb)).rejects.toThrow(/takes the id of a client/);
    }
  });
});

const ask = async (secret: string) =>
  (await post(harness, 'token/introspect', { token: 'none' }, basic('dmp', secret))).status;

describe('a new secret', () => {
  it('is told once; the one before is accepted for as long as was said', async () => {
    const told = await json('rotate-secret', 'dmp', '--overlap', '1h');
    expect(Date.parse(String(told['previous_until'])) - Date.now()).toBeGreaterThan(3_500_000);
    const fresh = String(told['secret']);
    expect(fresh).toMatch(/^[\w-]{43}$/);
    expect([await ask(fresh), await ask('dmp-secret'), await ask('wrong')]).toEqual([200, 200, 401]);
    const { rows } = await harness.db.query<{ text: string }>(
      `SELECT relying_party::text AS text FROM relying_party WHERE client_id = 'dmp'`,
    );
    expect(rows[0]?.text).not.toContain(fresh);
    expect(await json('show', 'dmp')).toMatchObject({ secrets: 2, secrets_end: [told['previous_until']] });
    expect((await run('show', 'dmp')).out).not.toContain(fresh);

    const last = await json('rotate-secret', 'dmp', '--overlap', '0');
    expect([await ask(String(last['secret'])), await ask(fresh), await ask('dmp-secret')]).toEqual([
      200, 401, 401,
    ]);
    // A service is told from which secret it failed: the doctor recognises one that ended.
    await harness.oidc.failuresWritten();
    const { findings } = (await json('doctor', 'dmp')) as unknown as { findings: Finding[] };
    expect(findings.find(({ cause }) => cause === 'secret ended')?.what).toContain('rotated');
    await forgetSecrets({
      db: harness.db,
      clock: { ...systemClock, now: () => new Date(Date.now() + 30 * 86_400_000) },
    });
    expect(await ask(String(last['secret']))).toBe(200);
    expect((await harness.clients.find('dmp'))?.secrets).toHaveLength(1);
  });

  it('takes a time it understands, and a service that has secrets', async () => {
    for (const overlap of ['1', 'soon', '-1h', '1y', '1000d']) {
      await expect(run('rotate-secret', 'dmp', '--overlap', overlap)).rejects.toThrow(/--overlap/);
    }
    const { code, err } = await run('rotate-secret', 'signed');
    expect([code, err]).toEqual([1, 'signed has no secret: it is registered with private_key_jwt\n']);
  });

  it('of many rotated at once, each is kept or ended in its turn', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, () => json('rotate-secret', 'dmp', '--overlap', '1h')),
    );
    const statuses = await Promise.all(all.map(({ secret }) => ask(String(secret))));
    expect(statuses.filter((status) => status === 200).length).toBe(5);
    const now = await harness.clients.find('dmp');
    expect(now?.secrets.filter(({ endsAt }) => endsAt === undefined)).toHaveLength(1);
  });
});

describe('apply', () => {
  const declare = async (declaration: object): Promise<string> => {
    const path = join(folder, 'service.json');
    await writeFile(path, JSON.stringify(declaration));
    return path;
  };
  const service = {
    client_id: 'applied',
    client_name: 'Applied',
    redirect_uris: ['https://a.example/cb', 'https://b.example/cb'],
  };

  it('tells what it would do and does nothing with --dry-run', async () => {
    const path = await declare(service);
    const { out } = await run('apply', path, '--dry-run');
    expect(out).toMatch(/^Nothing was changed: this is what would be\.\napplied +added\n/);
    expect(out).toContain('  redirect_uris: ["https://a.example/cb","https://b.example/cb"]\n');
    expect(out).toContain('  a secret would be generated\n');
    expect(await harness.clients.find('applied')).toBeUndefined();
    await run('apply', path);

    const changed = await declare({
      ...service,
      redirect_uris: ['https://b.example/cb', 'https://c.example/cb'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.jwk] },
      compatibility: ['nonce_optional'],
    });
    const dry = await run('apply', changed, '--dry-run');
    expect(dry.out).toContain('applied                  changed\n  compatibility:\n    + "nonce_optional"\n');
    expect(dry.out).toContain(
      '  redirect_uris:\n    - "https://a.example/cb"\n    + "https://c.example/cb"\n',
    );
    expect(dry.out).toContain('token_endpoint_auth_method: "client_secret_basic" → "private_key_jwt"');
    expect(dry.out).toContain('  its secrets would be removed\n');
    expect((await harness.clients.find('applied'))?.secrets).toHaveLength(1);
    const done = await run('apply', changed);
    expect(done.out.split('\n').slice(0, 3)).toEqual(dry.out.split('\n').slice(1, 4));
    expect((await harness.clients.find('applied'))?.secrets).toHaveLength(0);
    expect((await run('show', 'applied')).out).toMatch(/nonce_optional +Signs in without nonce/);
    expect((await run('show', 'dmp')).out).toMatch(/compatibility +none/);
  });

  it('refuses what this provider’s configuration cannot do', async () => {
    const path = await declare({
      ...service,
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_san_dns: 'a.example',
    });
    const { code, err } = await run('apply', path);
    expect([code, err]).toEqual([1, expect.stringContaining('CADUCEE_MTLS_ORIGIN')]);
    await expect(run('apply', join(folder, 'absent'))).rejects.toThrow(/there is no/);
  });

  it('two at once leave the service as one of them said', async () => {
    const paths = await Promise.all(
      ['x', 'y'].map(async (name) => {
        const path = join(folder, `${name}.json`);
        await writeFile(path, JSON.stringify({ ...service, client_id: 'raced', client_name: name }));
        return path;
      }),
    );
    const secrets = (await Promise.all(paths.map((path) => json('apply', path)))).flatMap(({ clients }) =>
      (clients as { secret?: string }[]).flatMap(({ secret }) => secret ?? []),
    );
    const stored = await harness.clients.find('raced');
    expect(['x', 'y']).toContain(stored?.metadata.client_name);
    expect(secrets.length).toBeGreaterThan(0);
  });
});

describe('the doctor', () => {
  const url = (parameters: Record<string, string | undefined>) =>
    authorizationRequest(harness, { client_id: 'dmp', redirect_uri: 'https://dmp.example/cb', ...parameters })
      .url;
  const visit = (parameters: Record<string, string | undefined>) => new Browser().follow(url(parameters));
  const findings = async (clientId: string): Promise<Finding[]> => {
    await harness.oidc.failuresWritten();
    return ((await json('doctor', clientId)) as unknown as { findings: Finding[] }).findings;
  };
  const secret = async (): Promise<string> => {
    const { secret: fresh } = await json('rotate-secret', 'dmp', '--overlap', '0');
    return String(fresh);
  };

  it('explains each failure once, with what to do', async () => {
    const good = await secret();
    await visit({ redirect_uri: 'https://dmp.example/cb/' });
    await visit({ redirect_uri: 'https://dmp.example/cb/' });
    await visit({ redirect_uri: 'http://dmp.example/cb' });
    await visit({ acr_values: 'eidas3' });
    await visit({ code_challenge: undefined, code_challenge_method: undefined });
    await visit({ nonce: undefined });
    await post(
      harness,
      'token',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      basic('dmp', 'nonsense'),
    );
    await post(
      harness,
      'token',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      basic('dmp', `${good} `),
    );
    await post(harness, 'token', { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'dmp' }, {});
    await post(
      harness,
      'token',
      { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'dmp', client_secret: good },
      basic('dmp', good),
    );
    const told = await findings('dmp');
    const about = (what: RegExp) => told.find((finding) => what.test(finding.what));
    expect(about(/slash at the end/)).toMatchObject({
      count: 2,
      endpoint: 'authorization',
      facts: ['sent:       https://dmp.example/cb/', 'registered: https://dmp.example/cb'],
      supportId: expect.any(String),
    });
    expect(about(/differ by the scheme/)).toBeDefined();
    expect(about(/no level that a means/)?.facts).toEqual(['asked: eidas3', 'handled: eidas1']);
    expect(about(/PKCE is required/)?.fix).toContain('pkce_optional');
    expect(about(/had no nonce/)?.fix).toContain('nonce_optional');
    expect(about(/^The secret differs\.$/)).toBeDefined();
    expect(about(/space or a line end/)).toBeDefined();
    expect(about(/prove who it is the way/)?.facts).toEqual([
      'sent: nothing',
      'registered: its secret by Basic (client_secret_basic)',
    ]);
    expect(about(/by Basic and in the body/)?.fix).toContain('secret_sent_twice');
    const { out } = await run('doctor', 'dmp');
    expect(out).toMatch(/^ {3}→ /m);
    expect(out).not.toContain(good);
    expect(out).not.toContain('nonsense');
  });

  it('tells codes: late, replayed, without or with the wrong verifier, for another address', async () => {
    const good = await secret();
    const headers = basic('dmp', good);
    const code = async () => {
      const { answer, verifier } = await authorize(harness, new Browser(), {
        client_id: 'dmp',
        redirect_uri: 'https://dmp.example/cb',
      });
      return {
        grant_type: 'authorization_code',
        code: answer.get('code') ?? '',
        code_verifier: verifier,
        redirect_uri: 'https://dmp.example/cb',
      };
    };
    const first = await code();
    await post(harness, 'token', first, headers);
    await post(harness, 'token', first, headers);
    const { code_verifier: _left, ...without } = await code();
    await post(harness, 'token', without, headers);
    await post(harness, 'token', { ...(await code()), code_verifier: 'x'.repeat(43) }, headers);
    await post(
      harness,
      'token',
      { ...(await code()), redirect_uri: 'https://dmp.example/cb?x=secretvalue' },
      headers,
    );
    await post(harness, 'token', { ...(await code()), code: 'unknown' }, headers);
    const told = (await findings('dmp')).map(({ what }) => what);
    for (const what of [
      /A code was redeemed twice/,
      /code_verifier is missing/,
      /code_verifier is not the one/,
      /another redirect_uri than the one/,
      /The code is unknown/,
    ]) {
      expect(told).toContainEqual(expect.stringMatching(what));
    }
    const kept = JSON.stringify(await listFailures(harness.db, 'dmp', new Date(0)));
    for (const hidden of [first.code, first.code_verifier, good, 'secretvalue'])
      expect(kept).not.toContain(hidden);
  });

  it('tells assertions: clocks, audiences, keys, replays', async () => {
    const send = async (text: string) =>
      post(harness, 'token', { grant_type: 'refresh_token', refresh_token: 'x', ...withAssertion(text) }, {});
    const { issuer } = harness.config;
    const late = nowSeconds() - 130;
    await send(await assertion(key, 'signed', issuer, { iat: late, exp: late + 60 }));
    await send(
      await assertion(key, 'signed', issuer, {
        iat: nowSeconds() + 70,
        nbf: nowSeconds() + 70,
        exp: nowSeconds() + 130,
      }),
    );
    await send(await assertion(key, 'signed', 'https://other.example'));
    await send(await assertion(serviceKey(), 'signed', issuer));
    const twice = await assertion(key, 'signed', issuer);
    await send(twice);
    await send(twice);
    const told = await findings('signed');
    const about = (what: RegExp) => told.find((finding) => what.test(finding.what));
    expect(about(/clock is 1[23]\d s late\./)?.fix).toContain('NTP');
    expect(about(/is for somebody else/)?.facts).toContain('aud: https://other.example');
    expect(about(/not by a key of this service/)).toBeDefined();
    expect(about(/came a second time/)).toBeDefined();
    expect(about(/clock is (69|70|71) s ahead/)).toBeDefined();
  });

  it('says when nothing failed, and looks no further back than asked', async () => {
    expect((await run('doctor', 'vaccin-covid')).out).toBe('No request of this service failed of late.\n');
    await expect(run('doctor', 'dmp', '--since', '90d')).rejects.toThrow(/--since/);
    await harness.db.query(
      `UPDATE client_failure SET at = now() - interval '2 hours' WHERE client_id = 'signed'`,
    );
    expect((await run('doctor', 'signed', '--since', '1h')).out).toContain('No request');
  });

  it('is not filled by who makes a service’s requests fail, nor kept for ever', async () => {
    await harness.addClient(
      { client_id: 'busy', client_name: 'Busy', redirect_uris: [REDIRECT] },
      'busy-secret',
    );
    for (let count = 0; count < 40; count += 1) {
      await new Browser().fetch(
        authorizationRequest(harness, { client_id: 'busy', redirect_uri: 'https://x.example/' }).url,
      );
    }
    await harness.oidc.failuresWritten();
    expect((await listFailures(harness.db, 'busy', new Date(0))).length).toBe(30);
    await harness.db.query(
      `INSERT INTO client_failure (client_id, at, endpoint, error) SELECT 'busy', now(), 'token', 'x' FROM generate_series(1, 300)`,
    );
    await harness.db.query(
      `INSERT INTO client_failure (client_id, at, endpoint, error) VALUES ('dmp', now() - interval '30 days', 'token', 'ancient')`,
    );
    await forgetFailures({ db: harness.db, clock: systemClock });
    const { rows } = await harness.db.query<{ busy: number; old: number }>(
      `SELECT count(*) FILTER (WHERE client_id = 'busy') AS busy, count(*) FILTER (WHERE error = 'ancient') AS old FROM client_failure`,
    );
    expect(rows[0]).toEqual({ busy: 200, old: 0 });
  });
});
