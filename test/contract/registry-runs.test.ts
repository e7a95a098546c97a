import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createAudit } from '../../src/audit/record.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { diffRun } from '../../src/registry/diff.ts';
import { endGraces } from '../../src/registry/grace.ts';
import { importFile, type ImportInput, type ImportOptions } from '../../src/registry/import.ts';
import { mergeIdentifiers } from '../../src/registry/merge.ts';
import { rollbackRun } from '../../src/registry/rollback.ts';
import { listRuns } from '../../src/registry/runs.ts';
import { createRegistry } from '../../src/registry/service.ts';
import { HEADERS, blocks, doctor, file, rpps, type Values } from '../support/registry.ts';
import { testDatabase } from '../support/services.ts';

const HOUR = 3600;
const folder = mkdtempSync(join(tmpdir(), 'caducee-runs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { db } = await testDatabase();
const clock = new ManualClock('2026-03-02T08:00:00Z');
const audit = createAudit({ clock });
const registry = createRegistry({ db, clock, contactDelayHours: 72 });

const load = (
  persons: readonly Values[],
  { columns = 50, ...options }: Partial<ImportOptions> & { columns?: keyof typeof HEADERS } = {},
) =>
  importFile(db, blocks(file(HEADERS[columns], persons)), {
    clock,
    contactDelayHours: 72,
    audit,
    ...options,
  });
const insist = (persons: readonly Values[], options: Parameters<typeof load>[1] = {}) =>
  load(persons, { allowChange: 1, ...options });
const rollback = (run: number) => rollbackRun({ db, clock, audit, actor: 'test' }, run);
const people = (count: number, from = 1): Values[] =>
  Array.from({ length: count }, (_, index) => doctor(from + index));
const other = (serial: number): Values => doctor(serial, { nomDexercice: `AUTRE${serial}` });

/** What an import may write, but for the runs themselves. */
const state = async () => {
  const read = async (sql: string) => (await db.query<{ r: unknown }>(sql)).rows.map(({ r }) => r);
  return {
    persons: await read('SELECT to_jsonb(p) AS r FROM practitioner p ORDER BY national_id'),
    contacts: await read('SELECT to_jsonb(c) AS r FROM practitioner_contact c ORDER BY id'),
  };
};
const idOf = async (serial: number): Promise<string> => (await registry.find(rpps(serial)))?.id ?? '';
const statusOf = async (serial: number) => (await registry.find(rpps(serial)))?.status;

beforeEach(async () => {
  await db.query('TRUNCATE practitioner, practitioner_contact, import_run CASCADE');
});

describe('the guard', () => {
  it('does not look at the first import of a source, nor at additions', async () => {
    await load(people(20));
    expect(await load(people(200))).toMatchObject({ added: 180, changed: 0 });
    expect(await load(people(3, 500), { source: 'elsewhere' })).toMatchObject({ first: true, added: 3 });
  });

  it.each([
    ['5 of 100 changed', 5, 0, true],
    ['6 of 100 changed', 6, 0, false],
    ['3 changed and 2 gone', 3, 2, true],
    ['3 changed and 3 gone', 3, 3, false],
    ['6 gone', 0, 6, false],
  ])('%s', async (_, changed, gone, passes) => {
    await load(people(100));
    const before = await state();
    const next = [
      ...people(changed).map((__, index) => other(index + 1)),
      ...people(100 - changed - gone, changed + 1),
    ];
    const run = load(next);
    if (passes) {
      expect(await run).toMatchObject({ changed, removed: gone });
    } else {
      await expect(run).rejects.toMatchObject({
        code: 'too_many_changes',
        message: expect.stringContaining(`--allow-change ${changed + gone}%`) as string,
      });
      expect(await state()).toEqual(before);
      expect(await load(next, { allowChange: 0.06 })).toMatchObject({ changed, removed: gone });
    }
  });

  it('counts the persons of the source only, and not those who come back', async () => {
    await load(people(100));
    await load(people(10, 1000), { source: 'small' });
    await expect(load(people(9, 1000), { source: 'small' })).rejects.toMatchObject({
      code: 'too_many_changes',
    });
    await insist(people(50));
    expect(await load(people(100))).toMatchObject({ changed: 50, returned: 50 });
  });

  it('stops when a profession would have nobody, whatever the share', async () => {
    const midwife = doctor(1000, { codeProfession: '50' });
    await load([...people(100), midwife]);
    await expect(load(people(100))).rejects.toMatchObject({
      code: 'too_many_changes',
      message: expect.stringContaining('profession 50') as string,
    });
    expect(await load([...people(99), midwife])).toMatchObject({ removed: 1 });
    expect(await load(people(99), { allowChange: 0.05 })).toMatchObject({ removed: 1 });
    // Once accepted, it is not asked again.
    expect(await load(people(99))).toMatchObject({ unchanged: 99 });
  });
});

describe('a dry run', () => {
  it('reports what the import then does, and writes nothing', async () => {
    await load(people(40));
    const [before, runs] = [await state(), await listRuns(db, { limit: 10 })];
    const next = [other(1), ...people(38, 2), doctor(99)];
    const dry = await load(next, { dryRun: true });
    expect(await state()).toEqual(before);
    expect(await listRuns(db, { limit: 10 })).toEqual(runs);
    const { durationMs: _a, run, dryRun, ...done } = await load(next);
    const { durationMs: _b, run: none, dryRun: was, ...told } = dry;
    expect(told).toEqual(done);
    expect([run > 0, dryRun, none, was]).toEqual([true, false, 0, true]);
    expect(done).toMatchObject({ added: 1, changed: 1, removed: 1, unchanged: 38 });
  });

  it('tells what the guard says, and can look at an empty registry', async () => {
    expect(await load(people(3), { dryRun: true })).toMatchObject({ first: true, added: 3 });
    await load(people(10));
    await expect(load(people(1), { dryRun: true })).rejects.toMatchObject({ code: 'too_many_changes' });
  });
});

describe('grace', () => {
  const graces = () => endGraces({ db, clock, audit, graceHours: 24 });

  it('keeps who is missing active until it is over, then inactive, then active with the first file that names them', async () => {
    await load(people(3), { graceHours: 24 });
    expect(await insist(people(2), { graceHours: 24 })).toMatchObject({ removed: 1, deactivated: 0 });
    expect(await statusOf(3)).toBe('active');
    clock.advance(24 * HOUR - 1);
    expect(await graces()).toBe(0);
    clock.advance(1);
    expect(await graces()).toBe(1);
    expect(await graces()).toBe(0);
    expect(await statusOf(3)).toBe('inactive');
    expect(await load(people(2), { graceHours: 24 })).toMatchObject({ removed: 0, unchanged: 2 });
    expect(await load(people(3), { graceHours: 24 })).toMatchObject({ changed: 1, returned: 1 });
    expect(await statusOf(3)).toBe('active');
    clock.advance(48 * HOUR);
    expect(await graces()).toBe(0);
  });

  it('starts again with each absence, and ends within an import too', async () => {
    await load(people(2), { graceHours: 24 });
    await insist(people(1), { graceHours: 24 });
    clock.advance(20 * HOUR);
    await insist(people(2), { graceHours: 24 });
    await insist(people(1), { graceHours: 24 });
    clock.advance(20 * HOUR);
    expect(await graces()).toBe(0);
    clock.advance(4 * HOUR);
    expect(await load(people(1), { graceHours: 24 })).toMatchObject({ deactivated: 1 });
    expect(await statusOf(2)).toBe('inactive');
  });

  it('obeys a hand that says active', async () => {
    await load(people(2), { graceHours: 24 });
    await insist(people(1), { graceHours: 24 });
    await registry.setStatus(await idOf(2), 'active');
    clock.advance(48 * HOUR);
    expect(await graces()).toBe(0);
    expect(await statusOf(2)).toBe('active');
  });
});

describe('runs and their differences', () => {
  it('are kept with file, counts and who', async () => {
    const { run, fileHash } = await load(people(2), { actor: 'marie', fileName: 'lundi.txt' });
    const [kept] = await listRuns(db, { limit: 1 });
    expect(kept).toMatchObject({
      ...{ id: run, kind: 'import', actor: 'marie', file_name: 'lundi.txt', file_hash: fileHash },
      report: { added: 2, read: 2, persons: 2, fileHash, professions: { 10: 2 } },
    });
    expect(await listRuns(db, { source: 'nobody', limit: 5 })).toEqual([]);
  });

  it('tell who changed what', async () => {
    const first = await load([doctor(1), doctor(2), doctor(3)]);
    expect((await diffRun(db, first.run, 2)).counts).toEqual({ added: 3 });
    expect((await diffRun(db, first.run, 2)).persons).toHaveLength(2);
    const { run } = await insist([
      doctor(1, { nomDexercice: 'AUTRE', raisonSocialeSite: 'AILLEURS', email: 'neuf@exemple.test' }),
      doctor(3),
      doctor(4),
    ]);
    const diff = await diffRun(db, run, 10);
    expect(diff.counts).toEqual({ added: 1, changed: 1, missing: 1 });
    const of = (serial: number) => diff.persons.find(({ nationalId }) => nationalId === rpps(serial));
    expect(of(1)).toMatchObject({ fate: 'changed', familyName: 'AUTRE' });
    expect(of(1)?.values).toEqual([
      { path: 'familyName', before: 'NOM1', after: 'AUTRE' },
      { path: 'exercises[0].nomDexercice', before: 'NOM1', after: 'AUTRE' },
      { path: 'exercises[0].activities[0].raisonSocialeSite', before: 'CABINET 1', after: 'AILLEURS' },
      { path: 'email' },
    ]);
    expect(of(2)).toMatchObject({ fate: 'missing' });
    expect(of(4)).toMatchObject({ fate: 'added', values: [] });
    expect(JSON.stringify(diff.persons)).not.toContain('@');
    await expect(diffRun(db, 999_999, 1)).rejects.toMatchObject({ code: 'run_unknown' });
  });

  it('forget how people were when history is over', async () => {
    await load(people(40), { historyDays: 30 });
    const { run } = await load([other(1), ...people(39, 2)], { historyDays: 30 });
    clock.advance(31 * 24 * HOUR);
    await load([other(1), ...people(39, 2)], { historyDays: 30 });
    expect((await diffRun(db, run, 10)).persons).toEqual([]);
    await expect(rollback(run)).rejects.toMatchObject({ code: 'run_too_old' });
  });
});

describe.each<[string, (path: string) => ImportInput]>([
  ['from a path', (path) => path],
  ['through a pipe', (path) => createReadStream(path)],
])('the very file of the last import, %s', (_case, input) => {
  const path = join(folder, 'file.txt');
  const again = (options: Partial<ImportOptions> = {}) =>
    importFile(db, input(path), {
      clock,
      contactDelayHours: 72,
      audit,
      source: 's',
      graceHours: 24,
      ...options,
    });

  it('is known by its hash; not when anything happened since', async () => {
    writeFileSync(path, file(HEADERS[50], people(30)));
    const first = await again();
    const before = await state();
    clock.advance(HOUR);
    const phases: string[] = [];
    const same = await again({ onProgress: ({ phase }) => phases.push(phase) });
    expect(phases).not.toContain('comparing');
    expect(await state()).toEqual(before);
    expect(same).toMatchObject({
      ...{ read: 30, persons: 30, unchanged: 30, added: 0, changed: 0, removed: 0, first: false },
      ...{ fileHash: first.fileHash, bytes: first.bytes, professions: { 10: 30 } },
    });
    expect(same.run).toBeGreaterThan(first.run);
    expect(await again({ dryRun: true })).toMatchObject({ run: 0, dryRun: true, unchanged: 30 });
    // A person changed behind the file's back is put right again.
    clock.advance(1);
    await db.query(
      `UPDATE practitioner SET family_name = 'X', digest = '\\x00', updated_at = $2 WHERE national_id = $1`,
      [...[rpps(1), clock.now()]],
    );
    expect(await again({ allowChange: 1 })).toMatchObject({ changed: 1, unchanged: 29 });
    // As long, and not the same.
    writeFileSync(path, file(HEADERS[50], people(30)).replace('CABINET 7', 'CABINET 8'));
    expect(await again({ allowChange: 1 })).toMatchObject({ changed: 1, unchanged: 29 });
  });

  it('ends graces like any other', async () => {
    writeFileSync(path, file(HEADERS[50], people(2)));
    await again();
    writeFileSync(path, file(HEADERS[50], people(1)));
    await again({ allowChange: 1 });
    clock.advance(25 * HOUR);
    expect(await again({ dryRun: true })).toMatchObject({ deactivated: 1 });
    expect(await again()).toMatchObject({ deactivated: 1, unchanged: 1, removed: 0 });
    expect(await statusOf(2)).toBe('inactive');
  });
});

describe('rollback', () => {
  it('undoes the first import: nobody was ever there, and the next one is the first', async () => {
    const { run } = await load(people(5));
    expect(await rollback(run)).toMatchObject({ undoes: run, removed: 5, restored: 0, contacts: 5 });
    expect(await state()).toEqual({ persons: [], contacts: [] });
    expect(await load(people(5))).toMatchObject({ first: true, added: 5 });
  });

  it('is refused when later runs changed the same persons, saying which goes first; and then works in that order', async () => {
    await load(people(10));
    const states = [await state()];
    const runs: number[] = [];
    for (const next of [
      [other(1), ...people(9, 2)],
      [doctor(1), ...people(9, 2)],
      [...people(9, 2), doctor(50)],
    ]) {
      runs.push((await insist(next)).run);
      states.push(await state());
    }
    const [first = 0, second = 0, third = 0] = runs;
    await expect(rollback(first)).rejects.toMatchObject({
      code: 'run_overlapped',
      message: expect.stringMatching(`runs ${third}, ${second} .*rollback ${third}`) as string,
    });
    expect(await state()).toEqual(states[3]);
    for (const [index, run] of runs.toReversed().entries()) {
      await rollback(run);
      expect(await state()).toEqual(states[2 - index]);
    }
    await expect(rollback(first)).rejects.toMatchObject({ code: 'run_rolled_back' });
    const [newest] = await listRuns(db, { limit: 1 });
    expect(newest).toMatchObject({ kind: 'rollback', undoes: first, actor: 'test' });
    await expect(rollback(newest?.id ?? 0)).rejects.toMatchObject({ code: 'run_not_import' });
    await expect(rollback(999_999)).rejects.toMatchObject({ code: 'run_unknown' });
  });

  it('goes past later runs that changed others', async () => {
    await load(people(10));
    const { run } = await insist([other(1), ...people(9, 2)]);
    await insist([other(1), other(2), ...people(8, 3)]);
    await rollback(run);
    expect(await registry.find(rpps(1))).toMatchObject({ familyName: 'NOM1' });
    expect(await registry.find(rpps(2))).toMatchObject({ familyName: 'AUTRE2' });
  });

  it('leaves what was set by hand since', async () => {
    await load(people(4));
    const { run } = await insist([other(1), other(2), doctor(3)]);
    clock.advance(60);
    await registry.setStatus(await idOf(1), 'struck_off');
    await rollback(run);
    expect(await registry.find(rpps(1))).toMatchObject({ familyName: 'NOM1', status: 'struck_off' });
    expect(await statusOf(4)).toBe('active');
  });

  it('does not take away somebody who uses a phone by now', async () => {
    const { run } = await load(people(2));
    await db.query(`CREATE TABLE IF NOT EXISTS uses (practitioner_id uuid REFERENCES practitioner (id))`);
    await db.query('INSERT INTO uses VALUES ($1)', [await idOf(1)]);
    const before = await state();
    await expect(rollback(run)).rejects.toMatchObject({ code: 'persons_in_use' });
    expect(await state()).toEqual(before);
    await db.query('DROP TABLE uses');
  });

  it('brings back exactly the state before, for any files one after the other (property)', async () => {
    const person = fc.record(
      {
        nomDexercice: fc.constantFrom('A', 'B'),
        raisonSocialeSite: fc.constantFrom('ICI', 'LÀ', String.raw`O\"`),
        email: fc.constantFrom('', 'un@exemple.test', 'deux@exemple.test'),
        codeProfession: fc.constantFrom('10', '60'),
      },
      { requiredKeys: [] },
    );
    const day = fc.record({
      persons: fc.dictionary(
        fc.constantFrom('1', '2', '3', '4', '5'),
        fc.array(person, { minLength: 1, maxLength: 2 }),
        {
          minKeys: 1,
        },
      ),
      columns: fc.constantFrom(50 as const, 56 as const),
      hours: fc.integer({ min: 0, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(day, { minLength: 2, maxLength: 4 }), async (days) => {
        await db.query('TRUNCATE practitioner, practitioner_contact, import_run CASCADE');
        const undo: { run: number; before: Awaited<ReturnType<typeof state>> }[] = [];
        for (const { persons, columns, hours } of days) {
          clock.advance(hours * HOUR);
          const before = await state();
          const lines = Object.entries(persons).flatMap(([serial, values]) =>
            values.map((value) => doctor(Number(serial), value)),
          );
          const { run } = await insist(lines, { columns, source: 's', graceHours: 24 });
          // The differences of the run lead from one state to the other.
          const { persons: told } = await diffRun(db, run, 100);
          const ids = (rows: unknown[]) =>
            new Map(rows.map((row) => [(row as { national_id: string }).national_id, JSON.stringify(row)]));
          const [old, now] = [ids(before.persons), ids((await state()).persons)];
          const differing = [...now].filter(([id, row]) => old.get(id) !== row).map(([id]) => id);
          expect(told.map(({ nationalId }) => nationalId).toSorted()).toEqual(
            expect.arrayContaining(differing.filter((id) => !isGraceOnly(old.get(id), now.get(id)))),
          );
          undo.push({ run, before });
        }
        for (const { run, before } of undo.toReversed()) {
          await rollback(run);
          const after = await state();
          expect(withoutGrace(after)).toEqual(withoutGrace(before));
        }
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});

/** Time alone makes inactive who is missing: that is no run's doing, and no rollback's. */
const settled = (row: Record<string, unknown>) =>
  row['missing_since'] === null ? row : { ...row, status: 'missing', updated_at: null };
const withoutGrace = (all: { persons: unknown[]; contacts: unknown[] }) => ({
  persons: all.persons.map((row) => settled(row as Record<string, unknown>)),
  contacts: all.contacts,
});
const isGraceOnly = (before: string | undefined, after: string | undefined): boolean => {
  if (before === undefined || after === undefined) return false;
  const [old, now] = [before, after].map((text) => settled(JSON.parse(text) as Record<string, unknown>));
  return JSON.stringify(old) === JSON.stringify(now);
};

describe('a person whose identifier changes', () => {
  const merge = (from: string, to: string) =>
    mergeIdentifiers({ db, clock, audit, actor: 'test' }, { from, to });
  const ADELI = '0751234567';

  it('keeps one subject, found by either identifier; files follow', async () => {
    await load([doctor(1, { nationalId: ADELI }), doctor(2)]);
    const before = await registry.find(ADELI);
    await insist([doctor(1), doctor(2)]);
    const fresh = await registry.find(rpps(1));
    expect(fresh?.subject).toBe(rpps(1));
    const merged = await merge(ADELI, rpps(1));
    expect(merged).toMatchObject({ nationalId: rpps(1), former: ADELI, subject: ADELI, absorbed: true });
    const kept = await registry.find(rpps(1));
    expect(kept).toMatchObject({ id: before?.id, subject: ADELI, nationalId: rpps(1), status: 'active' });
    expect(kept?.otherIds).toEqual([
      { identifiant: rpps(1), origine: 'RPPS', qualite: 1 },
      { identifiant: ADELI, origine: 'ADELI', qualite: 0 },
    ]);
    expect(await registry.find(ADELI)).toEqual(kept);
    expect(await registry.findBySubject(ADELI)).toEqual(kept);
    expect(await registry.findBySubject(rpps(1))).toBeUndefined();
    // The file goes on with the new number, with the old one, or with both: always this person.
    for (const ids of [[rpps(1)], [ADELI], [ADELI, rpps(1)], [rpps(1), ADELI]]) {
      const report = await insist([...ids.map((nationalId) => doctor(1, { nationalId })), doctor(2)]);
      expect(report).toMatchObject({ added: 0, removed: 0, persons: 2, unchanged: 2 });
      expect(await registry.find(rpps(1))).toMatchObject({ id: before?.id, subject: ADELI });
    }
  });

  it('may get one that nobody had, and another later', async () => {
    await load([doctor(1)]);
    await merge(rpps(1), rpps(7));
    await merge(rpps(7), rpps(8));
    for (const serial of [1, 7, 8]) {
      expect(await registry.find(rpps(serial))).toMatchObject({ nationalId: rpps(8), subject: rpps(1) });
    }
    expect(await insist([doctor(8), doctor(1)])).toMatchObject({ added: 0, persons: 1 });
  });

  it('is refused for strangers, for one person, and where the one that would go has a phone', async () => {
    await load([doctor(1), doctor(2)]);
    await expect(merge('x', rpps(1))).rejects.toMatchObject({ code: 'person_unknown' });
    await expect(merge(rpps(9), rpps(1))).rejects.toMatchObject({ code: 'person_unknown' });
    await expect(merge(rpps(1), rpps(1))).rejects.toMatchObject({ code: 'same_person' });
    await db.query('CREATE TABLE uses (practitioner_id uuid REFERENCES practitioner (id))');
    await db.query('INSERT INTO uses VALUES ($1)', [await idOf(2)]);
    const before = await state();
    await expect(merge(rpps(1), rpps(2))).rejects.toMatchObject({ code: 'persons_in_use' });
    expect(await state()).toEqual(before);
    await db.query('DROP TABLE uses');
  });
});

describe('rows of the version before', () => {
  it('are read as they are, and written anew by the next import without counting as changed', async () => {
    await load(people(3));
    const before = await registry.find(rpps(1));
    await db.query(
      `UPDATE practitioner SET practices = NULL, digest = '\\x00', exercises = $1 WHERE national_id = $2`,
      [JSON.stringify(before?.exercises), rpps(1)],
    );
    expect(await registry.find(rpps(1))).toEqual(before);
    const { rows } = await db.query<{ values: string[] }>(
      `SELECT practice_values(practices, exercises, 'codeProfession') || practice_values(practices, exercises, 'raisonSocialeSite') AS values
         FROM practitioner ORDER BY national_id`,
    );
    expect(rows.map(({ values }) => values)).toEqual([1, 2, 3].map((serial) => ['10', `CABINET ${serial}`]));
    // An older instance rewrites a person: what it writes is what holds.
    await db.query(
      `UPDATE practitioner SET exercises = '[{"codeProfession":"21","activities":[]}]', digest = '\\x01' WHERE national_id = $1`,
      [rpps(2)],
    );
    expect((await registry.find(rpps(2)))?.exercises).toMatchObject([
      { codeProfession: '21', activities: [] },
    ]);
    expect(await load(people(3))).toMatchObject({ changed: 0, rewritten: 2, unchanged: 1 });
    expect((await registry.find(rpps(2)))?.exercises).toMatchObject([{ codeProfession: '10' }]);
    expect(await registry.find(rpps(1))).toEqual(before);
  });
});
