import { beforeAll, describe, expect, test } from 'vitest';
import { insertOpposition, deleteOpposition } from '../../src/card/repository.ts';
import { normalizeSerial } from '../../src/card/certificate.ts';
import type { Issued } from '../../src/sandbox/card/authority.ts';
import { hiddenFields } from '../support/http-client.ts';
import { DOCTOR, OTHER_DOCTOR, startCardSite } from '../support/card-site.ts';
import { Browser, REDIRECT, authorizationRequest, payloadOf, post, type Tokens } from './oidc-harness.ts';

const site = await startCardSite();
let card: Issued;
let other: Issued;

beforeAll(async () => {
  card = await site.files.card({ nationalId: DOCTOR });
  other = await site.files.card({ nationalId: OTHER_DOCTOR, familyName: 'AUTRE', givenName: 'ÉLODIE' });
});

const serialOf = ({ x509 }: Issued): string => normalizeSerial(x509.serialNumber);
const absolute = (location: string | null): string => new URL(location ?? '', site.origin).href;

/** From the service to the sign-in page. */
const begin = async (browser = new Browser(), parameters: Record<string, string> = {}) => {
  const { url, verifier } = authorizationRequest(site, parameters);
  let response = await browser.fetch(url);
  while (response.headers.get('location')) {
    const next = absolute(response.headers.get('location'));
    if (!next.startsWith(site.origin)) return { browser, verifier, landed: next, base: '' };
    response = await browser.fetch(next);
  }
  const base = /action="(\/connexion\/[\w-]+)"/.exec(await response.text())?.[1] ?? '';
  return { browser, verifier, landed: '', base };
};

/** Presses the button of the card tab: the link to the card's host. */
const pressCard = async (browser: Browser, base: string): Promise<string> => {
  const page = await (await browser.fetch(`${site.origin}${base}/carte`)).text();
  const answer = await browser.fetch(`${site.origin}${base}/carte`, {
    method: 'POST',
    body: new URLSearchParams(hiddenFields(page)),
    headers: { origin: site.origin },
  });
  expect(answer.status).toBe(303);
  return answer.headers.get('location') ?? '';
};

/** The whole sign-in up to where the browser ends. */
const signInBy = async (presented: Issued | undefined, browser = new Browser(), parameters = {}) => {
  const begun = await begin(browser, parameters);
  const back = await site.present(await pressCard(browser, begun.base), presented);
  const { response, location } = await browser.follow(back);
  return { ...begun, back, response, location };
};

const redeem = async (location: string | undefined, verifier: string): Promise<Tokens> => {
  const code = new URL(location ?? '').searchParams.get('code') ?? '';
  const { status, body } = await post(site, 'token', {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT,
    code_verifier: verifier,
  });
  expect(status, JSON.stringify(body)).toBe(200);
  return body as Tokens;
};

const auditOf = async (type: string) =>
  (
    await site.db.query<{ national_id: string | null; details: Record<string, unknown> }>(
      'SELECT national_id, details FROM audit_event WHERE type = $1 ORDER BY id DESC',
      [type],
    )
  ).rows;

