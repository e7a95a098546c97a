import { describe, expect, test } from 'vitest';
import { HttpClient, hiddenFields } from '../support/http-client.ts';
import { startLoginSite } from '../support/login-site.ts';

const site = await startLoginSite();
const browserOf = (headers: Record<string, string> = {}) => new HttpClient(site.origin, headers);
const target = (answer: Response): string => answer.headers.get('location') ?? '';

/** Comes from the service to the start page. */
const begin = async (query = '', browser = browserOf()) => {
  const base = target(await browser.get(`/commencer${query}`));
  const answer = await browser.get(base);
  const page = await answer.text();
  return { browser, base, page, answer, fields: hiddenFields(page) };
};

/** Types an identifier, up to the wait page. */
const ask = async (fields: Record<string, string> = { identifiant: '10 00 00 00 01 7' }) => {
  const started = await begin();
  const posted = await started.browser.post(started.base, { ...started.fields, ...fields });
  expect([posted.status, target(posted)]).toEqual([303, `${started.base}/attente`]);
  return started;
};

describe('the start page', () => {
  test('names the service and its host, and lets forms end there', async () => {
    const { page, answer } = await begin();
    expect(page).toContain('Vaccin Covid');
    expect(page).toContain(new URL(site.service).host);
    expect(answer.headers.get('content-security-policy')).toContain(`form-action 'self' ${site.service};`);
    expect(page).toContain('inputmode="numeric"');
    expect(page).toContain('href="/activer"');
    expect(page).toMatch(/href="\/annuaire\?retour=%2Fconnexion%2F/);
  });

  test.each([
    ['8 10 00 00 00 01 7', '810000000017'],
    ['10000000017', '810000000017'],
    [' 810000000017 ', '810000000017'],
  ])('takes %j for %s', async (typed, nationalId) => {
    await ask({ identifiant: typed });
    expect(site.phone.last.nationalId).toBe(nationalId);
  });

  test.each([
    ['', 'identifier_missing', 'Il manque votre identifiant'],
    ['1234', 'identifier_malformed', 'pas la bonne forme'],
  ])('says what is wrong with %j in the form, and keeps it', async (typed, _code, said) => {
    const { browser, base, fields } = await begin();
    const before = site.phone.asked.length;
    const answer = await browser.post(base, { ...fields, identifiant: typed });
    const page = await answer.text();
    expect(answer.status).toBe(422);
    expect(page).toContain(said);
    expect(page).toContain('aria-invalid="true"');
    expect(page).toContain(`value="${typed}"`);
    expect(site.phone.asked.length).toBe(before);
  });

  test('remembers an identifier only when asked, and forgets it again', async () => {
    const { browser, base, fields } = await begin();
    await browser.post(base, { ...fields, identifiant: '810000000017', souvenir: 'oui' });
    const again = await begin('', browser);
    expect(again.page).toContain('value="810000000017"');
    await browser.post(again.base, { ...again.fields, identifiant: '810000000017' });
    expect((await begin('', browser)).page).not.toContain('810000000017');
  });

  test('speaks the language the service asks, unless the person chose', async () => {
    expect((await begin('?ui_locales=en')).page).toContain('<html lang="en">');
    const browser = browserOf();
    await browser.get('/aide?lang=fr');
    expect((await begin('?ui_locales=en', browser)).page).toContain('<html lang="fr">');
  });

  test('the card tab says honestly that no card is accepted, with a way on', async () => {
    const { browser, base } = await begin();
    const page = await (await browser.get(`${base}/carte`)).text();
    expect(page).toContain('n’est pas ouverte ici');
    expect(page).toContain(`href="${base}"`);
  });

  test('cancelling tells the service', async () => {
    const { browser, base, fields } = await begin();
    const answer = await browser.post(`${base}/annuler`, fields);
    expect(target(answer)).toBe(`${site.service}/retour?error=access_denied`);
  });

  test('too many from one address are told when to come back', async () => {
    const { browser, base, fields } = await begin();
    Object.assign(site.limits, { allowed: false, retryAfter: 90 });
    const answer = await browser.post(base, { ...fields, identifiant: '810000000017' });
    Object.assign(site.limits, { allowed: true, retryAfter: 0 });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '90']);
    expect(await answer.text()).toContain('1 min 30 s');
  });

  test('the phone is told the browser, the place and the service', async () => {
    const browser = browserOf({
      'user-agent': 'Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0',
    });
    const { base, fields } = await begin('', browser);
    await browser.post(base, { ...fields, identifiant: '810000000017' });
    expect(site.phone.last.context).toMatchObject({
      browser: 'Firefox, Windows',
      place: 'Lyon',
      known: false,
      service: { name: 'Vaccin Covid' },
    });
    expect(site.phone.last.address).toMatch(/127\.0\.0\.1$|^::1$/);
  });
});

