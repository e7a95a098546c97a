import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DEVICE_CODE } from '../../src/clients/schema.ts';
import { decodeQrSvg } from '../support/qr.ts';
import { register, type Rp } from '../conformance/rp.ts';
import { Browser, DOCTOR, payloadOf, startProvider, userinfo, type Harness } from './oidc-harness.ts';

/** Sign-in on a kiosk (RFC 8628), over HTTP, with the pages that people see. */

interface Device {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  expires_in: number;
  interval: number;
}

const fieldsOf = (page: string): Record<string, string> =>
  Object.fromEntries(
    [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
      name ?? '',
      value ?? '',
    ]),
  );

const submit = (browser: Browser, url: string, page: string, more: Record<string, string>) =>
  browser.follow(url, { method: 'POST', body: new URLSearchParams({ ...fieldsOf(page), ...more }) });

let harness: Harness;
let kiosk: Rp;
beforeAll(async () => {
  harness = await startProvider('postgres', {}, { pages: 'real' });
  kiosk = await register(harness, {
    client_id: 'kiosk',
    client_name: 'Borne d’accueil',
    client_uri: 'https://borne.example',
    token_endpoint_auth_method: 'none',
    grant_types: [DEVICE_CODE, 'refresh_token'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

const ask = async (rp = kiosk): Promise<Device> => {
  const { status, body } = await rp.post('auth/device', {
    client_id: rp.clientId,
    scope: 'openid scope_all',
  });
  expect(status).toBe(200);
  return body as unknown as Device;
};
const poll = (device: Device, rp = kiosk) =>
  rp.post('token', { grant_type: DEVICE_CODE, client_id: rp.clientId, device_code: device.device_code });

let clock = 0;
/** Time for the next poll. */
const later = (seconds = 5): void => {
  clock = (clock === 0 ? Date.now() : clock) + seconds * 1000;
  vi.useFakeTimers({ toFake: ['Date'], now: clock });
};

/** Types the code in a browser, and stops at the question whether it is the right device. */
const typeCode = async (browser: Browser, code: string, url = `${harness.origin}/appareil`) => {
  const { response } = await browser.follow(url);
  return submit(browser, url, await response.text(), { user_code: code });
};

const approve = async (browser: Browser, device: Device) => {
  const url = device.verification_uri;
  const { response } = await typeCode(browser, device.user_code);
  return (await submit(browser, url, await response.text(), { confirm: 'yes' })).response;
};

describe('a kiosk', () => {
  it('shows a short code, an address to type it and one that has it', async () => {
    const device = await ask();
    expect(device).toEqual({
      device_code: expect.stringMatching(/^[\w.-]{40,}$/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: `${harness.origin}/appareil`,
      verification_uri_complete: `${harness.origin}/appareil?user_code=${device.user_code}`,
      expires_in: 600,
      interval: 5,
    });
    const qr = await fetch(`${harness.origin}/appareil/qr.svg?user_code=${device.user_code}`);
    expect(qr.headers.get('content-type')).toContain('image/svg+xml');
    expect(decodeQrSvg(await qr.text())).toBe(device.verification_uri_complete);
    expect((await fetch(`${harness.origin}/appareil/qr.svg?user_code=x`)).status).toBe(400);
  });

  it('is signed in once the person has compared the code and signed in, and tokens are those of any sign-in', async () => {
    const device = await ask();
    expect((await poll(device)).body['error']).toBe('authorization_pending');
    const browser = new Browser();
    const asked = await typeCode(browser, device.user_code.toLowerCase().replace('-', ' '));
    const page = await asked.response.text();
    expect(page).toContain(device.user_code);
    expect(page).toContain('Borne d’accueil');
    const logins = harness.logins;
    const done = await submit(browser, device.verification_uri, page, { confirm: 'yes' });
    expect(await done.response.text()).toContain('L’appareil est connecté');
    expect(harness.logins).toBe(logins + 1);

    later();
    const { status, body } = await poll(device);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'openid scope_all', expires_in: 120 });
    expect(payloadOf(String(body['id_token']))).toMatchObject({
      aud: 'kiosk',
      SubjectNameID: DOCTOR,
      authMode: 'MOBILE',
      acr: 'eidas1',
      amr: ['pop', 'pin', 'mfa', 'swk'],
      sid: body['session_state'],
    });
    expect((await userinfo(harness, String(body['access_token']))).status).toBe(200);
    const next = await kiosk.post('token', {
      grant_type: 'refresh_token',
      client_id: 'kiosk',
      refresh_token: String(body['refresh_token']),
    });
    expect(payloadOf(String(next.body['access_token']))).toMatchObject({ authMode: 'MOBILE', acr: 'eidas1' });
    // Its code has served.
    later();
    expect((await poll(device)).body['error']).toBe('invalid_grant');
    expect((await harness.audit()).findLast(({ type }) => type === 'sign_in_granted')).toMatchObject({
      client_id: 'kiosk',
      national_id: DOCTOR,
    });
  });

  it('takes the code out of the scanned address, changes nothing by GET, and still asks', async () => {
    const device = await ask();
    const browser = new Browser();
    const opened = await browser.fetch(device.verification_uri_complete);
    const page = await opened.text();
    expect(fieldsOf(page)['user_code']).toBe(device.user_code);
    expect((await poll(device)).body['error']).toBe('authorization_pending');
    const { response } = await submit(browser, device.verification_uri, page, {});
    expect(await response.text()).toContain('Est-ce bien votre appareil ?');
  });

  it('asks nothing of who is signed in already but whether this is the device', async () => {
    const browser = new Browser();
    await approve(browser, await ask());
    const logins = harness.logins;
    const done = await approve(browser, await ask());
    expect(await done.text()).toContain('L’appareil est connecté');
    expect(harness.logins).toBe(logins);
  });

  it('is told no when the person refuses, and when they give up signing in', async () => {
    const device = await ask();
    const browser = new Browser();
    const { response } = await typeCode(browser, device.user_code);
    const refused = await submit(browser, device.verification_uri, await response.text(), { abort: 'yes' });
    expect(await refused.response.text()).toContain('est annulée');
    expect((await poll(device)).body['error']).toBe('access_denied');

    const another = await ask();
    const again = await typeCode(browser, another.user_code);
    const started = await browser.fetch(another.verification_uri, {
      method: 'POST',
      body: new URLSearchParams({ ...fieldsOf(await again.response.text()), confirm: 'yes' }),
    });
    const page = new URL(started.headers.get('location') ?? '', harness.origin).href;
    expect(await (await browser.fetch(`${page}?look=1`)).json()).toMatchObject({
      service: { clientId: 'kiosk', name: 'Borne d’accueil', host: 'borne.example' },
    });
    const end = await browser.follow(`${page}/abandon`);
    expect(await end.response.text()).toContain('est annulée');
    expect((await poll(another)).body['error']).toBe('access_denied');
  });

  it('is told to slow down when it polls too often', async () => {
    const device = await ask();
    expect((await poll(device)).body['error']).toBe('authorization_pending');
    expect((await poll(device)).body['error']).toBe('slow_down');
    later();
    expect((await poll(device)).body['error']).toBe('authorization_pending');
  });

  it('is told when its code has expired; the person too', async () => {
    const device = await ask();
    later(601);
    expect((await poll(device)).body['error']).toBe('expired_token');
    const { response } = await typeCode(new Browser(), device.user_code);
    expect([response.status, await response.text()]).toEqual([422, expect.stringContaining('a expiré')]);
  });

  it('is answered only with its own code, and only if registered for it', async () => {
    const device = await ask();
    const other = await register(harness, { grant_types: ['authorization_code', DEVICE_CODE] });
    expect((await poll(device, other)).body['error']).toBe('invalid_grant');
    const none = await register(harness);
    for (const { status, body } of [
      await none.post('auth/device', { scope: 'openid' }),
      await poll(device, none),
    ]) {
      expect([status, body['error']]).toEqual([400, 'unauthorized_client']);
    }
  });
});

describe('a code', () => {
  it('that is unknown, empty or used says so, on the page', async () => {
    const browser = new Browser();
    const said = async (code: string) => {
      const { response } = await typeCode(browser, code);
      return [response.status, /class="problem"[^>]*>([^<]+)/.exec(await response.text())?.[1]];
    };
    expect(await said('ZZZZ-ZZZZ')).toEqual([422, expect.stringContaining('n’existe pas')]);
    expect(await said('')).toEqual([422, expect.stringContaining('Tapez le code')]);
    expect(await said('<script>')).toEqual([422, expect.stringContaining('n’existe pas')]);
    const device = await ask();
    await approve(new Browser(), device);
    expect(await said(device.user_code)).toEqual([422, expect.stringContaining('a déjà servi')]);
  });

  it('is not taken from a form that is not ours', async () => {
    const device = await ask();
    const browser = new Browser();
    await browser.follow(`${harness.origin}/appareil`);
    const { response } = await browser.follow(device.verification_uri, {
      method: 'POST',
      body: new URLSearchParams({ user_code: device.user_code, confirm: 'yes', xsrf: 'forged' }),
    });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect((await poll(device)).body['error']).toBe('authorization_pending');
  });

  it('is taken by one of two people at once', async () => {
    const device = await ask();
    const people = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const browser = new Browser();
        const { response } = await typeCode(browser, device.user_code);
        return { browser, page: await response.text() };
      }),
    );
    const ends = await Promise.all(
      people.map(async ({ browser, page }) => {
        const { response } = await submit(browser, device.verification_uri, page, { confirm: 'yes' });
        return (await response.text()).includes('L’appareil est connecté');
      }),
    );
    expect(ends.filter(Boolean)).toHaveLength(1);
  });

  it('is not given without end to one address', async () => {
    const busy = await startProvider('postgres');
    const rp = await register(busy, { grant_types: [DEVICE_CODE], token_endpoint_auth_method: 'none' });
    const answers = await Promise.all(
      Array.from({ length: 61 }, () => rp.post('auth/device', { client_id: rp.clientId, scope: 'openid' })),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.map(({ body }) => body['error'])).toEqual(['slow_down']);
    expect(Number(refused[0]?.response.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('cannot be guessed at will: after forty tries the address waits', async () => {
    const guard = await startProvider('postgres', {}, { pages: 'real' });
    const browser = new Browser();
    const url = `${guard.origin}/appareil`;
    const { response } = await browser.follow(url);
    const page = await response.text();
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 41; attempt += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as a guesser would
      statuses.push((await submit(browser, url, page, { user_code: 'BBBB-BBBB' })).response.status);
    }
    expect(statuses.slice(0, 40).every((status) => status !== 429)).toBe(true);
    expect(statuses.at(-1)).toBe(429);
  });
});
