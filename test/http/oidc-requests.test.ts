import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { register } from '../conformance/rp.ts';
import { onFileEnd } from '../support/cleanup.ts';
import {
  Browser,
  DOCTOR,
  REDIRECT,
  authorizationRequest,
  authorize,
  basic,
  headerOf,
  payloadOf,
  post,
  refresh,
  signIn,
  startProvider,
  userinfo,
  type Harness,
} from './oidc-harness.ts';

describe('what services ask for', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startProvider('postgres');
    await harness.addClient(
      {
        client_id: 'modern',
        client_name: 'Modern',
        redirect_uris: ['https://modern.example/cb'],
        id_token_signed_response_alg: 'ES256',
        access_token_format: 'opaque',
        token_endpoint_auth_method: 'client_secret_post',
      },
      'modern-secret',
    );
  });

  it('takes an authorization request by POST, answering 303 to GET', async () => {
    const { query } = authorizationRequest(harness);
    const browser = new Browser();
    const response = await browser.fetch(`${harness.origin}/auth`, { method: 'POST', body: query });
    expect(response.status).toBe(303);
    const { location } = await browser.follow(
      new URL(response.headers.get('location') ?? '', harness.origin).href,
    );
    expect(new URL(location ?? '').searchParams.get('code')).toBeTruthy();
  });

  it('answers at Keycloak’s address too', async () => {
    const { query } = authorizationRequest(harness);
    const url = `${harness.config.issuer}/protocol/openid-connect/auth?${query.toString()}`;
    const { location } = await new Browser().follow(url);
    expect(new URL(location ?? '').searchParams.get('iss')).toBe(harness.config.issuer);
  });

  it('understands a lone scope_all, acr for acr_values, and prompt=consent', async () => {
    const tokens = await signIn(harness, new Browser(), { scope: 'scope_all' });
    expect(tokens.scope.split(' ').sort()).toEqual(['openid', 'scope_all']);
    const { answer } = await authorize(harness, new Browser(), {
      acr_values: undefined,
      acr: 'eidas1',
      prompt: 'consent',
    });
    expect(answer.get('code')).toBeTruthy();
  });

  it('answers the truth to an acr it does not have, and refuses it only if essential', async () => {
    const asked = await signIn(harness, new Browser(), { acr_values: 'eidas3' });
    expect(payloadOf(asked.id_token)['acr']).toBe('eidas1');
    const essential = (acr: object) => JSON.stringify({ id_token: { acr: { essential: true, ...acr } } });
    for (const acr of [{ value: 'eidas3' }, { values: ['eidas2', 'eidas3'] }]) {
      const { answer } = await authorize(harness, new Browser(), { claims: essential(acr) });
      expect(answer.get('error')).toBe('unmet_authentication_requirements');
    }
    const reached = await authorize(harness, new Browser(), {
      claims: essential({ values: ['eidas3', 'eidas1'] }),
    });
    expect(reached.answer.get('code')).toBeTruthy();
    harness.signIn.acr = 'eidas0';
    const missed = await authorize(harness, new Browser(), { claims: essential({ value: 'eidas1' }) });
    harness.signIn.acr = 'eidas1';
    expect(missed.answer.get('error')).toBe('unmet_authentication_requirements');
  });

  it('gives by the claims parameter nothing that the registered scopes would not', async () => {
    const rp = await register(harness, { scope: 'openid identity' });
    const claims = JSON.stringify({
      userinfo: { codeCivilite: null, SubjectRefPro: null },
      id_token: { codeCivilite: { essential: true }, Secteur_Activite: { essential: true } },
    });
    const tokens = await rp.signIn(new Browser(), { claims });
    const said = await (await userinfo(harness, tokens.access_token)).json();
    expect(said).toEqual({ sub: expect.any(String), codeCivilite: 'M' });
    expect(payloadOf(tokens.id_token)).toHaveProperty('codeCivilite');
    expect(payloadOf(tokens.id_token)).not.toHaveProperty('Secteur_Activite');
  });

  it('answers alike whoever login_hint names', async () => {
    const answers = await Promise.all(
      [DOCTOR, '810000000000', 'x'.repeat(300), '', "' OR 1=1"].map(async (hint) => {
        const silent = await authorize(harness, new Browser(), { prompt: 'none', login_hint: hint });
        const asked = await new Browser().fetch(authorizationRequest(harness, { login_hint: hint }).url);
        const location = (asked.headers.get('location') ?? '').replace(/[^/]+$/, '');
        return [silent.answer.get('error'), asked.status, location];
      }),
    );
    expect(new Set(answers.map((answer) => answer.join(' '))).size).toBe(1);
  });

  it('takes equal secrets by Basic and in the body as one, and refuses different ones', async () => {
    const tokens = await signIn(harness);
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: 'sandbox' };
    expect((await post(harness, 'token', { ...form, client_secret: 'other' })).body).toMatchObject({
      error: 'invalid_request',
    });
    expect((await post(harness, 'token', { ...form, client_secret: 'sandbox-secret' })).status).toBe(200);
  });

  it('requires PKCE of public clients, and accepts confidential ones without', async () => {
    const plain = { code_challenge: undefined, code_challenge_method: undefined };
    const without = await authorize(harness, new Browser(), { client_id: 'sandbox-public', ...plain });
    expect(without.answer.get('error')).toBe('invalid_request');
    const weak = await authorize(harness, new Browser(), {
      client_id: 'sandbox-public',
      code_challenge_method: 'plain',
    });
    expect(weak.answer.get('error')).toBe('invalid_request');
    const confidential = await authorize(harness, new Browser(), plain);
    const form = {
      grant_type: 'authorization_code',
      code: confidential.answer.get('code') ?? '',
      redirect_uri: REDIRECT,
    };
    expect((await post(harness, 'token', form)).status).toBe(200);
    const strict = await authorize(harness, new Browser(), {
      client_id: 'modern',
      redirect_uri: 'https://modern.example/cb',
      ...plain,
    });
    expect(strict.answer.get('error')).toBe('invalid_request');
  });

  it('refuses a wrong verifier, a wrong secret, another client’s code', async () => {
    const { answer, verifier } = await authorize(harness, new Browser());
    const form = { grant_type: 'authorization_code', code: answer.get('code') ?? '', redirect_uri: REDIRECT };
    const code = { ...form, code_verifier: verifier };
    expect((await post(harness, 'token', { ...form, code_verifier: 'x'.repeat(43) })).body).toMatchObject({
      error: 'invalid_grant',
    });
    expect(await post(harness, 'token', code, basic('sandbox', 'wrong'))).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect((await post(harness, 'token', code, basic('si-dep', 'si-dep-secret'))).body).toMatchObject({
      error: 'invalid_grant',
    });
    expect((await post(harness, 'token', { ...code, redirect_uri: `${REDIRECT}/` })).body).toMatchObject({
      error: 'invalid_grant',
    });
    expect((await post(harness, 'token', code)).status).toBe(200);
  });

  it('signs by ES256 and gives opaque tokens to who chose them', async () => {
    const redirect = 'https://modern.example/cb';
    const { answer, verifier } = await authorize(harness, new Browser(), {
      client_id: 'modern',
      redirect_uri: redirect,
    });
    const { body } = await post(
      harness,
      'token',
      {
        grant_type: 'authorization_code',
        code: answer.get('code') ?? '',
        redirect_uri: redirect,
        code_verifier: verifier,
        client_id: 'modern',
        client_secret: 'modern-secret',
      },
      {},
    );
    expect(headerOf(String(body['id_token']))).toMatchObject({ alg: 'ES256', typ: 'JWT' });
    expect(String(body['access_token']).split('.')).toHaveLength(2);
    expect((await userinfo(harness, String(body['access_token']))).status).toBe(200);
  });

  it('lets the sandbox’s own clients return to any address of this machine, and no other', async () => {
    for (const redirect of ['http://localhost:1234/any/path', 'http://[::1]:9/cb']) {
      const { location } = await authorize(harness, new Browser(), {
        client_id: 'sandbox-public',
        redirect_uri: redirect,
      });
      expect(location).toContain(new URL(redirect).host);
    }
    for (const parameters of [
      { redirect_uri: 'https://evil.example/cb' },
      { redirect_uri: 'http://localhost.evil.example/' },
      { client_id: 'si-dep', redirect_uri: 'http://localhost:1234/callback' },
    ]) {
      const { response, location } = await new Browser().follow(
        authorizationRequest(harness, parameters).url,
      );
      expect(location).toBeUndefined();
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('redirect_unknown');
    }
    const unknown = await new Browser().follow(authorizationRequest(harness, { client_id: 'nobody' }).url);
    expect(await unknown.response.text()).toContain('service_unknown');
  });

  it('answers by form_post with our page, errors included', async () => {
    const { response } = await new Browser().follow(
      authorizationRequest(harness, { response_mode: 'form_post' }).url,
    );
    const page = await response.text();
    expect(page).toContain(`action="${REDIRECT}"`);
    expect(page).toMatch(/name="code"/);
    expect(response.headers.get('content-security-policy')).toContain(
      `form-action 'self' ${new URL(REDIRECT).origin}`,
    );
    const refused = await new Browser().follow(
      authorizationRequest(harness, { response_mode: 'form_post', prompt: 'none' }).url,
    );
    expect(await refused.response.text()).toContain('login_required');
  });

  it('tells the sign-in pages what is asked, and the service when it is abandoned', async () => {
    const browser = new Browser();
    const { url } = authorizationRequest(harness, {
      login_hint: DOCTOR,
      ui_locales: 'en',
      acr_values: 'eidas2',
    });
    const started = await browser.fetch(url);
    const page = new URL(started.headers.get('location') ?? '', harness.origin).href;
    expect(page).toContain('/connexion/');
    expect(await (await browser.fetch(`${page}?look=1`)).json()).toEqual({
      uid: page.slice(page.lastIndexOf('/') + 1),
      service: { clientId: 'sandbox', name: 'Bac à sable', host: new URL(REDIRECT).host },
      redirectUri: REDIRECT,
      acr: 'eidas2',
      uiLocales: 'en',
      loginHint: DOCTOR,
    });
    expect(await (await new Browser().fetch(`${page}?look=1`)).json()).toEqual({});
    const { location } = await browser.follow(`${page}/abandon`);
    const answer = new URL(location ?? '').searchParams;
    expect([answer.get('error'), answer.get('state')]).toEqual(['access_denied', 'state-1']);
    expect((await browser.fetch(page)).status).toBe(400);
  });

  it('never answers a spoofed host', async () => {
    const status = await new Promise((resolve) => {
      request(
        `${harness.config.issuer}/.well-known/openid-configuration`,
        { headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example' } },
        (response) => {
          let body = '';
          response.on('data', (chunk: Buffer) => (body += chunk.toString()));
          response.on('end', () => resolve([response.statusCode, body.includes('evil.example')]));
        },
      ).end();
    });
    expect(status).toEqual([expect.any(Number), false]);
  });

  it('answers parameters sent twice with an error, not with a failure', async () => {
    const { url } = authorizationRequest(harness);
    for (const twice of [
      'scope=openid',
      'prompt=none',
      'acr=x&acr=y',
      'redirect_uri=x',
      'client_id=sandbox',
    ]) {
      const { response, location } = await new Browser().follow(`${url}&${twice}`);
      expect([twice, response.status < 500]).toEqual([twice, true]);
      if (location) expect(new URL(location).searchParams.get('error')).not.toBe('server_error');
    }
    for (const path of ['token', 'token/introspect', 'revoke']) {
      for (const field of ['client_secret', 'token', 'grant_type', 'client_id']) {
        const response = await fetch(`${harness.config.issuer}/protocol/openid-connect/${path}`, {
          method: 'POST',
          headers: basic('sandbox', 'sandbox-secret'),
          body: new URLSearchParams([
            [field, 'a.b.c'],
            [field, 'd.e.f'],
          ]),
        });
        expect([path, field, response.status < 500]).toEqual([path, field, true]);
      }
    }
  });

  it('lets a browser call the token endpoint for a public client from its own addresses only', async () => {
    const tokenEndpoint = `${harness.config.issuer}/protocol/openid-connect/token`;
    const call = async (origin: string, clientId: string) => {
      const response = await fetch(tokenEndpoint, {
        method: 'POST',
        headers: { origin },
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: 'x',
          client_id: clientId,
          ...(clientId === 'sandbox' ? { client_secret: 'sandbox-secret' } : {}),
        }),
      });
      return [
        response.headers.get('access-control-allow-origin'),
        ((await response.json()) as { error: string }).error,
      ];
    };
    expect(await call('http://localhost:3000', 'sandbox-public')).toEqual([
      'http://localhost:3000',
      'invalid_grant',
    ]);
    expect(await call('https://evil.example', 'sandbox-public')).toEqual([null, 'invalid_request']);
    expect(await call('http://localhost:3000', 'sandbox')).toEqual([null, 'invalid_request']);
    const preflight = await fetch(tokenEndpoint, {
      method: 'OPTIONS',
      headers: { origin: 'http://localhost:3000', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
  });

  it('writes a bounded number of a service’s refusals', async () => {
    const refused = async () =>
      (await harness.audit()).filter(
        ({ type, client_id: id }) => type === 'token_refused' && id === 'vaccin-covid',
      ).length;
    for (let round = 0; round < 4; round += 1) {
      await Promise.all(
        Array.from({ length: 10 }, () =>
          post(
            harness,
            'token',
            { grant_type: 'refresh_token', refresh_token: 'x' },
            basic('vaccin-covid', 'wrong'),
          ),
        ),
      );
    }
    expect(await refused()).toBe(30);
  });

  it('lets a disabled service do nothing', async () => {
    await harness.addClient(
      { client_id: 'former', client_name: 'Former', redirect_uris: [REDIRECT] },
      'former-secret',
    );
    const { answer, verifier } = await authorize(harness, new Browser(), { client_id: 'former' });
    await harness.clients.setDisabled('former', true);
    const form = {
      grant_type: 'authorization_code',
      code: answer.get('code') ?? '',
      redirect_uri: REDIRECT,
      code_verifier: verifier,
    };
    expect((await post(harness, 'token', form, basic('former', 'former-secret'))).status).toBe(401);
  });

  it('writes who signed in where, and counts the rest', async () => {
    const before = (await harness.audit()).length;
    const tokens = await signIn(harness);
    await userinfo(harness, tokens.access_token);
    await refresh(harness, tokens.refresh_token);
    const rows = (await harness.audit()).slice(before);
    expect(rows).toEqual([
      {
        type: 'sign_in_granted',
        national_id: DOCTOR,
        client_id: 'sandbox',
        details: { acr: 'eidas1', authMode: 'MOBILE', singleSignOn: false },
      },
      { type: 'tokens_issued', national_id: DOCTOR, client_id: 'sandbox', details: {} },
    ]);
    expect(harness.counts).toMatchObject({ userinfo: expect.any(Number), refresh: expect.any(Number) });
  });
});