describe('the wait page', () => {
  test('shows the number, read digit by digit, the QR and the link', async () => {
    const { browser, base } = await ask();
    const page = await (await browser.get(`${base}/attente`)).text();
    expect(page).toContain('data-number="42"');
    expect(page).toContain('Le nombre à taper : 4 2');
    expect(page).toContain('http://localhost:1/lien#');
    expect(page).toContain('2:00');
    expect(page).toMatch(/<noscript>\s*<meta http-equiv="refresh"/);
    expect(page).not.toMatch(/<meta http-equiv="refresh"[^>]*>(?!\s*<\/noscript>)/);
    const qr = await browser.get(`${base}/qr.svg`);
    expect(qr.headers.get('content-type')).toContain('image/svg+xml');
    expect(qr.headers.get('cache-control')).toBe('no-store');
  });

  test('offers the QR alone to who types nothing', async () => {
    const { browser, base } = await ask({ moyen: 'qr' });
    expect(site.phone.last.nationalId).toBeUndefined();
    const page = await (await browser.get(`${base}/attente`)).text();
    expect(page).not.toContain('data-number');
    expect(page).toContain('/qr.svg');
  });

  test('warns of a key digit that does not match, and goes on', async () => {
    const { browser, base } = await ask({ identifiant: '810000000018' });
    expect(await (await browser.get(`${base}/attente`)).text()).toContain('un chiffre semble faux');
  });

  test('an approval ends the sign-in once; a reload goes on to the service', async () => {
    const { browser, base } = await ask();
    site.phone.answer('approved');
    expect(await (await browser.get(`${base}/statut`)).json()).toMatchObject({ state: 'approved' });
    const before = site.provider.finished.length;
    const answer = await browser.get(`${base}/attente`);
    expect(target(answer)).toBe(`${site.service}/retour?code=c`);
    expect(target(await browser.get(`${base}/attente`))).toBe(`${site.service}/retour?code=c`);
    expect(site.provider.finished.length).toBe(before + 1);
    expect(site.provider.finished.at(-1)).toMatchObject({
      nationalId: '810000000017',
      authMode: 'MOBILE',
      deviceId: 'd1',
    });
  });

  test('a HEAD never ends it', async () => {
    const { browser, base } = await ask();
    site.phone.answer('approved');
    const before = site.provider.finished.length;
    await browser.request(`${base}/attente`, { method: 'HEAD' });
    expect(site.provider.finished.length).toBe(before);
    expect((await browser.get(`${base}/attente`)).status).toBe(303);
  });

  test('a browser that signed this person in before is known to the phone', async () => {
    const { browser, base } = await ask();
    site.phone.answer('approved');
    await browser.get(`${base}/attente`);
    const again = await begin('', browser);
    await browser.post(again.base, { ...again.fields, identifiant: '810000000017' });
    expect(site.phone.last.context.known).toBe(true);
    await browser.post(again.base, { ...again.fields, identifiant: '810000000025' });
    expect(site.phone.last.context.known).toBe(false);
  });

  test.each([
    ['expired', 'n’a pas été confirmée à temps'],
    ['stopped', 'a été arrêtée sur le téléphone'],
  ] as const)('%s: says so and starts again', async (state, said) => {
    const { browser, base } = await ask();
    site.phone.answer(state);
    const page = await (await browser.get(`${base}/attente`)).text();
    expect(page).toContain(said);
    expect(page).toContain(`class="button" href="${base}"`);
    const number = /class="support-id">([^<]+)</.exec(page)?.[1] ?? 'none';
    expect(site.log()).toContain(number);
  });

  test('news arrive by themselves, and the stream ends with the wait', async () => {
    const { browser, base } = await ask();
    const answer = await browser.get(`${base}/evenements`);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    let heard = '';
    const until = async (text: string) => {
      while (!heard.includes(text)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`the stream ended before ${text}`);
        heard += new TextDecoder().decode(value);
      }
    };
    await until('"state":"waiting"');
    site.phone.answer('approved');
    await until('"state":"approved"');
    expect((await reader.read()).done).toBe(true);
    await expect.poll(() => site.phone.last.listeners.size).toBe(0);
  });
});

