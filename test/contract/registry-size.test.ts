import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/platform/clock.ts';
import { generate, testNumber } from '../../src/registry/generate.ts';
import { importFile, type ImportInput, type ImportOptions } from '../../src/registry/import.ts';
import { rollbackRun } from '../../src/registry/rollback.ts';
import { createRegistry } from '../../src/registry/service.ts';
import { HEADERS, blocks, doctor, file, line, rpps } from '../support/registry.ts';
import { testDatabase } from '../support/services.ts';

/** 50,000 lines on a real PostgreSQL: imported, interrupted, damaged. */

const PERSONS = 30_000;
const { db, url } = await testDatabase();
const clock = new ManualClock('2026-03-02T08:00:00Z');
const registry = createRegistry({ db, clock, contactDelayHours: 72 });
const folder = mkdtempSync(join(tmpdir(), 'caducee-size-'));
const path = (day: number): string => join(folder, `day${day}.txt`);

const load = (input: ImportInput, options: Partial<ImportOptions> = {}) =>
  importFile(db, input, { clock, contactDelayHours: 72, source: 's', ...options });

/** One line that changes when anything an import may write does. */
const state = async (): Promise<string> => {
  const { rows } = await db.query<{ sum: string }>(
    `SELECT concat((SELECT md5(string_agg(md5(p::text), '' ORDER BY national_id)) FROM practitioner p), '/',
                   (SELECT md5(string_agg(md5(c::text), '' ORDER BY id)) FROM practitioner_contact c), '/',
                   (SELECT md5(string_agg(md5(r::text), '' ORDER BY id)) FROM import_run r), '/',
                   (SELECT count(*) FROM import_change)) AS sum`,
  );
  return rows[0]?.sum ?? '';
};