describe('a sign-in by card', () => {
  test('tells the service who, how and how strongly', async () => {
    const { location, verifier } = await signInBy(card);
    expect(location).toMatch(/^http:\/\/127\.0\.0\.1:45678\/callback\?code=/);
    const tokens = await redeem(location, verifier);
    expect(payloadOf(tokens.id_token)).toMatchObject({
      sub: `f:${site.config.subUuid}:${DOCTOR}`,
      acr: 'eidas2',
      amr: ['sc', 'pin', 'mfa', 'hwk', 'phr'],
      authMode: 'CARD',
      SubjectNameID: DOCTOR,
    });
    expect((await auditOf('sign_in_granted'))[0]).toMatchObject({
      national_id: DOCTOR,
      details: { authMode: 'CARD', cardSerial: serialOf(card) },
    });
    expect(await site.app.metrics().then(({ text }) => text)).toMatch(
      /caducee_sign_ins_total\{means="card",outcome="granted"\} [1-9]/,
    );
  });

  test('goes each time to a host that the browser has never seen', async () => {
    const { browser, base } = await begin();
    const hosts = new Set<string>();
    for (let count = 0; count < 4; count += 1) hosts.add(new URL(await pressCard(browser, base)).hostname);
    expect(hosts.size).toBe(4);
    for (const host of hosts) expect(host).toMatch(/^c[0-9a-f]{20}\.card\.localhost$/);
  });

  test('lets the form end at the card’s hosts and at the service, and nowhere else', async () => {
    const { browser, base } = await begin();
    const answer = await browser.fetch(`${site.origin}${base}/carte`);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(/form-action ([^;]*)/.exec(policy)?.[1]?.split(' ').sort()).toEqual(
      [`'self'`, 'http://127.0.0.1:45678', site.config.cardOrigin].sort(),
    );
  });

  test('is known to discovery', async () => {
    const discovery = await fetch(`${site.config.issuer}/.well-known/openid-configuration`);
    expect(await discovery.json()).toMatchObject({ acr_values_supported: ['eidas1', 'eidas2'] });
  });

  test('needs our own form', async () => {
    const { browser, base } = await begin();
    const answer = await browser.fetch(`${site.origin}${base}/carte`, {
      method: 'POST',
      body: new URLSearchParams({}),
      headers: { origin: site.origin },
    });
    expect(answer.status).toBe(403);
  });

  test('of our own test opens nothing', async () => {
    const browser = new Browser();
    const page = await (await browser.fetch(`${site.origin}/tester`)).text();
    const started = await browser.fetch(`${site.origin}/tester`, {
      method: 'POST',
      body: new URLSearchParams(hiddenFields(page)),
      headers: { origin: site.origin },
    });
    const base = started.headers.get('location') ?? '';
    const back = await site.present(await pressCard(browser, base), card);
    const { response } = await browser.follow(back);
    const bravo = await response.text();
    expect(bravo).toContain('Votre carte CPS marche.');
    expect(bravo).toContain('ROBERT SPECIALISTE0021889');
    expect(browser.cookies.some(({ name }) => name.endsWith('_sso'))).toBe(false);
  });
});

describe('the way back', () => {
  const started = async () => {
    const { browser, base } = await begin();
    return { browser, base, back: await site.present(await pressCard(browser, base), card) };
  };

  test('serves once', async () => {
    const { browser, back } = await started();
    expect((await browser.follow(back)).location).toContain('/callback?code=');
    expect((await browser.fetch(back)).status).toBe(410);
  });

  test('opens nothing in another browser, and is spent by nobody there', async () => {
    const { browser, back } = await started();
    const stranger = new Browser();
    const answer = await stranger.fetch(back);
    expect(answer.status).toBe(409);
    expect(await answer.text()).toContain('autre navigateur');
    expect((await browser.follow(back)).location).toContain('/callback?code=');
  });

  test('of one sign-in does not serve in another of the same browser', async () => {
    const { browser, back } = await started();
    const second = await begin(browser);
    const handoff = new URL(back).searchParams.get('handoff') ?? '';
    const answer = await browser.fetch(`${site.origin}${second.base}/carte/retour?handoff=${handoff}`);
    expect(answer.status).toBe(410);
    expect(await answer.text()).toContain('card_handoff_gone');
  });

  test('is not used up by a HEAD', async () => {
    const { browser, back } = await started();
    expect((await browser.fetch(back, { method: 'HEAD' })).status).toBe(204);
    expect((await browser.follow(back)).location).toContain('/callback?code=');
  });

  test.each(['', '?handoff=', `?handoff=${'a'.repeat(43)}`, '?handoff=a&handoff=b'])(
    'with %j starts again',
    async (query) => {
      const { browser, base } = await begin();
      const answer = await browser.fetch(`${site.origin}${base}/carte/retour${query}`);
      const page = await answer.text();
      expect([answer.status, page.includes('card_handoff_gone')]).toEqual([410, true]);
      expect(page).toContain(`action="${base}/carte"`);
    },
  );

  test('a link to the card’s host serves once', async () => {
    const { browser, base } = await begin();
    const link = await pressCard(browser, base);
    expect(await site.present(link, card)).toContain('/carte/retour?handoff=');
    const lost = await site.present(link, card);
    expect(lost).toBe(`${site.origin}/carte/lien`);
    const answer = await browser.fetch(lost);
    expect([answer.status, (await answer.text()).includes('card_link_gone')]).toEqual([410, true]);
  });
});

