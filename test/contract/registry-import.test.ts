import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/platform/clock.ts';
import {
  importFile,
  type ImportInput,
  type ImportOptions,
  type ImportProgress,
} from '../../src/registry/import.ts';
import { createRegistry } from '../../src/registry/service.ts';
import { HEADERS, blocks, doctor, file, line, rpps, type Values } from '../support/registry.ts';
import { testDatabase } from '../support/services.ts';

const HOUR = 3600;
const { db } = await testDatabase();
const clock = new ManualClock('2026-03-02T08:00:00Z');
const registry = createRegistry({ db, clock, contactDelayHours: 72 });

const run = (input: ImportInput, options: Partial<ImportOptions> = {}) =>
  importFile(db, input, { clock, contactDelayHours: 72, allowChange: 1, ...options });
const load = (
  persons: readonly Values[],
  options: Partial<ImportOptions> & { columns?: keyof typeof HEADERS } = {},
) => run(blocks(file(HEADERS[options.columns ?? 50], persons)), options);

/** Bytes alive beyond those alive now, after a collection. */
const liveMemory = (): (() => number) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const measure = (): number => {
    // What a collection finds dead among buffers is given back by the next one.
    for (let times = 0; times < 3; times++) collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const start = measure();
  return () => measure() - start;
};

const idOf = async (serial: number): Promise<string> => {
  const practitioner = await registry.find(rpps(serial));
  if (!practitioner) throw new Error(`nobody has the number ${serial}`);
  return practitioner.id;
};
const contactOf = async (serial: number) => registry.contact(await idOf(serial));

/** Everything the registry holds, to see that nothing changed. */
const everything = async () => {
  const tables = ['practitioner', 'practitioner_contact', 'import_run'];
  const all = tables.map(
    async (table) => (await db.query(`SELECT to_jsonb(t) AS r FROM ${table} t ORDER BY 1`)).rows,
  );
  return Promise.all(all);
};

beforeEach(async () => {
  await db.query('TRUNCATE practitioner, practitioner_contact, import_run CASCADE');
});

describe('a first import', () => {
  it.each([49, 50, 52, 56] as const)('reads %i columns', async (columns) => {
    const report = await load([doctor(1), doctor(2)], { columns });
    expect(report).toMatchObject({
      layout:
        columns < 51 ? 'Extraction_ProSanteConnect_Personne_activite' : 'PS_LibreAcces_Personne_activite',
      columns,
      first: true,
      read: 2,
      persons: 2,
      added: 2,
      changed: 0,
      unchanged: 0,
      removed: 0,
      otherSource: 0,
      refused: { count: 0, lines: [] },
    });
    expect(report.source).toBe(report.layout);
    expect(report.fileHash).toMatch(/^[0-9a-f]{64}$/);
    const practitioner = await registry.find(rpps(1));
    expect(practitioner).toMatchObject({
      nationalId: rpps(1),
      subject: rpps(1),
      status: 'active',
      source: report.layout,
      familyName: 'NOM1',
      givenName: 'ALIX',
      civility: 'MME',
      otherIds: [{ identifiant: rpps(1), origine: 'RPPS', qualite: 1 }],
    });
    expect(Object.keys(practitioner?.exercises[0]?.activities[0] ?? {})).toHaveLength(30);
    expect(practitioner?.exercises[0]?.activities[0]).toMatchObject({
      raisonSocialeSite: 'CABINET 1',
      codeRole: '',
    });
  });

  it('takes contact details as effective', async () => {
    await load([doctor(1), doctor(2, { email: '' }), doctor(3, { phone: 'none' })]);
    expect(await contactOf(1)).toEqual({
      state: 'ok',
      email: 'alix.nom1@exemple.test',
      phone: '+33639980001',
    });
    expect(await contactOf(2)).toEqual({ state: 'missing' });
    expect(await contactOf(3)).toEqual({ state: 'missing' });
    expect(await registry.channels(await idOf(2))).toEqual({ phone: '+33639980002' });
  });

  it('joins the lines of a person wherever they stand', async () => {
    const here = doctor(1, { raisonSocialeSite: 'ICI' });
    const there = doctor(1, { raisonSocialeSite: 'LA', codeProfession: '21', email: '' });
    const again = doctor(1, { raisonSocialeSite: 'ENCORE' });
    const report = await load([here, doctor(2), there, doctor(3), again]);
    expect(report).toMatchObject({ read: 5, persons: 3, added: 3 });
    const exercises = (await registry.find(rpps(1)))?.exercises;
    expect(exercises?.map(({ codeProfession }) => codeProfession)).toEqual(['10', '21']);
    expect(exercises?.[0]?.activities.map(({ raisonSocialeSite }) => raisonSocialeSite)).toEqual([
      'ICI',
      'ENCORE',
    ]);
    const shuffledBack = await load([doctor(2), here, again, there, doctor(3)]);
    expect(shuffledBack).toMatchObject({ changed: 0, unchanged: 3 });
  });

  it('keeps who has no activity', async () => {
    await load([{ nationalId: rpps(1), familyName: 'RETRAITE' }]);
    expect(await registry.find(rpps(1))).toMatchObject({ familyName: 'RETRAITE', exercises: [] });
  });

  it('carries odd characters unharmed', async () => {
    const name = String.raw`D'A\B	C"É{}😀\N`;
    await load([doctor(1, { nomDexercice: name, raisonSocialeSite: String.raw`\. \\ "x"` })]);
    const practitioner = await registry.find(rpps(1));
    expect(practitioner?.familyName).toBe(name);
    expect(practitioner?.exercises[0]?.activities[0]?.raisonSocialeSite).toBe(String.raw`\. \\ "x"`);
  });
});

