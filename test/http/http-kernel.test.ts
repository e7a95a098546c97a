import { request as rawRequest } from 'node:http';
import { describe, expect, test } from 'vitest';
import { HttpClient, hiddenFields } from '../support/http-client.ts';
import { startLoginSite } from '../support/login-site.ts';

const site = await startLoginSite();
const client = (headers: Record<string, string> = {}) => new HttpClient(site.origin, headers);

/** A request whose Host and body are ours to choose. */
const raw = (
  path: string,
  headers: Record<string, string>,
  method = 'GET',
  body = '',
): Promise<{ status: number; text: string; location: string | undefined }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(site.origin);
    const req = rawRequest({ hostname, port, path, method, headers }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, text, location: res.headers.location }));
    });
    req.on('error', reject);
    req.end(body);
  });

describe('every page', () => {
  test('has a strict policy with a nonce of its own, and is never stored', async () => {
    const [first, second] = await Promise.all([client().get('/aide'), client().get('/aide')]);
    const policy = first.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("base-uri 'none'");
    expect(policy).not.toContain('unsafe');
    expect(second.headers.get('content-security-policy')).not.toBe(policy);
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(first.headers.get('x-content-type-options')).toBe('nosniff');
    expect(first.headers.get('referrer-policy')).toBe('same-origin');
    expect(first.headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(first.headers.get('permissions-policy')).toContain('camera=()');
    expect(first.headers.get('strict-transport-security')).toBeNull();
  });

  test('has no script or style inline', async () => {
    for (const path of ['/aide', '/activer', '/tester', '/pages/form-post', '/pages/erreur']) {
      const page = await (await client().get(path)).text();
      expect(page).not.toMatch(/<script(?![^>]*\ssrc=)/);
      expect(page).not.toMatch(/\s(style|on[a-z]+)="/);
    }
  });

  test('speaks the language that was chosen, then asked, then accepted; the choice stays', async () => {
    const browser = client({ 'accept-language': 'en' });
    expect(await (await browser.get('/aide')).text()).toContain('<html lang="en">');
    expect(await (await browser.get('/aide?ui_locales=fr')).text()).toContain('<html lang="fr">');
    const chosen = await browser.get('/aide?lang=fr');
    expect(chosen.headers.get('content-language')).toBe('fr');
    expect(await (await browser.get('/aide?ui_locales=en')).text()).toContain('<html lang="fr">');
  });

  test('draws its assets from addresses that never change', async () => {
    const page = await (await client().get('/aide')).text();
    const style = /href="(\/assets\/style\.[0-9a-f]{12}\.css)"/.exec(page)?.[1] ?? '';
    const css = await client().get(style);
    expect(css.headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(css.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const fonts = [...(await css.text()).matchAll(/url\(['"]?([^)'"]+)['"]?\)/g)].map(
      (match) => match[1] ?? '',
    );
    expect(fonts).toHaveLength(4);
    for (const font of fonts) {
      const answer = await client().get(font);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'font/woff2']);
    }
    expect((await client().get('/assets/style.000000000000.css')).status).toBe(404);
    expect((await client().get('/favicon.ico')).headers.get('content-type')).toBe('image/svg+xml');
  });
});

describe('errors', () => {
  test('an unknown address is a page with a code, a number to give and a way on', async () => {
    const answer = await client().get('/nulle-part');
    const page = await answer.text();
    expect(answer.status).toBe(404);
    expect(page).toContain('Cette page n’existe pas');
    expect(page).toContain('<code>not_found</code>');
    expect(page).toMatch(/[0-9A-Z]{4}-[0-9A-Z]{4}/);
    expect(page).toContain('href="/aide"');
    expect(page).toContain('01 99 00 00 00');
  });

  test('programs get JSON with the same code', async () => {
    const answer = await client({ accept: 'application/json' }).get('/pages/refus/contact_too_recent');
    const body = (await answer.json()) as Record<string, unknown>;
    expect(answer.status).toBe(409);
    expect(answer.headers.get('retry-after')).toBe('150');
    expect(body).toMatchObject({
      code: 'contact_too_recent',
      retry_after: 150,
      tries_left: 2,
      available_at: '2021-01-12T08:05:00.000Z',
    });
    expect(body['message']).toContain('mardi 12 janvier');
    expect(body['support_id']).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  });

  test('what went wrong inside is in the log under the number shown, and never in the answer', async () => {
    const answer = await client().get('/pages/panne');
    const page = await answer.text();
    expect(answer.status).toBe(500);
    expect(page).not.toContain('the secret is 0000');
    expect(page).not.toMatch(/at .*\.ts:\d+/);
    const number = /class="support-id">([^<]+)</.exec(page)?.[1] ?? 'none';
    const line =
      site
        .log()
        .split('\n')
        .find((one) => one.includes(number)) ?? '';
    expect(line).toContain('the secret is 0000');
    expect(line).toContain('"refusal":"internal_error"');
  });

  test('a method nobody takes is a 405 that says which are', async () => {
    const answer = await client().request('/aide', { method: 'DELETE' });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toContain('GET');
    expect(await answer.text()).toContain('method_not_allowed');
  });

  test('the access log has neither queries nor ids', async () => {
    await client().get('/connexion/V1StGXR8_Z5jdHi6BmyT/retour?v=very-secret-verifier');
    expect(site.log()).toContain('/connexion/:…/retour');
    expect(site.log()).not.toContain('very-secret-verifier');
    expect(site.log()).not.toContain('V1StGXR8_Z5jdHi6BmyT');
  });
});

describe('our forms', () => {
  const opened = async () => {
    const browser = client();
    const fields = hiddenFields(await (await browser.get('/tester')).text());
    return { browser, fields };
  };

  test('are taken with their token from our own origin', async () => {
    const { browser, fields } = await opened();
    const answer = await browser.post('/tester', fields);
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toMatch(/^\/connexion\/essai-/);
  });

  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['an opaque origin', { origin: 'null' }],
    ['no sign of an origin', { origin: '' }],
    ['another site by its own word', { origin: '', 'sec-fetch-site': 'cross-site' }],
  ])('are refused from %s', async (_name, headers) => {
    const { browser, fields } = await opened();
    const answer = await browser.post('/tester', fields, headers);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('origin_wrong');
  });

  test('are refused without the token, with a wrong one, or with that of another browser', async () => {
    const { browser } = await opened();
    const { fields: others } = await opened();
    for (const fields of [{}, { jeton: 'x' }, others]) {
      const answer = await browser.post('/tester', fields);
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain('form_stale');
    }
  });

  test('are refused when too large, told or not, and when not a form', async () => {
    const { browser, fields } = await opened();
    expect((await browser.post('/tester', { ...fields, more: 'x'.repeat(17_000) })).status).toBe(413);
    const chunked = await raw(
      '/tester',
      {
        origin: site.origin,
        accept: 'text/html',
        'content-type': 'application/x-www-form-urlencoded',
        'transfer-encoding': 'chunked',
      },
      'POST',
      `jeton=${'x'.repeat(20_000)}`,
    );
    expect(chunked.status).toBe(413);
    const json = await browser.request('/tester', {
      method: 'POST',
      body: '{}',
      headers: { origin: site.origin, 'content-type': 'application/json' },
    });
    expect(json.status).toBe(415);
  });
});

