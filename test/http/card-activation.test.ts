import { beforeAll, describe, expect, test } from 'vitest';
import { normalizeSerial } from '../../src/card/certificate.ts';
import { deleteOpposition, insertOpposition } from '../../src/card/repository.ts';
import { type Phone, createPhone } from '../../src/phone/client.ts';
import type { Issued } from '../../src/sandbox/card/authority.ts';
import { DOCTOR, startCardSite } from '../support/card-site.ts';
import { hiddenFields } from '../support/http-client.ts';
import { createMemoryVault } from '../support/phone-vault.ts';
import { decodeQrSvg } from '../support/qr.ts';
import { Browser } from './oidc-harness.ts';

/** The pages of the activation by card, on the whole application, with real TLS and the shared phone. */

const site = await startCardSite();
const PIN = '493027';
const START = `${site.origin}/activer/carte`;
const PHONE = `${START}/telephone`;
let card: Issued;

beforeAll(async () => {
  card = await site.files.card({ nationalId: DOCTOR });
});

const newPhone = (): Phone => createPhone({ origin: site.origin, vault: createMemoryVault(), locale: 'fr' });
const device = (name = 'Mon téléphone') => ({ name, model: 'Pixel 9', os: 'Android 16' });

const text = async (browser: Browser, url: string): Promise<string> => (await browser.fetch(url)).text();

const post = async (browser: Browser, url: string, fields: Record<string, string> = {}) => {
  const hidden = hiddenFields(await text(browser, url));
  return browser.fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ ...hidden, ...fields }),
    headers: { origin: site.origin },
  });
};

/** Where the card's host sends this browser after the card (or none) was presented. */
const present = async (browser: Browser, presented: Issued | undefined): Promise<string> => {
  const answer = await post(browser, START);
  expect(answer.status).toBe(303);
  return site.present(answer.headers.get('location') ?? '', presented);
};

/** A browser in which the card was accepted. */
const accepted = async (): Promise<Browser> => {
  const browser = new Browser();
  const answer = await browser.fetch(await present(browser, card));
  expect(answer.headers.get('location')).toBe('/activer/carte/telephone');
  return browser;
};

const qrOf = async (browser: Browser): Promise<string> => decodeQrSvg(await text(browser, `${START}/qr.svg`));
const stateOf = async (browser: Browser): Promise<string> =>
  ((await (await browser.fetch(`${START}/statut`)).json()) as { state: string }).state;
const lettersOf = (page: string): string => /data-letters="(\w{4})"/.exec(page)?.[1] ?? '';

const audited = async (activation: string): Promise<string[]> =>
  (
    await site.db.query<{ type: string }>(
      `SELECT type FROM audit_event WHERE details->>'activation' = $1 ORDER BY id`,
      [activation],
    )
  ).rows.map(({ type }) => type);