describe('the next file of the source', () => {
  it('changes nothing when it says the same', async () => {
    await load([doctor(1), doctor(2)]);
    const before = (await everything()).slice(0, 2);
    clock.advance(24 * HOUR);
    expect(await load([doctor(1), doctor(2)])).toMatchObject({
      added: 0,
      changed: 0,
      unchanged: 2,
      removed: 0,
      first: false,
    });
    expect((await everything()).slice(0, 2)).toEqual(before);
  });

  it('adds, changes, removes; the subject stays', async () => {
    await load([doctor(1), doctor(2), doctor(3)]);
    const id = await idOf(1);
    const report = await load([doctor(1, { nomDexercice: 'AUTRE' }), doctor(2), doctor(4)]);
    expect(report).toMatchObject({ read: 3, persons: 3, added: 1, changed: 1, unchanged: 1, removed: 1 });
    expect(await registry.find(rpps(1))).toMatchObject({ id, subject: rpps(1), familyName: 'AUTRE' });
    expect(await registry.find(rpps(3))).toMatchObject({ status: 'inactive' });
    expect(await registry.searchByName({ familyName: 'nom3' })).toEqual([]);
  });

  it('brings back who was missing, and leaves who was struck off', async () => {
    await load([doctor(1), doctor(2), doctor(3)]);
    await registry.setStatus(await idOf(2), 'struck_off');
    expect(await load([doctor(3)])).toMatchObject({ removed: 1 });
    expect(await load([doctor(3)])).toMatchObject({ removed: 0, unchanged: 1 });
    const back = await load([doctor(1), doctor(2, { nomDexercice: 'AUTRE' }), doctor(3)]);
    expect(back).toMatchObject({ changed: 2, unchanged: 1, removed: 0 });
    expect((await registry.find(rpps(1)))?.status).toBe('active');
    expect(await registry.find(rpps(2))).toMatchObject({ status: 'struck_off', familyName: 'AUTRE' });
  });

  it('obeys a hand that deactivates, until it activates again', async () => {
    await load([doctor(1)]);
    await registry.setStatus(await idOf(1), 'inactive');
    expect(await load([doctor(1)])).toMatchObject({ unchanged: 1 });
    expect((await registry.find(rpps(1)))?.status).toBe('inactive');
    await registry.setStatus(await idOf(1), 'active');
    await load([doctor(2)]);
    expect((await registry.find(rpps(1)))?.status).toBe('inactive');
    await load([doctor(1), doctor(2)]);
    expect((await registry.find(rpps(1)))?.status).toBe('active');
  });

  it('does not take a person for absent when only the line is malformed', async () => {
    await load([doctor(1), doctor(2)]);
    const broken = line(HEADERS[50], doctor(1)).replace(/^8\|/, '8|x|');
    const nul = line(HEADERS[50], doctor(1, { raisonSocialeSite: 'A\0B' }));
    for (const [bad, reason] of [
      [broken, 'wrong_number_of_columns'],
      [nul, 'nul_byte'],
    ] as const) {
      const report = await run(blocks([HEADERS[50], line(HEADERS[50], doctor(2)), bad].join('\n')));
      expect(report.refused).toEqual({ count: 1, byReason: { [reason]: 1 }, lines: [{ line: 3, reason }] });
      // The first one hides its identifier behind a shift: nothing can be known of it.
      expect(report.removed).toBe(reason === 'nul_byte' ? 0 : 1);
    }
  });
});