describe('another browser', () => {
  test('sees nothing of a sign-in, hears nothing and ends nothing', async () => {
    const { base } = await ask();
    site.phone.answer('approved');
    const before = site.provider.finished.length;
    const stranger = browserOf();
    for (const path of ['', '/attente', '/carte', '/statut', '/evenements', '/qr.svg']) {
      expect((await stranger.get(`${base}${path}`)).status).toBe(410);
    }
    expect(site.provider.finished.length).toBe(before);
  });

  test('that opens the way back from the app is told what to do', async () => {
    const { browser, base } = await ask();
    site.phone.answer('approved', 'the-verifier');
    const answer = await browserOf().get(`${base}/retour?v=the-verifier`);
    expect(answer.status).toBe(409);
    expect(await answer.text()).toContain('s’est ouvert dans un autre navigateur');
    const back = await browser.get(`${base}/retour?v=the-verifier`);
    expect(target(back)).toBe(`${site.service}/retour?code=c`);
    expect(site.provider.finished.at(-1)?.amr).toContain('phr');
  });
});

test('an approval on the same phone opens nothing by waiting, nor with a wrong verifier', async () => {
  const { browser, base } = await ask();
  site.phone.answer('approved', 'right');
  const before = site.provider.finished.length;
  expect((await browser.get(`${base}/attente`)).status).toBe(200);
  expect((await browser.get(`${base}/retour?v=wrong`)).status).toBe(200);
  expect((await browser.get(`${base}/retour`)).status).toBe(200);
  expect(site.provider.finished.length).toBe(before);
});

test('an expired interaction names the service and leads back to it', async () => {
  const { browser, base } = await begin();
  site.provider.interactions.clear();
  const answer = await browser.get(base);
  const page = await answer.text();
  expect(answer.status).toBe(410);
  expect(page).toContain('Retournez à Vaccin Covid');
  expect(page).toContain(`href="${site.service}/"`);
});

test('the test of the e-CPS is a whole sign-in that opens nothing', async () => {
  const browser = browserOf();
  const fields = hiddenFields(await (await browser.get('/tester')).text());
  const base = target(await browser.post('/tester', fields));
  const start = hiddenFields(await (await browser.get(base)).text());
  await browser.post(base, { ...start, identifiant: '810000000017' });
  const before = site.provider.finished.length;
  site.phone.answer('approved');
  expect(target(await browser.get(`${base}/attente`))).toBe('/tester/bravo');
  const page = await (await browser.get('/tester/bravo')).text();
  expect(page).toContain('Bravo');
  expect(page).toContain('Élodie Martin');
  expect(site.provider.finished.length).toBe(before);
  expect(target(await browserOf().get('/tester/bravo'))).toBe('/tester');
});