describe('activation by card', () => {
  test('card, QR, comparison, PIN: the phone is active, and its record keeps which card vouched', async () => {
    const browser = await accepted();
    const scan = await text(browser, PHONE);
    expect(scan).toContain('Scannez avec votre téléphone');
    expect(scan).toMatch(/Carte acceptée. Identifiant : <strong>8.99.70.02.18.89.6</);
    expect(await stateOf(browser)).toBe('waiting');
    const phone = newPhone();
    const { letters = '', activationId } = await phone.activateByCard({
      qr: await qrOf(browser),
      device: device(),
    });
    expect(await stateOf(browser)).toBe('compare');
    const compare = await text(browser, PHONE);
    expect(lettersOf(compare)).toBe(letters);
    expect(compare).toContain('Mon téléphone');
    expect(compare).toContain('Pixel 9');
    expect(compare).not.toContain('un autre téléphone a aussi scanné');
    expect((await browser.fetch(`${START}/qr.svg`)).status).toBe(410);
    const yes = await post(browser, PHONE, { reponse: 'oui' });
    expect([yes.status, yes.headers.get('location')]).toEqual([303, '/activer/carte/telephone']);
    expect(await text(browser, PHONE)).toContain('Choisissez votre code PIN sur le téléphone');
    const due = await phone.computerAnswers(AbortSignal.timeout(10_000));
    expect(due).toMatchObject({ state: 'pin_due', nationalId: DOCTOR });
    const { device: enrolled } = await phone.enrol(PIN);
    expect(enrolled).toMatchObject({ state: 'active', via: 'card' });
    expect(await stateOf(browser)).toBe('done');
    expect(await text(browser, PHONE)).toContain('Votre e-CPS est activée');
    const { rows } = await site.db.query(
      'SELECT via, vouched_by, national_id FROM ecps_device WHERE id = $1',
      [enrolled.id],
    );
    expect(rows).toEqual([
      { via: 'card', vouched_by: normalizeSerial(card.x509.serialNumber), national_id: DOCTOR },
    ]);
    expect(await audited(activationId)).toEqual([
      'ecps.activation_started',
      'ecps.activation_confirmed',
      'ecps.device_added',
    ]);
    await phone.revoke(enrolled.id);
  });

  test('a photographed QR: another phone and other letters are on the screen, and “no” ends it', async () => {
    const browser = await accepted();
    const photographed = await qrOf(browser);
    const [thief, owner] = [newPhone(), newPhone()];
    const stolen = await thief.activateByCard({ qr: photographed, device: device('Téléphone inconnu') });
    const refused = await owner
      .activateByCard({ qr: photographed, device: device() })
      .catch((error: unknown) => error);
    expect(refused).toEqual(expect.objectContaining({ code: 'scanned_elsewhere', status: 409 }));
    expect((refused as Error).message).toContain('quelqu’un a photographié l’écran');
    expect(await stateOf(browser)).toBe('compare-others');
    const page = await text(browser, PHONE);
    expect(lettersOf(page)).toBe(stolen.letters);
    expect(page).toContain('Téléphone inconnu');
    expect(page).toContain('un autre téléphone a aussi scanné');
    await post(browser, PHONE, { reponse: 'non' });
    expect(await text(browser, PHONE)).toContain('Ce téléphone est refusé');
    expect(await thief.computerAnswers(AbortSignal.timeout(5_000))).toMatchObject({ state: 'closed' });
    expect(await audited(stolen.activationId)).toEqual([
      'ecps.activation_started',
      'ecps.activation_scanned_twice',
      'ecps.activation_closed',
    ]);
  });

  test('the page hears by itself what the phone does', async () => {
    const browser = await accepted();
    const answer = await browser.fetch(`${START}/evenements`);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    const until = async (wanted: string): Promise<void> => {
      while (!heard.includes(wanted)) {
        const chunk = await reader?.read();
        if (!chunk || chunk.done) throw new Error(`the stream ended with ${heard}`);
        heard += chunk.value;
      }
    };
    await until('"state":"waiting"');
    const phone = newPhone();
    await phone.activateByCard({ qr: await qrOf(browser), device: device() });
    await until('"state":"compare"');
    await post(browser, PHONE, { reponse: 'non' });
    await until('"state":"refused"');
    expect((await reader?.read())?.done).toBe(true);
  });

  test.each([
    ['no card', undefined, 'card_absent', 'Aucune carte n’a été présentée'],
    ['a software certificate', 'software', 'card_software_certificate', 'card_software_certificate'],
  ])('%s: told on the page, with the way to try again', async (_name, kind, code, said) => {
    const software =
      kind && (await site.files.card({ nationalId: DOCTOR }, { override: { cardNumber: null } }));
    const browser = new Browser();
    const answer = await browser.fetch(await present(browser, software || undefined));
    expect(answer.headers.get('location')).toBe('/activer/carte');
    const page = await browser.fetch(START);
    expect(page.status).toBe(403);
    const body = await page.text();
    expect(body).toContain(said);
    expect(body).toContain(`<code>${code}</code>`);
    const support = /support-id">([^<]+)</.exec(body)?.[1];
    const { rows } = await site.db.query(
      `SELECT details->>'reason' AS reason FROM audit_event WHERE support_id = $1`,
      [support],
    );
    expect(rows).toEqual([{ reason: code }]);
    expect(await text(browser, `${START}?lang=en`)).toContain('My card is inserted');
    expect((await browser.fetch(PHONE)).headers.get('location')).toBe('/activer/carte');
  });

  test('belongs to the browser that presented the card', async () => {
    const browser = new Browser();
    const back = await present(browser, card);
    const stranger = new Browser();
    expect((await stranger.fetch(back)).status).toBe(409);
    // Another browser has not spent it: without its cookie nothing was redeemed.
    expect((await browser.fetch(back)).headers.get('location')).toBe('/activer/carte/telephone');
    // A reload finds the page that is there already.
    expect((await browser.fetch(back)).headers.get('location')).toBe('/activer/carte/telephone');
    for (const path of ['qr.svg', 'statut', 'evenements']) {
      expect((await stranger.fetch(`${START}/${path}`)).status).toBe(410);
    }
    expect((await stranger.fetch(PHONE)).headers.get('location')).toBe('/activer/carte');
  });

  test('answers to our own forms only', async () => {
    const browser = await accepted();
    await newPhone().activateByCard({ qr: await qrOf(browser), device: device() });
    for (const url of [START, PHONE]) {
      const forged = await browser.fetch(url, {
        method: 'POST',
        body: new URLSearchParams({ reponse: 'oui' }),
        headers: { origin: site.origin },
      });
      expect(forged.status).toBe(403);
    }
    expect(await stateOf(browser)).toBe('compare');
  });

  test('lets the form end at the card’s hosts, which redirect back here', async () => {
    const answer = await new Browser().fetch(START);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(/form-action ([^;]*)/.exec(policy)?.[1]?.split(' ').sort()).toEqual(
      [`'self'`, site.config.cardOrigin].sort(),
    );
  });

  test('a card declared lost while the phone was compared takes back its word', async () => {
    const browser = await accepted();
    const phone = newPhone();
    await phone.activateByCard({ qr: await qrOf(browser), device: device() });
    const serial = normalizeSerial(card.x509.serialNumber);
    await insertOpposition(site.db, serial, 'perdue', new Date());
    const answer = await post(browser, PHONE, { reponse: 'oui' });
    await deleteOpposition(site.db, serial);
    expect(answer.headers.get('location')).toBe('/activer/carte');
    expect(await text(browser, START)).toContain('<code>card_opposed</code>');
    expect(await phone.activation()).toMatchObject({ state: 'closed' });
  });

  test('an answer given twice, or too late, shows how things stand', async () => {
    const browser = await accepted();
    const phone = newPhone();
    await phone.activateByCard({ qr: await qrOf(browser), device: device() });
    const fields = { ...hiddenFields(await text(browser, PHONE)), reponse: 'oui' };
    const send = () =>
      browser.fetch(PHONE, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { origin: site.origin },
      });
    for (const answer of [await send(), await send()]) {
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/activer/carte/telephone']);
    }
    expect(await text(browser, PHONE)).toContain('Choisissez votre code PIN');
    const late = await browser.fetch(PHONE, {
      method: 'POST',
      body: new URLSearchParams({ ...fields, reponse: 'non' }),
      headers: { origin: site.origin },
    });
    expect(late.status).toBe(303);
    expect(await stateOf(browser)).toBe('pin');
  });

  test('tells the text of the QR to the virtual phone of a sandbox', async () => {
    const browser = await accepted();
    const told = await text(browser, `${START}/qr.txt`);
    expect(told).toBe(await qrOf(browser));
    expect(await text(browser, PHONE)).toContain('ECPS3:');
  });

  test('tells it nowhere else', async () => {
    const real = await startCardSite({ mode: 'production' });
    const browser = new Browser();
    const url = `${real.origin}/activer/carte`;
    const begun = await browser.fetch(url, {
      method: 'POST',
      body: new URLSearchParams(hiddenFields(await text(browser, url))),
      headers: { origin: real.origin },
    });
    const link = begun.headers.get('location') ?? '';
    await browser.fetch(await real.present(link, await real.files.card({ nationalId: DOCTOR })));
    expect((await browser.fetch(`${url}/qr.svg`)).status).toBe(200);
    expect((await browser.fetch(`${url}/qr.txt`)).status).toBe(404);
    expect(await text(browser, `${url}/telephone`)).not.toContain('ECPS3:');
  });

  test('is offered where one learns how to activate', async () => {
    expect(await text(new Browser(), `${site.origin}/activer`)).toContain('href="/activer/carte"');
  });
});