describe('sources', () => {
  it('each changes and removes its own persons only', async () => {
    await load([doctor(1), doctor(2)], { source: 'ordre' });
    const report = await load([doctor(2, { nomDexercice: 'AUTRE' }), doctor(3)], { source: 'hopital' });
    expect(report).toMatchObject({ added: 1, changed: 0, otherSource: 1, removed: 0, first: true });
    expect(await registry.find(rpps(1))).toMatchObject({ status: 'active', source: 'ordre' });
    expect(await registry.find(rpps(2))).toMatchObject({ familyName: 'NOM2', source: 'ordre' });
    expect(await load([doctor(1)], { source: 'ordre' })).toMatchObject({ removed: 1 });
    expect((await registry.find(rpps(3)))?.status).toBe('active');
  });

  it('a file without contact columns never erases contact details', async () => {
    await load([doctor(1)], { source: 'rpps' });
    await load([doctor(1)], { source: 'rpps', columns: 56 });
    expect((await contactOf(1)).state).toBe('ok');
    expect(await registry.contactHistory(await idOf(1))).toHaveLength(1);
    // Nor does it forget what the last file with contacts declared.
    expect(await load([doctor(1)], { source: 'rpps' })).toMatchObject({ unchanged: 1 });
    expect((await contactOf(1)).state).toBe('ok');
  });
});