describe('a card that is refused', () => {
  const DAY = 86_400_000;
  const now = new Date();
  const refused: [string, () => Promise<Issued | undefined>, { vouched: boolean }][] = [
    ['card_absent', async () => undefined, { vouched: false }],
    [
      'card_expired',
      () =>
        site.files.card(
          {},
          { notBefore: new Date(now.getTime() - 9 * DAY), notAfter: new Date(now.getTime() - DAY) },
        ),
      { vouched: true },
    ],
    [
      'card_chain_unknown',
      () => site.files.card({}, { issuer: site.files.pki.elementary.persons }),
      { vouched: false },
    ],
    [
      'card_software_certificate',
      () => site.files.card({}, { override: { cardNumber: null } }),
      { vouched: true },
    ],
    ['card_person_unknown', () => site.files.card({ nationalId: '899700999999' }), { vouched: true }],
  ];

  test.each(refused)('%s says why, what to do, and how to go on', async (code, make, { vouched }) => {
    const { browser, base, response, location } = await signInBy(await make());
    expect([response.status, location]).toEqual([403, undefined]);
    const page = await response.text();
    expect(page).toContain(`<code>${code}</code>`);
    expect(page).toContain(`action="${base}/carte"`);
    expect(page).toContain(`href="${base}"`);
    expect(page).toContain('href="/carte/diagnostic"');
    const row = (await auditOf('card.refused'))[0];
    expect(row?.details['reason']).toBe(code);
    expect(row?.national_id !== null).toBe(vouched);
    const number = /class="support-id">([^<]+)</.exec(page)?.[1];
    const again = await (await browser.fetch(`${site.origin}${base}/carte/refus?lang=en`)).text();
    expect(again).toContain('<html lang="en">');
    expect(again).toContain(`<code>${code}</code>`);
    expect(again).toContain(`class="support-id">${number}<`);
  });

  test('can be followed by one that is accepted, in the same sign-in', async () => {
    const { browser, base } = await signInBy(undefined);
    const back = await site.present(await pressCard(browser, base), card);
    expect((await browser.follow(back)).location).toContain('/callback?code=');
  });
});

