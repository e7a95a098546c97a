import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createAudit } from '../../src/audit/record.ts';
import { normalizeSerial } from '../../src/card/certificate.ts';
import { openCardListener } from '../../src/card/open.ts';
import { createCard, type Card } from '../../src/card/service.ts';
import { ConfigurationError } from '../../src/config.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPostgresStore } from '../../src/platform/store/postgres.ts';
import type { Issued } from '../../src/sandbox/card/authority.ts';
import { createCardFiles, DOCTOR, type CardFiles } from '../support/card-site.ts';
import { testConfig } from '../support/config.ts';
import { testDatabase } from '../support/services.ts';

const START = new Date('2027-03-01T08:00:00Z');
const SECRET = 's'.repeat(40);
const BROWSER = 'the secret of this browser';
const log = createLog('silent');
const folder = mkdtempSync(join(tmpdir(), 'caducee-service-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const files: CardFiles = await createCardFiles(START);
let clock: ManualClock;
let status: 'active' | 'struck_off';
let socket: string;

const hours = (count: number): Date => new Date(START.getTime() + count * 3_600_000);

const build = async (changes: Record<string, string> = {}): Promise<Card> => {
  const { db } = await testDatabase();
  const config = testConfig({
    CADUCEE_CARD_ORIGIN: 'https://*.card.localhost:4002',
    CADUCEE_CARD_HOP_SOCKET: socket,
    ...files.settings,
    ...changes,
  });
  const card = createCard({
    ...{ config, db, clock, log },
    store: createPostgresStore(db, clock),
    registry: { find: async () => ({ status }) as never },
    keyring: createKeyRing(config.masterKey),
    audit: createAudit({ clock }),
  });
  if (!card) throw new Error('no card');
  return card;
};

const runJob = (card: Card, name = 'card-crl'): Promise<unknown> =>
  card.jobs.find((job) => job.name === name)?.run() ?? Promise.reject(new Error(`no job ${name}`));

beforeEach(async () => {
  clock = new ManualClock(hours(1));
  status = 'active';
  socket = join(folder, `${Math.random()}.sock`);
  await files.publish();
});

/** Presents a card through the Unix socket of a terminator; what the card's host says. */
const present = async (card: Card, issued: Issued): Promise<string> => {
  const link = await card.begin('sign_in', 'interaction-1', BROWSER);
  const listener = await openCardListener(card.server(), { socket });
  const location = await new Promise<string>((resolve, reject) => {
    request(
      {
        socketPath: socket,
        path: new URL(link).pathname,
        headers: { 'client-cert': `:${issued.der.toString('base64')}:` },
      },
      (response) => {
        response.resume();
        resolve(response.headers.location ?? '');
      },
    )
      .on('error', reject)
      .end();
  });
  await listener.close();
  const outcome = await card.redeem(
    new URL(location).searchParams.get('handoff') ?? '',
    { purpose: 'sign_in', subject: 'interaction-1', browserToken: BROWSER },
    { address: '127.0.0.1' },
  );
  return outcome?.refusal ?? outcome?.proof?.nationalId ?? 'nothing';
};

const serialOf = ({ x509 }: Issued): string => normalizeSerial(x509.serialNumber);

describe('a card, as time passes', () => {
  test('signs in, is revoked, and is refused at the next authorization and the next sign-in', async () => {
    const card = await build();
    const issued = await files.card({});
    expect(await present(card, issued), 'no list yet').toBe('card_revocation_unknown');
    await runJob(card);
    expect(await present(card, issued)).toBe(DOCTOR);
    expect(await card.recheck(DOCTOR, serialOf(issued))).toBeUndefined();

    await files.publish([serialOf(issued)], { from: hours(2) });
    clock.set(hours(2.5));
    await runJob(card);
    expect(await card.recheck(DOCTOR, serialOf(issued))).toBe('card_revoked');
    expect(await present(card, issued)).toBe('card_revoked');
  });

  test('is judged again in everything: dates, person, lists', async () => {
    const card = await build();
    const issued = await files.card({}, { notAfter: hours(3) });
    await runJob(card);
    expect(await present(card, issued)).toBe(DOCTOR);
    status = 'struck_off';
    expect(await card.recheck(DOCTOR, serialOf(issued))).toBe('card_person_inactive');
    status = 'active';
    clock.set(hours(4));
    expect(await card.recheck(DOCTOR, serialOf(issued))).toBe('card_expired');
    expect(await card.recheck(DOCTOR, 'ffff'), 'a card never seen').toBe('card_absent');
    const longer = await files.card({});
    expect(await present(card, longer)).toBe(DOCTOR);
    clock.set(hours(25));
    expect(await card.recheck(DOCTOR, serialOf(longer))).toBe('card_revocation_unknown');
  });

  test('lists that end raise the alarm, a grace delays it, new ones end it', async () => {
    const card = await build({ CADUCEE_CARD_CRL_GRACE_SECONDS: '3600' });
    expect(card.revocation.stale()).toHaveLength(2);
    expect(card.revocation.freshSeconds()).toBeUndefined();
    await runJob(card);
    expect(card.revocation.stale()).toEqual([]);
    expect(card.revocation.freshSeconds()).toBe(23 * 3600);
    clock.set(hours(24.5));
    expect(card.revocation.freshSeconds()).toBe(-1800);
    expect(card.revocation.stale()).toEqual([]);
    clock.set(hours(25.5));
    expect(card.revocation.stale()).toEqual([
      'TEST AC CADUCEE STANDARD PERSONNES',
      'TEST AC RACINE CADUCEE STANDARD',
    ]);
    await files.publish([], { from: hours(25) });
    await runJob(card);
    expect(card.revocation.stale()).toEqual([]);
  });

  test('a list is fetched again as often as asked, long before half of its life', async () => {
    const card = await build({ CADUCEE_CARD_CRL_EVERY_SECONDS: '600' });
    const issued = await files.card({});
    await runJob(card);
    expect(await present(card, issued)).toBe(DOCTOR);
    await files.publish([serialOf(issued)], { from: hours(1) });
    clock.advance(599);
    await runJob(card);
    expect(await card.recheck(DOCTOR, serialOf(issued))).toBeUndefined();
    clock.advance(1);
    await runJob(card);
    expect(await card.recheck(DOCTOR, serialOf(issued))).toBe('card_revoked');
  });

  test('is forgotten long after it ended', async () => {
    const card = await build();
    const issued = await files.card({}, { notAfter: hours(3) });
    await runJob(card);
    await present(card, issued);
    clock.set(hours(24 * 399));
    await runJob(card, 'card-sweep');
    expect(await card.recheck(DOCTOR, serialOf(issued))).toBe('card_expired');
    clock.set(hours(24 * 401));
    await runJob(card, 'card-sweep');
    expect(await card.recheck(DOCTOR, serialOf(issued))).toBe('card_absent');
  });
});

describe('the files of the configuration', () => {
  const file = (content: string): string => {
    const path = join(folder, `${Math.random()}.pem`);
    writeFileSync(path, content);
    return path;
  };

  test.each<[string, () => Promise<Record<string, string>>, RegExp]>([
    ['absent', async () => ({ CADUCEE_CARD_TRUST_FILE: '/nowhere/roots.pem' }), /cannot be read/],
    ['empty', async () => ({ CADUCEE_CARD_TRUST_FILE: file('') }), /holds no certificate/],
    [
      'broken',
      async () => ({
        CADUCEE_CARD_INTERMEDIATES_FILE: file('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'),
      }),
      /not a certificate/,
    ],
    [
      'that no list covers',
      async () => ({ CADUCEE_CARD_CRL_URLS: '', CADUCEE_CARD_OCSP_URL: 'http://127.0.0.1:9' }),
      /nothing would tell whether TEST AC CADUCEE STANDARD PERSONNES was revoked/,
    ],
    [
      'of a card instead of an authority',
      async () => ({ CADUCEE_CARD_TRUST_FILE: file((await files.card({})).pem) }),
      /is not an authority/,
    ],
  ])('%s are told like a wrong setting', async (_case, changes, message) => {
    const wrong = await changes();
    await expect(build(wrong)).rejects.toThrow(ConfigurationError);
    await expect(build(wrong)).rejects.toThrow(message);
  });
});

describe('the socket of a terminator', () => {
  test('is for owner and group alone, and goes with the listener', async () => {
    const card = await build();
    const listener = await openCardListener(card.server(), { socket });
    expect(statSync(socket).mode & 0o777).toBe(0o660);
    await expect(openCardListener(card.server(), { socket })).rejects.toThrow('another process listens');
    await listener.close();
    expect(statSync(socket, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('left behind by a killed process is taken over; another file never', async () => {
    const card = await build();
    const left = createServer();
    await new Promise<void>((resolve) => left.listen({ path: `${socket}.old` }, resolve));
    const { renameSync } = await import('node:fs');
    renameSync(`${socket}.old`, socket);
    await new Promise((resolve) => left.close(resolve));
    const listener = await openCardListener(card.server(), { socket });
    await listener.close();
    writeFileSync(socket, 'mine');
    await expect(openCardListener(card.server(), { socket })).rejects.toThrow('not a socket');
  });

  test('beside an address with a secret, the secret is asked', async () => {
    const card = await build({
      CADUCEE_CARD_HOP_SOCKET: '',
      CADUCEE_CARD_HOP_ADDRESSES: '127.0.0.1',
      CADUCEE_CARD_HOP_SECRET: SECRET,
    });
    await runJob(card);
    const issued = await files.card({});
    const listener = await openCardListener(card.server(), { host: '127.0.0.1', port: 0 });
    const { port } = listener.address as { port: number };
    const visit = async (headers: Record<string, string>): Promise<string> => {
      const link = await card.begin('sign_in', 'i', BROWSER);
      const answer = await fetch(`http://127.0.0.1:${port}${new URL(link).pathname}`, {
        headers: { 'client-cert': `:${issued.der.toString('base64')}:`, ...headers },
        redirect: 'manual',
      });
      const handoff = new URL(answer.headers.get('location') ?? '').searchParams.get('handoff') ?? '';
      const outcome = await card.redeem(
        handoff,
        { purpose: 'sign_in', subject: 'i', browserToken: BROWSER },
        { address: '127.0.0.1' },
      );
      return outcome?.refusal ?? outcome?.proof?.nationalId ?? '';
    };
    expect(await visit({ 'caducee-hop-secret': SECRET })).toBe(DOCTOR);
    expect(await visit({ 'caducee-hop-secret': `${SECRET}x` })).toBe('card_absent');
    expect(await visit({})).toBe('card_absent');
    await listener.close();
  });
});