beforeAll(() => {
  for (const day of [0, 20]) {
    writeFileSync(
      path(day),
      [...generate({ persons: PERSONS, seed: 3, layout: 'restricted', day })].join(''),
    );
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('50,000 lines', () => {
  it('are imported whole, changed, and rolled back', async () => {
    const first = await load(path(0));
    expect(first).toMatchObject({ first: true, persons: PERSONS, added: PERSONS, refused: { count: 0 } });
    expect(first.read).toBeGreaterThan(50_000);
    expect(await registry.find(`8${testNumber(29_999)}`)).toMatchObject({ status: 'active' });
    const before = await state();
    const next = await load(path(20), { graceHours: 24 });
    expect(next.changed).toBeGreaterThan(500);
    expect(next.removed).toBeGreaterThan(20);
    expect(next.unchanged).toBe(next.persons - next.changed);
    expect(await load(path(20))).toMatchObject({ changed: 0, added: 0, removed: 0 });
    const { restored } = await rollbackRun({ db, clock }, next.run);
    expect(restored).toBe(next.changed + next.removed);
    const [people, contacts] = (await state()).split('/');
    expect([people, contacts]).toEqual(before.split('/').slice(0, 2));
  });

  it('give the same registry straight into an empty one, and compared with one that knows somebody else', async () => {
    const read = async () =>
      (
        await db.query<{ r: unknown }>(
          `SELECT to_jsonb(p) - 'id' - 'created_at' - 'updated_at' - 'added_by_run' AS r FROM practitioner p
            WHERE source = 's' ORDER BY national_id`,
        )
      ).rows;
    await db.query('TRUNCATE practitioner, import_run CASCADE');
    await load(path(0));
    const straight = await read();
    await db.query('TRUNCATE practitioner, import_run CASCADE');
    await load(blocks(file(HEADERS[50], [doctor(9_999_999)])), { source: 'other' });
    expect(await load(path(0))).toMatchObject({ added: PERSONS });
    expect(await read()).toEqual(straight);
  });

  it('give the same registry with every line anywhere', async () => {
    const small = [...generate({ persons: 3000, seed: 5, layout: 'public' })].join('');
    const [header = '', ...lines] = small.trimEnd().split('\n');
    // The lines of a person keep their order among themselves: it is the order of their places of practice.
    const odd = lines.filter((_, index) => index % 2 === 1);
    const even = lines.filter((_, index) => index % 2 === 0);
    const read = async () =>
      (
        await db.query(`SELECT national_id, family_name, practices IS NOT NULL AS packed,
         (SELECT array_agg(x ORDER BY x) FROM string_to_table(practices, E'\\x1e') x) AS places
         FROM practitioner ORDER BY national_id`)
      ).rows;
    await db.query('TRUNCATE practitioner, import_run CASCADE');
    expect(await load(blocks(small))).toMatchObject({ added: 3000 });
    const orderly = await read();
    await db.query('TRUNCATE practitioner, import_run CASCADE');
    expect(await load(blocks([header, ...odd, ...even, ''].join('\n')))).toMatchObject({
      added: 3000,
      persons: 3000,
    });
    expect(await read()).toEqual(orderly);
  });
});

const program = (file_: string, source = 's') => {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '..', 'support', 'programs', 'import.ts'), url, file_, source],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return child;
};

describe('interrupted', () => {
  beforeAll(async () => {
    await db.query('TRUNCATE practitioner, import_run CASCADE');
    await load(path(0));
  });

  /** Until no import holds the lock any more. */
  const quiet = async (): Promise<void> => {
    for (;;) {
      const { rows } = await db.query(
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7265003 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      if (rows.length === 0) return;
      await delay(50);
    }
  };

  it('killed at any moment, it changed nothing or everything', async () => {
    const before = await state();
    let complete = 0;
    for (const [index, wait] of [400, 900, 1500, 2300].entries()) {
      const child = program(path(20));
      const closed = once(child, 'close');
      await Promise.race([delay(wait + index * 17), closed]);
      child.kill('SIGKILL');
      await closed;
      await quiet();
      const after = await state();
      if (after === before) continue;
      complete++;
      const { rows } = await db.query<{ id: number; report: { changed: number } }>(
        `SELECT id, report FROM import_run ORDER BY id DESC LIMIT 1`,
      );
      const [run] = rows;
      expect(run?.report.changed).toBeGreaterThan(500);
      await db.query('TRUNCATE practitioner, import_run CASCADE');
      await load(path(0));
      break;
    }
    expect(complete).toBeLessThanOrEqual(1);
  }, 120_000);

  it.each(['SIGINT', 'SIGTERM'] as const)('%s leaves nothing, and says so', async (signal) => {
    const before = await state();
    const child = program(path(20));
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
    // The first progress tells that it reads.
    await once(child.stdout, 'data');
    child.kill(signal);
    await once(child, 'close');
    expect(said).toContain('cancelled');
    expect(await state()).toBe(before);
    await quiet();
  });

  it('cancelled in every phase, it changed nothing; a long statement is stopped too', async () => {
    const before = await state();
    for (const phase of ['reading', 'comparing', 'writing'] as const) {
      const cancel = new AbortController();
      const onProgress: ImportOptions['onProgress'] = (progress) => {
        if (progress.phase === phase) setImmediate(() => cancel.abort());
      };
      await expect(load(path(20), { signal: cancel.signal, onProgress })).rejects.toMatchObject({
        code: 'cancelled',
      });
      expect(await state()).toBe(before);
    }
    // The connections are sound.
    expect(await registry.find(`8${testNumber(1)}`)).toBeDefined();
  });

  it('two at once: the second says so and leaves; sign-ins go on', async () => {
    const before = await state();
    const [first, second] = await Promise.allSettled([
      load(path(20), { dryRun: true }),
      load(path(20), { dryRun: true }),
    ]);
    const outcomes = [first, second].map((one) =>
      one.status === 'fulfilled' ? 'done' : (one.reason as { code: string }).code,
    );
    expect(outcomes.toSorted()).toEqual(['busy', 'done']);
    let lookups = 0;
    const running = load(path(20));
    let done = false;
    void running.finally(() => (done = true));
    while (!done) {
      expect(await registry.find(`8${testNumber(lookups % PERSONS)}`)).toBeDefined();
      lookups++;
    }
    await running;
    expect(lookups).toBeGreaterThan(20);
    expect(await state()).not.toBe(before);
  });
});

const zipped = (content: Buffer): Buffer => {
  const data = deflateRawSync(content);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(8, 6);
  header.writeUInt16LE(8, 8);
  header.writeUInt16LE(5, 26);
  return Buffer.concat([header, Buffer.from('a.txt'), data]);
};

describe('damaged', () => {
  const text = file(
    HEADERS[50],
    Array.from({ length: 400 }, (_, index) => doctor(index)),
  );
  const [header = '', ...rows] = text.trimEnd().split('\n');
  const swapAt = (row: string): string => {
    const cells = row.split('|');
    [cells[1], cells[2]] = [cells[2] ?? '', cells[1] ?? ''];
    return cells.join('|');
  };
  // Its header has accents, too.
  const latin = Buffer.from(text, 'latin1');
  const whole: [string, string, Buffer | string, number?][] = [
    ['a zip cut off', 'damaged_archive', zipped(Buffer.from(text)).subarray(0, -40)],
    ['a zip without its checksum', 'damaged_archive', zipped(Buffer.from(text))],
    ['a gzip cut off', 'damaged_archive', gzipSync(text).subarray(0, -100)],
    [
      'a gzip with a wrong checksum',
      'damaged_archive',
      Buffer.concat([gzipSync(text).subarray(0, -8), Buffer.alloc(8)]),
    ],
    ['another encoding', 'encoding', latin, 1],
    ['a doubled header', 'doubled_header', [text.trimEnd(), header, ...rows].join('\n'), 402],
    ['a column missing from the header', 'missing_column', text.replace('|Code profession|', '|'), 1],
    ['columns swapped under the header', 'no_person', [header, ...rows.map(swapAt)].join('\n')],
    ['half of it: far fewer persons', 'too_many_changes', [header, ...rows.slice(0, 200)].join('\n')],
  ];

  beforeAll(async () => {
    await db.query('TRUNCATE practitioner, import_run CASCADE');
    await load(blocks(text));
  });

  it.each(whole)('%s: refused whole (%s), saying where', async (_, code, content, at) => {
    const before = await state();
    await expect(load(blocks(content, 1000))).rejects.toMatchObject({
      name: 'ImportError',
      code,
      ...(at === undefined ? {} : { line: at }),
    });
    expect(await state()).toBe(before);
  });

  const lineWise: [string, string, string][] = [
    ['a line of 1 MB', 'line_too_long', 'x'.repeat(1_000_000)],
    ['a NUL', 'nul_byte', line(HEADERS[50], doctor(5, { raisonSocialeSite: 'A\0B' }))],
    ['a trailing separator too few', 'wrong_number_of_columns', line(HEADERS[50], doctor(5)).slice(0, -2)],
    ['a trailing separator too many', 'wrong_number_of_columns', `${line(HEADERS[50], doctor(5))}||`],
    ['swapped columns in one line', 'identifier_malformed', swapAt(line(HEADERS[50], doctor(5)))],
  ];
  it.each(lineWise)(
    '%s: the line is refused alone (%s), and its person not taken for absent',
    async (_, reason, bad) => {
      const lines = rows.map((row) => (row.includes(`|${rpps(5)}|`) ? bad : row));
      const report = await load(blocks([header, ...lines].join('\n'), 5000), { dryRun: true });
      expect(report.refused).toEqual({ count: 1, byReason: { [reason]: 1 }, lines: [{ line: 7, reason }] });
      const known = ['nul_byte', 'wrong_number_of_columns'].includes(reason);
      expect(report).toMatchObject({ read: 400, persons: 399, unchanged: 399, removed: known ? 0 : 1 });
    },
  );
});