describe('in production', () => {
  it('keeps loopback addresses to the letter, and calls no service on an internal network', async () => {
    const harness = await startProvider('postgres', { CADUCEE_MODE: 'production' });
    const refused = await new Browser().follow(authorizationRequest(harness).url);
    expect(await refused.response.text()).toContain('redirect_unknown');

    let called = 0;
    const internal = createServer((_request, response) => {
      called += 1;
      response.end();
    });
    await new Promise<void>((resolve) => internal.listen(0, '127.0.0.1', resolve));
    onFileEnd(() => new Promise((resolve) => internal.close(resolve)));
    await harness.addClient(
      {
        client_id: 'exact',
        client_name: 'Exact',
        redirect_uris: [REDIRECT],
        backchannel_logout_uri: `http://127.0.0.1:${(internal.address() as AddressInfo).port}/out`,
      },
      'secret',
    );
    await authorize(harness, new Browser(), { client_id: 'exact' });
    expect(await harness.oidc.endSessionsOf({ nationalId: DOCTOR })).toBe(1);
    await harness.oidc.deliveries.drain();
    expect(called).toBe(0);
    const [delivery] = await harness.oidc.deliveries.fate({ clientId: 'exact' });
    expect(delivery).toMatchObject({ kind: 'backchannel_logout' });
    expect(delivery?.state).not.toBe('sent');
  });

  it('behind a proxy that ends TLS, has https addresses and cookies bound to the host', async () => {
    const harness = await startProvider('postgres', {
      CADUCEE_MODE: 'production',
      CADUCEE_ISSUER: 'https://auth.example/auth/realms/esante-wallet',
      CADUCEE_TRUSTED_PROXIES: '127.0.0.1',
    });
    const get = (path: string, headers: Record<string, string> = {}) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        request(
          `${harness.origin}${path}`,
          {
            headers: { host: 'auth.example', 'x-forwarded-proto': 'https', accept: 'text/html', ...headers },
          },
          resolve,
        )
          .on('error', reject)
          .end();
      });
    await harness.addClient(
      { client_id: 'https', client_name: 'Https', redirect_uris: [REDIRECT] },
      'secret',
    );
    const { query } = authorizationRequest(harness, { client_id: 'https' });
    const started = await get(`/auth?${query.toString()}`);
    const names = (answer: IncomingMessage) =>
      (answer.headers['set-cookie'] ?? []).map((line) => line.split('=')[0]);
    expect(names(started)).toEqual(
      expect.arrayContaining(['__Secure-caducee_interaction', '__Secure-caducee_resume']),
    );
    const cookie = (answer: IncomingMessage) =>
      (answer.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ');
    const resumed = await get(String(started.headers.location), { cookie: cookie(started) });
    expect(resumed.headers.location).toMatch(/^https:\/\/auth\.example\/auth\/realms\/esante-wallet\//);
    const done = await get(new URL(String(resumed.headers.location)).pathname, { cookie: cookie(started) });
    expect(names(done)).toEqual(expect.arrayContaining(['__Host-caducee_sso', '__Host-caducee_sso.sig']));
    for (const line of done.headers['set-cookie'] ?? []) expect(line).toMatch(/; secure/i);
    expect(done.headers.location).toContain('code=');
  });
});
