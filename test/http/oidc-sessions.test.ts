import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createAudit } from '../../src/audit/record.ts';
import { endSessions, listSessions } from '../../src/oidc/session-acts.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { onFileEnd } from '../support/cleanup.ts';
import {
  Browser,
  DOCTOR,
  DOCTOR_SIGN_IN,
  REDIRECT,
  addPractitioner,
  authorize,
  authorizationRequest,
  payloadOf,
  refresh,
  signIn,
  startProvider,
  userinfo,
  type Harness,
  type StoreName,
} from './oidc-harness.ts';

/** Moves the process's idea of the date: that of the library, of the house's clock and of the test's browser. */
const moveTime = (seconds: number): void => {
  const target = Date.now() + seconds * 1000;
  if (!vi.isFakeTimers()) vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(target);
};
afterEach(() => {
  vi.useRealTimers();
});

describe.each(['postgres', 'redis'] satisfies StoreName[])('single sign-on, its state in %s', (store) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startProvider(store);
  });

  const error = async (
    browser: Browser,
    parameters: Record<string, string | undefined>,
  ): Promise<string | null> => (await authorize(harness, browser, parameters)).answer.get('error');

  it('asks nothing at a second service, and stays true to the first sign-in', async () => {
    const browser = new Browser();
    const first = await signIn(harness, browser);
    const before = harness.logins;
    moveTime(100);
    const second = await signIn(harness, browser, { redirect_uri: 'http://localhost:8/cb', nonce: 'other' });
    expect(harness.logins).toBe(before);
    const [one, two] = [payloadOf(first.id_token), payloadOf(second.id_token)];
    for (const claim of ['sub', 'sid', 'acr', 'amr', 'authMode', 'auth_time'])
      expect(two[claim]).toEqual(one[claim]);
    expect(two['nonce']).toBe('other');
    const other = await authorize(harness, browser, { client_id: 'sandbox-public' });
    expect(other.answer.get('code')).toBeTruthy();
    expect(harness.logins).toBe(before);
    expect((await harness.audit()).at(-1)).toMatchObject({
      type: 'sign_in_granted',
      details: { singleSignOn: true },
    });
  });

  it('obeys prompt and max_age', async () => {
    const browser = new Browser();
    expect(await error(browser, { prompt: 'none' })).toBe('login_required');
    const first = await signIn(harness, browser);
    expect(await error(browser, { prompt: 'none' })).toBeNull();
    const before = harness.logins;
    moveTime(60);
    const again = await signIn(harness, browser, { prompt: 'login' });
    expect(harness.logins).toBe(before + 1);
    expect(payloadOf(again.id_token)['auth_time']).toBeGreaterThan(
      Number(payloadOf(first.id_token)['auth_time']),
    );
    expect(payloadOf(again.id_token)['sid']).toBe(payloadOf(first.id_token)['sid']);
    moveTime(60);
    expect(await error(browser, { prompt: 'none', max_age: '30' })).toBe('login_required');
    expect(await error(browser, { max_age: '120' })).toBeNull();
    expect(harness.logins).toBe(before + 1);
    expect(await error(browser, { max_age: '30' })).toBeNull();
    expect(harness.logins).toBe(before + 2);
  });

  it('does not confuse persons: id_token_hint, and someone else signing in', async () => {
    const nurse = `8102${String(Math.random()).slice(2, 10)}`;
    await addPractitioner(harness.db, { nationalId: nurse });
    const browser = new Browser();
    const doctor = await signIn(harness, browser);
    expect(await error(browser, { prompt: 'none', id_token_hint: doctor.id_token })).toBeNull();

    harness.signIn.nationalId = nurse;
    const { response } = await browser.follow(authorizationRequest(harness, { prompt: 'login' }).url);
    // The doctor's session is closed first, by a form of ours.
    const page = await response.text();
    const action = /action="([^"]+)"/.exec(page)?.[1] ?? '';
    const fields = [...page.matchAll(/name="([^"]+)" value="([^"]+)"/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]);
    expect(fields.map(([name]) => name)).toEqual(['xsrf', 'logout']);
    const { location } = await browser.follow(action, { method: 'POST', body: new URLSearchParams(fields) });
    harness.signIn.nationalId = DOCTOR;
    expect(new URL(location ?? '').searchParams.get('code')).toBeTruthy();
    expect((await userinfo(harness, doctor.access_token)).status).toBe(401);
    expect(await error(browser, { prompt: 'none', id_token_hint: doctor.id_token })).toBe('login_required');

    harness.signIn.nationalId = nurse;
    expect(await error(new Browser(), { id_token_hint: doctor.id_token })).toBe('login_required');
    harness.signIn.nationalId = DOCTOR;
  });

  it('ends after 30 minutes without use, which a refresh or a service counts as', async () => {
    const browser = new Browser();
    const tokens = await signIn(harness, browser);
    moveTime(1700);
    const refreshed = await refresh(harness, tokens.refresh_token);
    expect(refreshed.status).toBe(200);
    moveTime(1700);
    expect(await error(browser, { prompt: 'none' })).toBeNull();
    moveTime(1700);
    expect(await error(browser, { prompt: 'none' })).toBeNull();
    // The session lived on; the refresh token had its own 30 minutes.
    expect((await refresh(harness, String(refreshed.body['refresh_token']))).status).toBe(400);
    moveTime(1801);
    expect(await error(browser, { prompt: 'none' })).toBe('login_required');
  });

  it('ends after 4 hours whatever the use', async () => {
    const browser = new Browser();
    let tokens = await signIn(harness, browser);
    for (let minutes = 25; minutes < 230; minutes += 25) {
      moveTime(1500);
      const next = await refresh(harness, tokens.refresh_token);
      expect([minutes, next.status]).toEqual([minutes, 200]);
      tokens = next.body as typeof tokens;
    }
    // 3 h 45 after the sign-in: what is given now ends with the 4 hours.
    expect(tokens.refresh_expires_in).toBeGreaterThan(890);
    expect(tokens.refresh_expires_in).toBeLessThanOrEqual(900);
    moveTime(890);
    expect(await error(browser, { prompt: 'none' })).toBeNull();
    moveTime(20);
    expect((await refresh(harness, tokens.refresh_token)).status).toBe(400);
    expect(await error(browser, { prompt: 'none' })).toBe('login_required');
  });

  it('is one session for all services: what one of them uses keeps the others open, and it ends for all', async () => {
    const browser = new Browser();
    const first = await signIn(harness, browser);
    const other = { client_id: 'sandbox-public', prompt: 'none' };
    let tokens = await signIn(harness, browser, { nonce: 'second' });
    expect(tokens.session_state).toBe(first.session_state);
    // Nobody comes with the browser: the refreshes of one service alone keep single sign-on alive.
    for (let minutes = 25; minutes <= 225; minutes += 25) {
      moveTime(1500);
      const next = await refresh(harness, tokens.refresh_token);
      expect([minutes, next.status]).toEqual([minutes, 200]);
      tokens = next.body as typeof tokens;
    }
    expect(await error(browser, other)).toBeNull();
    const named = async () =>
      (await harness.oidc.sessionsOf({ nationalId: DOCTOR })).find(({ sid }) => sid === first.session_state);
    const open = await named();
    expect(open?.clientIds.sort()).toEqual(['sandbox', 'sandbox-public']);
    // Never beyond four hours after the sign-in.
    expect((open?.expiresAt.getTime() ?? 0) - (open?.signedInAt.getTime() ?? 0)).toBe(4 * 3600 * 1000);
    moveTime(16 * 60);
    expect(await error(browser, other)).toBe('login_required');
    expect(await error(browser, { prompt: 'none' })).toBe('login_required');
    expect((await refresh(harness, tokens.refresh_token)).status).toBe(400);
    expect(await named()).toBeUndefined();
  });

  it('is listed and ended by operators, who say why', async () => {
    const browser = new Browser();
    const tokens = await signIn(harness, browser);
    const acts = {
      oidc: harness.oidc,
      clients: harness.clients,
      audit: createAudit({ clock: systemClock }),
      db: harness.db,
    };
    const mine = async () =>
      (await listSessions(acts, { nationalId: DOCTOR })).filter(({ sid }) => sid === tokens.session_state);
    expect(await mine()).toEqual([
      expect.objectContaining({
        nationalId: DOCTOR,
        authMode: 'MOBILE',
        services: [{ clientId: 'sandbox', name: 'Bac à sable' }],
      }),
    ]);
    expect(await endSessions(acts, { of: { sid: tokens.session_state }, reason: 'poste volé' })).toBe(1);
    expect(await endSessions(acts, { of: { sid: tokens.session_state }, reason: 'poste volé' })).toBe(0);
    expect(await endSessions(acts, { of: { sid: '../x y' }, reason: 'poste volé' })).toBe(0);
    expect(await mine()).toEqual([]);
    expect((await harness.audit()).at(-1)).toMatchObject({
      type: 'signed_out',
      national_id: DOCTOR,
      details: { by: 'operator', reason: 'poste volé' },
    });
    await signIn(harness, browser);
    const count = await endSessions(acts, { of: { nationalId: DOCTOR }, reason: 'enquête' });
    expect(count).toBeGreaterThan(0);
    expect((await harness.audit()).at(-1)).toMatchObject({
      type: 'sessions_ended',
      national_id: DOCTOR,
      details: { by: 'operator', reason: 'enquête', sessions: count },
    });
  });

  it('gives codes that live 60 seconds and access tokens that live 120', async () => {
    const tokens = await signIn(harness);
    moveTime(119);
    expect((await userinfo(harness, tokens.access_token)).status).toBe(200);
    moveTime(2);
    expect((await userinfo(harness, tokens.access_token)).status).toBe(401);
    const { answer, verifier } = await authorize(harness, new Browser());
    moveTime(61);
    const late = await fetch(`${harness.config.issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('sandbox:sandbox-secret').toString('base64')}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: answer.get('code') ?? '',
        redirect_uri: REDIRECT,
        code_verifier: verifier,
      }),
    });
    expect(await late.json()).toMatchObject({ error: 'invalid_grant' });
  });

  it('sets cookies of the browser’s session that scripts and other sites do not get', async () => {
    const { url } = authorizationRequest(harness);
    const browser = new Browser();
    const started = await browser.fetch(url);
    const interaction = started.headers.getSetCookie();
    expect(interaction.every((line) => /; httponly/i.test(line) && /; samesite=lax/i.test(line))).toBe(true);
    const resumed = await browser.fetch(new URL(started.headers.get('location') ?? '', url).href);
    const answer = await browser.fetch(new URL(resumed.headers.get('location') ?? '', url).href);
    const session = answer.headers.getSetCookie().filter((line) => line.includes('_sso'));
    const port = new URL(harness.origin).port;
    expect(session.map((line) => line.split('=')[0])).toEqual([
      `caducee_${port}_sso`,
      `caducee_${port}_sso.sig`,
    ]);
    expect(
      session.every(
        (line) => /; path=\//.test(line) && /; httponly/i.test(line) && !/; expires=/i.test(line),
      ),
    ).toBe(true);
  });

  it('ends everything of a person, of a phone, of a service', async () => {
    const [one, two] = [new Browser(), new Browser()];
    harness.signIn.deviceId = `dev_${store}`;
    const first = await signIn(harness, one);
    harness.signIn.deviceId = 'dev_other';
    const second = await signIn(harness, two);
    harness.signIn.deviceId = DOCTOR_SIGN_IN.deviceId ?? '';

    expect(await harness.oidc.endSessionsOf({ deviceId: `dev_${store}` })).toBe(1);
    expect((await userinfo(harness, first.access_token)).status).toBe(401);
    expect(await error(one, { prompt: 'none' })).toBe('login_required');
    expect((await userinfo(harness, second.access_token)).status).toBe(200);

    expect(await harness.oidc.endSessionsOf({ clientId: 'sandbox' })).toBeGreaterThan(0);
    expect((await userinfo(harness, second.access_token)).status).toBe(401);
    expect((await refresh(harness, second.refresh_token)).status).toBe(400);
    expect(await error(two, { prompt: 'none' })).toBeNull();

    expect(await harness.oidc.endSessionsOf({ nationalId: DOCTOR })).toBeGreaterThan(0);
    expect(await error(two, { prompt: 'none' })).toBe('login_required');
    expect(await harness.oidc.endSessionsOf({ nationalId: DOCTOR })).toBe(0);
    expect(await harness.oidc.endSessionsOf({ nationalId: '899999999999' })).toBe(0);
  });
});

describe('signing out', () => {
  let harness: Harness;
  let logoutUrl: string;
  const told: Record<string, unknown>[] = [];
  beforeAll(async () => {
    harness = await startProvider('postgres');
    logoutUrl = `${harness.config.issuer}/protocol/openid-connect/logout`;
    const service = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        told.push(payloadOf(new URLSearchParams(body).get('logout_token') ?? ''));
        response.writeHead(request.url === '/broken' ? 500 : 200).end();
      });
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    onFileEnd(() => new Promise((resolve) => service.close(resolve)));
    const origin = `http://localhost:${(service.address() as AddressInfo).port}`;
    for (const id of ['told', 'broken']) {
      await harness.addClient(
        {
          client_id: id,
          client_name: `Service ${id}`,
          redirect_uris: [REDIRECT],
          post_logout_redirect_uris: ['https://told.example/bye'],
          backchannel_logout_uri: `${origin}/${id}`,
          backchannel_logout_session_required: true,
        },
        'secret',
      );
    }
  });

  const isOpen = async (browser: Browser): Promise<boolean> =>
    (await authorize(harness, browser, { prompt: 'none' })).answer.get('code') !== null;
  const query = (parameters: Record<string, string>): string =>
    `${logoutUrl}?${new URLSearchParams(parameters).toString()}`;

  it('ends the session of a valid hint at once, by GET, and returns with state', async () => {
    const browser = new Browser();
    const tokens = await signIn(harness, browser);
    const back = 'http://localhost:5555/bye?a=1';
    const { location } = await browser.follow(
      query({ id_token_hint: tokens.id_token, post_logout_redirect_uri: back, state: 'x y' }),
    );
    expect(location).toBe('http://localhost:5555/bye?a=1&state=x+y');
    expect(await isOpen(browser)).toBe(false);
    expect((await userinfo(harness, tokens.access_token)).status).toBe(401);
    expect((await refresh(harness, tokens.refresh_token)).status).toBe(400);
    expect(browser.cookies.filter(({ name }) => name.includes('_sso'))).toEqual([]);
    expect((await harness.audit()).at(-1)).toMatchObject({ type: 'token_refused' });
    expect((await harness.audit()).map(({ type }) => type)).toContain('signed_out');
  });

  it('ends it by POST without the browser’s cookie, however old the hint', async () => {
    const browser = new Browser();
    const tokens = await signIn(harness, browser);
    moveTime(600);
    const response = await fetch(logoutUrl, {
      method: 'POST',
      body: new URLSearchParams({ id_token_hint: tokens.id_token }),
    });
    expect(response.status).toBe(200);
    expect(await isOpen(browser)).toBe(false);
    const again = await fetch(logoutUrl, {
      method: 'POST',
      body: new URLSearchParams({ id_token_hint: tokens.id_token }),
    });
    expect(again.status).toBe(200);
  });

  it('asks when there is no valid hint, by GET and by POST, and one button signs out', async () => {
    const browser = new Browser();
    const tokens = await signIn(harness, browser);
    const [header, payload] = tokens.id_token.split('.');
    const forged = `${header}.${payload}.${Buffer.from('x').toString('base64url')}`;
    for (const parameters of [{}, { id_token_hint: forged }, { id_token_hint: tokens.access_token }]) {
      for (const init of [{}, { method: 'POST', body: new URLSearchParams(parameters) }]) {
        const url = 'method' in init ? logoutUrl : query(parameters);
        const { response } = await browser.follow(url, init);
        expect(response.status).toBe(200);
        expect(await response.text()).toContain('Sign out?');
        expect(await isOpen(browser)).toBe(true);
      }
    }
    const page = await (
      await browser.follow(
        query({ client_id: 'sandbox', post_logout_redirect_uri: 'http://localhost:5555/bye', state: 's' }),
      )
    ).response.text();
    expect(page).toContain('Bac à sable');
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const action = /action="([^"]+)"/.exec(page)?.[1] ?? '';
    const stolen = await new Browser().follow(action, {
      method: 'POST',
      body: new URLSearchParams({ xsrf, logout: 'yes' }),
    });
    expect(stolen.response.status).toBe(400);
    expect(await isOpen(browser)).toBe(true);
    const { location } = await browser
      .follow(
        query({ client_id: 'sandbox', post_logout_redirect_uri: 'http://localhost:5555/bye', state: 's' }),
      )
      .then(async ({ response }) => {
        const fresh = /name="xsrf" value="([^"]+)"/.exec(await response.text())?.[1] ?? '';
        return browser.follow(action, {
          method: 'POST',
          body: new URLSearchParams({ xsrf: fresh, logout: 'yes' }),
        });
      });
    expect(location).toBe('http://localhost:5555/bye?state=s');
    expect(await isOpen(browser)).toBe(false);
    expect((await userinfo(harness, tokens.access_token)).status).toBe(401);
  });

  it('has nothing to ask when nobody is signed in', async () => {
    const { response } = await new Browser().follow(logoutUrl);
    expect(await response.text()).toContain('Signed out');
    const { location } = await new Browser().follow(
      query({ client_id: 'told', post_logout_redirect_uri: 'https://told.example/bye' }),
    );
    expect(location).toBe('https://told.example/bye');
  });

  it('returns to registered addresses only, and ends nothing when asked otherwise', async () => {
    const browser = new Browser();
    const tokens = await signIn(harness, browser);
    for (const parameters of [
      { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://evil.example/' },
      { id_token_hint: tokens.id_token, client_id: 'told' },
      { client_id: 'told', post_logout_redirect_uri: 'https://told.example/bye/' },
    ]) {
      const { response, location } = await browser.follow(query(parameters));
      expect([response.status, location]).toEqual([400, undefined]);
    }
    expect(await isOpen(browser)).toBe(true);
  });

  it('tells every service of the session, server to server, and suffers none that fails', async () => {
    const browser = new Browser();
    const tokens = await signIn(harness, browser);
    for (const id of ['told', 'broken']) await authorize(harness, browser, { client_id: id });
    told.length = 0;
    await browser.follow(query({ id_token_hint: tokens.id_token }));
    await harness.oidc.deliveries.drain();
    expect(told.map(({ aud }) => aud).sort()).toEqual(['broken', 'told']);
    expect(told[0]).toMatchObject({
      iss: harness.config.issuer,
      sub: payloadOf(tokens.id_token)['sub'],
      sid: tokens.session_state,
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    });
    const rows = (await harness.audit()).slice(-3).map(({ type, client_id: id }) => [type, id]);
    expect(rows).toEqual(
      expect.arrayContaining([
        ['sign_out_delivered', 'told'],
        ['signed_out', 'sandbox'],
      ]),
    );
    // It is tried again until it is abandoned (test/contract/deliveries.test.ts).
    const [waiting] = await harness.oidc.deliveries.fate({ clientId: 'broken' });
    expect(waiting).toMatchObject({ state: 'queued', attempts: 1, lastStatus: 500, nationalId: DOCTOR });
  });
});