describe('hosts and proxies', () => {
  test('another name is refused; a loopback name is sent to the right one', async () => {
    const evil = await raw('/aide', { host: 'evil.example', accept: 'text/html' });
    expect([evil.status, evil.text.includes('host_unknown')]).toEqual([421, true]);
    const { port } = new URL(site.origin);
    const near = await raw('/aide?a=1', { host: `127.0.0.1:${port}`, accept: 'text/html' });
    expect([near.status, near.location]).toEqual([307, `${site.origin}/aide?a=1`]);
  });

  test('an untrusted peer cannot give itself a host', async () => {
    const { host } = new URL(site.origin);
    const answer = await raw('/aide', { host, 'x-forwarded-host': 'evil.example', accept: 'text/html' });
    expect(answer.status).toBe(200);
  });
});

describe('behind a TLS terminator', async () => {
  const behind = await startLoginSite({
    CADUCEE_MODE: 'production',
    CADUCEE_ISSUER: 'https://auth.example/realms/x',
    CADUCEE_TRUSTED_PROXIES: '127.0.0.1,::1',
  });
  const through = (path: string, proto: string) =>
    new Promise<{ status: number; headers: Record<string, string | string[] | undefined> }>(
      (resolve, reject) => {
        const { hostname, port } = new URL(behind.origin);
        rawRequest(
          {
            hostname,
            port,
            path,
            headers: {
              accept: 'text/html',
              'x-forwarded-host': 'auth.example',
              'x-forwarded-proto': proto,
              'x-forwarded-for': '203.0.113.9',
            },
          },
          (res) => {
            res.resume();
            resolve({ status: res.statusCode ?? 0, headers: res.headers });
          },
        )
          .on('error', reject)
          .end();
      },
    );

  test('pages carry HSTS and cookies that no neighbour can set', async () => {
    const answer = await through('/tester', 'https');
    expect(answer.status).toBe(200);
    expect(answer.headers['strict-transport-security']).toContain('max-age=31536000');
    const cookie = String(answer.headers['set-cookie']);
    expect(cookie).toMatch(/^__Host-caducee_forms=/);
    expect(cookie).toMatch(/; path=\/; samesite=lax; secure; httponly$/i);
  });

  test('plain http is refused', async () => {
    expect((await through('/tester', 'http')).status).toBe(421);
  });
});
