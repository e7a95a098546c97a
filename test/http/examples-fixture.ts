import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { createPortal, doorsOf } from '../../examples/portal/service.ts';
import type { Listening } from '../../examples/shared/listen.ts';
import { createSiDep } from '../../examples/si-dep/service.ts';
import { createVaccinCovid } from '../../examples/vaccin-covid/service.ts';
import {
  Browser,
  ONCE,
  SECRET,
  type TestProvider,
  createTestProvider,
  csrfOf,
  freePort,
  post,
} from './examples-harness.ts';

/** The three example services with databases of their own, and what people do with them over HTTP. */

export const JOIN_KEY = 'a key that both services have';
const NOON = new Date('2021-06-01T10:00:00Z');

let ports: { provider: number; vaccin: number; sidep: number; portal: number };
let provider: TestProvider;
export let issuer: string;
let folder: string;
let now: Date;
let running: Listening[] = [];
export const errors: unknown[] = [];

export const origin = (name: 'vaccin' | 'sidep' | 'portal'): string => `http://localhost:${ports[name]}`;
export const vaccin = (path = ''): string => `${origin('vaccin')}${path}`;
export const sidep = (path = ''): string => `${origin('sidep')}${path}`;

export const registration = (clientId: string, name: 'vaccin' | 'sidep' | 'portal') => ({
  issuer,
  clientId,
  clientSecret: SECRET,
  origin: origin(name),
  onError: (error: unknown) => errors.push(error),
  now: () => now,
});

export const startVaccin = async (options: { sample?: boolean } = {}): Promise<void> => {
  const service = createVaccinCovid({
    ...registration('vaccin-covid', 'vaccin'),
    dataDir: join(folder, 'vaccin'),
    join: { siDep: origin('sidep'), key: JOIN_KEY },
    reportingUrl: `${origin('portal')}/signalement`,
    ...options,
  });
  await service.start(ports.vaccin);
  running.push(service);
};

export const startSiDep = async (options: { sample?: boolean } = {}): Promise<void> => {
  const service = createSiDep({
    ...registration('si-dep', 'sidep'),
    dataDir: join(folder, 'sidep'),
    joinKey: JOIN_KEY,
    ...options,
  });
  await service.start(ports.sidep);
  running.push(service);
};

export const startPortal = async (): Promise<void> => {
  const doors = doorsOf({ vaccinCovid: origin('vaccin'), siDep: origin('sidep') });
  const service = createPortal({ ...registration('portail', 'portal'), doors });
  await service.start(ports.portal);
  running.push(service);
};

export const stopAll = async (): Promise<void> => {
  await Promise.all(running.map((service) => service.stop()));
  running = [];
};

/** Starts the provider for a test file; each test has a folder of its own and starts the services it needs. */
export const useExamples = (): void => {
  beforeAll(async () => {
    const [a, b, c, d] = [await freePort(), await freePort(), await freePort(), await freePort()];
    ports = { provider: a, vaccin: b, sidep: c, portal: d };
    issuer = `http://localhost:${a}`;
    provider = await createTestProvider(a, {
      'vaccin-covid': origin('vaccin'),
      'si-dep': origin('sidep'),
      portail: origin('portal'),
    });
    await provider.listen();
  });
  afterAll(() => provider.stop());

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'caducee-examples-'));
    now = NOON;
    errors.length = 0;
  });
  afterEach(async () => {
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  });
};

/** Moves the services' clock. */
export const setNow = (iso: string): void => {
  now = new Date(iso);
};

/** A browser in which somebody is signed in to a service. */
export const signedIn = async (who: string, at: string): Promise<Browser> => {
  const browser = new Browser();
  const query = new URLSearchParams({ iss: issuer, login_hint: who });
  const { url } = await browser.open(`${at}/connexion/initier?${query.toString()}`);
  expect(url).toBe(`${at}/`);
  return browser;
};

export const INJECTION = {
  familyName: 'Le Goff',
  givenName: 'Maëlle',
  birthDate: '31/01/1948',
  postalCode: '69003',
  vaccine: 'comirnaty',
  lot: 'ej 6796',
  site: 'left_arm',
  dose: '',
  injectedOn: '01/06/2021',
  place: '',
};

export const field = (page: string, name: string): string =>
  new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(page)?.[1] ?? '';

export const record = async (
  browser: Browser,
  changes: Partial<typeof INJECTION & { id: string; csrf: string }> = {},
) => {
  const { text } = await browser.open(vaccin('/vaccinations/nouvelle'));
  const form = { ...INJECTION, id: field(text, 'id'), csrf: csrfOf(text), ...changes };
  return browser.open(vaccin('/vaccinations'), post(form));
};

export const TEST = {
  familyName: 'LE GOFF',
  givenName: 'Maelle',
  birthDate: '31011948',
  postalCode: '69003',
  kind: 'pcr',
  result: 'negative',
  sampledOn: '01/06/2021',
};

export const recordTest = async (browser: Browser, changes: Partial<typeof TEST> = {}) => {
  const { text } = await browser.open(sidep('/resultats/nouveau'));
  return browser.open(
    sidep('/resultats'),
    post({ ...TEST, id: field(text, 'id'), csrf: csrfOf(text), ...changes }),
  );
};

interface Data {
  rows: Record<string, unknown>[];
}
export const data = async (url: string): Promise<Data['rows']> =>
  ((await (await fetch(url, { headers: ONCE })).json()) as Data).rows;
export const injections = async (): Promise<number> =>
  (await data(vaccin('/donnees/injections.json'))).reduce(
    (total, row) => total + Number(row['injections']),
    0,
  );

export const rows = (name: 'vaccin' | 'sidep', sql: string): Record<string, unknown>[] => {
  const file = name === 'vaccin' ? 'vaccin-covid' : 'si-dep';
  const db = new DatabaseSync(join(folder, name, `${file}.sqlite`));
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
};
export const change = (name: 'vaccin', sql: string): void => {
  const db = new DatabaseSync(join(folder, name, 'vaccin-covid.sqlite'));
  db.exec(sql);
  db.close();
};