describe('contact details and their 72 hours', () => {
  it('a change starts the delay at the import that brings it', async () => {
    await load([doctor(1), doctor(2)]);
    clock.advance(24 * HOUR);
    const changedAt = clock.now();
    expect(await load([doctor(1, { phone: '06 39 98 77 77' }), doctor(2)])).toMatchObject({
      changed: 1,
      unchanged: 1,
    });
    const availableAt = new Date(changedAt.getTime() + 72 * HOUR * 1000);
    expect(await contactOf(1)).toEqual({ state: 'too_recent', availableAt });
    expect((await contactOf(2)).state).toBe('ok');
    clock.advance(48 * HOUR);
    await load([doctor(1, { phone: '0639987777' }), doctor(2)]);
    expect(await contactOf(1)).toEqual({ state: 'too_recent', availableAt });
    clock.advance(24 * HOUR);
    expect(await contactOf(1)).toEqual({
      state: 'ok',
      email: 'alix.nom1@exemple.test',
      phone: '+33639987777',
    });
    expect(await registry.contactHistory(await idOf(1))).toHaveLength(2);
  });

  it('so does a first declaration, of a known person or of a new one', async () => {
    await load([doctor(1, { email: '', phone: '' })]);
    await load([doctor(1), doctor(2)]);
    expect((await contactOf(1)).state).toBe('too_recent');
    expect((await contactOf(2)).state).toBe('too_recent');
    clock.advance(72 * HOUR);
    expect([(await contactOf(1)).state, (await contactOf(2)).state]).toEqual(['ok', 'ok']);
  });

  it('a withdrawal leaves nothing to use, and the old channel for alerts', async () => {
    await load([doctor(1)]);
    await load([doctor(1, { email: '' })]);
    expect(await contactOf(1)).toEqual({ state: 'missing' });
    expect(await registry.channels(await idOf(1))).toEqual({
      email: 'alix.nom1@exemple.test',
      phone: '+33639980001',
    });
  });

  it('a malformed value counts as missing, with a warning', async () => {
    const report = await load([doctor(1, { email: 'alix(at)exemple' })]);
    expect(report.warnings).toEqual({
      count: 1,
      byReason: { email_malformed: 1 },
      lines: [{ line: 2, reason: 'email_malformed' }],
    });
    expect(await contactOf(1)).toEqual({ state: 'missing' });
  });

  it('what the person declared elsewhere outlives a file that has not heard of it, and is not delayed twice', async () => {
    await load([doctor(1)]);
    await registry.setContact(await idOf(1), { email: 'neuf@exemple.test' }, { declaredAt: clock.now() });
    clock.advance(72 * HOUR);
    expect(await load([doctor(1)])).toMatchObject({ unchanged: 1 });
    expect(await contactOf(1)).toMatchObject({
      state: 'ok',
      email: 'neuf@exemple.test',
      phone: '+33639980001',
    });
    await load([doctor(1, { email: 'neuf@exemple.test' })]);
    expect(await contactOf(1)).toMatchObject({ state: 'ok', email: 'neuf@exemple.test' });
    await load([doctor(1, { email: 'encore@exemple.test' })]);
    expect((await contactOf(1)).state).toBe('too_recent');
  });

  it('setContact can be made older, withdraws with "", refuses what is malformed', async () => {
    await load([doctor(1)]);
    const id = await idOf(1);
    const declaredAt = new Date(clock.now().getTime() - 24 * HOUR * 1000);
    await registry.setContact(id, { phone: '0639980099' }, { declaredAt, origin: 'sandbox' });
    expect(await contactOf(1)).toEqual({
      state: 'too_recent',
      availableAt: new Date(clock.now().getTime() + 48 * HOUR * 1000),
    });
    await registry.setContact(id, { phone: '' }, { declaredAt });
    expect(await contactOf(1)).toEqual({ state: 'missing' });
    await expect(registry.setContact(id, { email: 'x' }, { declaredAt })).rejects.toMatchObject({
      code: 'contact_malformed',
    });
    expect((await registry.contactHistory(id)).map(({ origin }) => origin)).toEqual([
      'desk',
      'sandbox',
      'import',
    ]);
  });
});

describe('a file that is refused changes nothing', () => {
  const good = file(HEADERS[50], [doctor(1, { nomDexercice: 'AUTRE' }), doctor(4)]);
  const cases: [string, string, string | Buffer][] = [
    ['empty', 'empty', ''],
    ['another file', 'unknown_layout', 'a|b\n1|2\n'],
    ['a missing column', 'missing_column', good.replace('Code profession|', '')],
    ['a doubled header', 'doubled_header', good + good],
    ['bytes that are not UTF-8', 'encoding', Buffer.concat([Buffer.from(good), Buffer.from([0xe9, 0x0a])])],
    ['nobody in it', 'no_person', `${HEADERS[50]}\n`],
    ['nothing but malformed lines', 'no_person', `${HEADERS[50]}\nx|\n`],
    ['more malformed lines than a registry has', 'too_many_refused', good + 'x\n'.repeat(100_001)],
  ];
  it.each(cases)('%s', async (_, code, content) => {
    await load([doctor(1), doctor(2)]);
    const before = await everything();
    await expect(run(blocks(content))).rejects.toMatchObject({ name: 'ImportError', code });
    expect(await everything()).toEqual(before);
    expect(await load([doctor(1), doctor(2)])).toMatchObject({ unchanged: 2 });
  });

  it('a reading error in the middle', async () => {
    await load([doctor(1)]);
    const before = await everything();
    const failing = async function* () {
      yield Buffer.from(good);
      throw new Error('the disk is gone');
    };
    await expect(run(failing())).rejects.toThrow('the disk is gone');
    expect(await everything()).toEqual(before);
  });

  it('a cancellation, while reading and while writing', async () => {
    await load([doctor(1)]);
    const before = await everything();
    const endless = async function* () {
      yield Buffer.from(`${HEADERS[50]}\n`);
      for (let serial = 10; ; serial++) yield Buffer.from(`${line(HEADERS[50], doctor(serial))}\n`);
    };
    for (const [input, phase] of [
      [endless(), 'reading'],
      [blocks(good), 'comparing'],
      [blocks(good), 'writing'],
    ] as const) {
      const cancel = new AbortController();
      const onProgress = (progress: ImportProgress): void => {
        if (progress.phase === phase && progress.lines > 1) cancel.abort();
      };
      await expect(run(input, { signal: cancel.signal, onProgress })).rejects.toMatchObject({
        code: 'cancelled',
      });
      expect(await everything()).toEqual(before);
    }
  });
});