describe('a session that a card opened', () => {
  const oppose = (serial: string) => insertOpposition(site.db, serial, 'lost', new Date());

  test('opens the next service without asking', async () => {
    const { browser } = await signInBy(card);
    expect((await begin(browser)).landed).toContain('/callback?code=');
  });

  test('opens nothing more once the card is declared lost: asks, refuses silently, refreshes nothing', async () => {
    const { browser, location, verifier } = await signInBy(card);
    const tokens = await redeem(location, verifier);
    await oppose(serialOf(card));
    try {
      expect((await begin(browser, { prompt: 'none' })).landed).toContain('error=login_required');
      const again = await begin(browser);
      expect(again.landed).toBe('');
      const page = await (await browser.fetch(`${site.origin}${again.base}`)).text();
      expect(page).toContain('Votre carte n’est plus acceptée');
      const refreshed = await post(site, 'token', {
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token,
      });
      expect([refreshed.status, refreshed.body['error']]).toEqual([400, 'invalid_grant']);
      const back = await site.present(await pressCard(browser, again.base), card);
      expect(await (await browser.follow(back)).response.text()).toContain('<code>card_opposed</code>');
    } finally {
      await deleteOpposition(site.db, serialOf(card));
    }
    expect((await begin(browser)).landed).toContain('/callback?code=');
  });

  test('by card number too', async () => {
    const { browser } = await signInBy(card);
    await oppose('8025000001/2600301752');
    try {
      expect((await begin(browser, { prompt: 'none' })).landed).toContain('error=login_required');
    } finally {
      await deleteOpposition(site.db, '8025000001/2600301752');
    }
  });

  test('gives way to another professional’s card with prompt=login', async () => {
    const { browser } = await signInBy(card);
    const asked = await begin(browser, { prompt: 'login' });
    const back = await site.present(await pressCard(browser, asked.base), other);
    const { response } = await browser.follow(back);
    const page = await response.text();
    // A browser holds the form to this address on every redirect that follows it.
    expect(response.headers.get('content-security-policy')).toContain(new URL(REDIRECT).origin);
    // Another person's session is open: it ends by a form of ours before the new one begins.
    const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1] ?? '';
    const { location } = await browser.follow(absolute(action), {
      method: 'POST',
      body: new URLSearchParams(hiddenFields(page)),
      headers: { origin: site.origin },
    });
    const tokens = await redeem(location, asked.verifier);
    expect(payloadOf(tokens.id_token)['SubjectNameID']).toBe(OTHER_DOCTOR);
  });
});

describe('the diagnosis of a card', () => {
  const open = async (browser: Browser): Promise<string> => {
    const page = await (await browser.fetch(`${site.origin}/carte/diagnostic`)).text();
    const answer = await browser.fetch(`${site.origin}/carte/diagnostic`, {
      method: 'POST',
      body: new URLSearchParams(hiddenFields(page)),
      headers: { origin: site.origin },
    });
    return answer.headers.get('location') ?? '';
  };
  const read = async (presented: Issued | undefined, browser = new Browser()): Promise<string> => {
    const { response } = await browser.follow(await site.present(await open(browser), presented));
    expect(response.status).toBe(200);
    return response.text();
  };
  const states = (page: string): string[] =>
    [...page.matchAll(/<li class="(passed|failed|unchecked)"/g)].map((match) => match[1] ?? '');

  test('of a good one tells what it says of itself and that every check passed', async () => {
    const page = await read(card);
    expect(page).toContain('Votre carte est acceptée.');
    expect(page).toContain('ROBERT SPECIALISTE0021889');
    expect(page).toContain('TEST AC CADUCEE STANDARD PERSONNES');
    expect(page).toContain(serialOf(card));
    expect(states(page)).toEqual(Array(9).fill('passed'));
  });

  test('of a bad one tells where it stopped, and why', async () => {
    const page = await read(await site.files.card({}, { override: { policies: null } }));
    expect(page).toContain('<code>card_policy</code>');
    expect(states(page)).toEqual([...Array(4).fill('passed'), 'failed', ...Array(4).fill('unchecked')]);
  });

  test('without a card says so', async () => {
    const page = await read(undefined);
    expect(page).toContain('n’a présenté aucun certificat');
    expect(states(page)[0]).toBe('failed');
  });

  test('is for that browser alone', async () => {
    const browser = new Browser();
    const back = await site.present(await open(browser), card);
    const stranger = new Browser();
    expect((await stranger.fetch(back)).status).toBe(410);
    expect((await stranger.fetch(`${site.origin}/carte/diagnostic/resultat`)).status).toBe(303);
    expect((await browser.follow(back)).response.status).toBe(200);
  });
});

test('operators see how fresh the lists are', async () => {
  const { text } = await site.app.metrics();
  const seconds = Number(/^caducee_card_revocation_fresh_seconds (\S+)$/m.exec(text)?.[1]);
  expect(seconds).toBeGreaterThan(80_000);
  expect(seconds).toBeLessThanOrEqual(86_400);
});