describe('two imports at once', () => {
  it('the second says so and leaves; the first ends well', async () => {
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const slow = async function* () {
      yield Buffer.from(`${HEADERS[50]}\n${line(HEADERS[50], doctor(1))}\n`);
      started.resolve();
      await gate.promise;
      yield Buffer.from(`${line(HEADERS[50], doctor(2))}\n`);
    };
    const first = run(slow());
    await started.promise;
    await expect(load([doctor(3)], { source: 'other' })).rejects.toMatchObject({ code: 'busy' });
    gate.resolve();
    expect(await first).toMatchObject({ added: 2 });
    expect(await registry.find(rpps(3))).toBeUndefined();
    expect(await load([doctor(3)], { source: 'other' })).toMatchObject({ added: 1 });
  });
});

describe('reading while importing', () => {
  it('people see the registry as it was until it is whole', async () => {
    await load([doctor(1)]);
    const seen: (string | undefined)[] = [];
    const peek = async function* () {
      yield Buffer.from(file(HEADERS[50], [doctor(1, { nomDexercice: 'AUTRE' })]));
      seen.push((await registry.find(rpps(1)))?.familyName);
    };
    await run(peek());
    seen.push((await registry.find(rpps(1)))?.familyName);
    expect(seen).toEqual(['NOM1', 'AUTRE']);
  });
});

describe('size', () => {
  const folder = mkdtempSync(join(tmpdir(), 'caducee-registry-'));
  const writeBig = (path: string): string => {
    const site = 'X'.repeat(2000);
    const lines = Array.from({ length: 10_000 }, (_, index) => [
      doctor(index, { raisonSocialeSite: site }),
      doctor(index, { raisonSocialeSite: `${site}2`, codeModeExercice: 'S' }),
    ]);
    writeFileSync(path, file(HEADERS[50], lines.flat()));
    return path;
  };
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('20,000 lines: from a file, with progress, twice, in flat memory', async () => {
    const path = writeBig(join(folder, 'big.txt'));
    const progress: ImportProgress[] = [];
    const live = liveMemory();
    let highest = 0;
    const onProgress = (step: ImportProgress): void => {
      progress.push({ ...step });
      if (progress.length % 20 === 0) highest = Math.max(highest, live());
    };
    const report = await run(path, { onProgress });
    expect(report).toMatchObject({
      read: 20_000,
      persons: 10_000,
      added: 10_000,
      fileName: 'big.txt',
      refused: { count: 0 },
    });
    expect(progress.at(-1)).toMatchObject({ phase: 'writing', lines: 20_000 });
    expect(progress.at(-1)?.bytes).toBe(progress.at(-1)?.total);
    // The file is some 44 MB; what is held at any time does not come near it.
    expect(progress.at(-1)?.total).toBeGreaterThan(40_000_000);
    expect(progress.length).toBeGreaterThan(60);
    expect(highest).toBeLessThan(16_000_000);
    const again = await run(path);
    expect(again).toMatchObject({ unchanged: 10_000, changed: 0, added: 0 });
  });
});
