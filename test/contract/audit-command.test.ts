import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import canonicalize from 'canonicalize';
import { beforeEach, describe, expect, test } from 'vitest';
import { runAuditCommand } from '../../src/audit/command.ts';
import { EVENTS } from '../../src/audit/vocabulary.ts';
import type { CommandContext } from '../../src/command.ts';
import { UsageError } from '../../src/io.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { startTrail, type Trail } from '../support/audit-trail.ts';
import { testConfig } from '../support/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'caducee-audit-command-'));
onFileEnd(() => rmSync(folder, { recursive: true, force: true }));

let trail: Trail;
const run = async (
  args: string[],
  settings: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> => {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') =>
    new Writable({
      highWaterMark: 100, // so that backpressure is felt
      write: (chunk: Buffer, _encoding, done) => {
        written[name] += chunk.toString();
        setImmediate(done);
      },
    });
  const stdout = stream('out');
  const context = {
    io: { stdout, stderr: stream('err') },
    config: async () => testConfig(settings),
    keyring: async () => trail.keyring,
    database: async () => trail.db,
  } as unknown as CommandContext;
  const code = await runAuditCommand(args, context);
  await new Promise((resolve) => stdout.end(resolve));
  return { code, ...written };
};
const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeEach(async () => {
  trail = await startTrail();
  const { audit, db, clock } = trail;
  await audit.record(db, { type: 'ecps.device_added', nationalId: '899700218896', deviceId: 'dev_1' });
  clock.advance(60);
  await audit.record(db, {
    type: 'sign_in_refused',
    clientId: 'vaccin-covid',
    nationalId: '899700218896',
    supportId: 'K7QF-2M9A',
    address: '192.0.2.1',
    details: { error: 'access_denied', tries: 2, étage: true },
  });
  clock.advance(86_400 * 30);
  await trail.record(5);
  await trail.seal();
});

describe('caducee audit export', () => {
  test('ndjson holds the whole chain: another program verifies it from docs/audit.md alone', async () => {
    const { code, out } = await run(['export', '--format', 'ndjson']);
    expect(code).toBe(0);
    let previous = '00'.repeat(32);
    for (const [index, { number, previous: before, hash, ...event }] of lines(out).entries()) {
      expect([number, before]).toEqual([index + 1, previous]);
      const text = canonicalize(event) ?? '';
      previous = createHash('sha256')
        .update(Buffer.from(before as string, 'hex'))
        .update(text)
        .digest('hex');
      expect(hash).toBe(previous);
    }
    const { rows } = await trail.db.query<{ head: Buffer }>('SELECT head FROM audit_chain');
    expect(previous).toBe(rows[0]?.head.toString('hex'));
  });

  test('ecs has the fields of Elastic’s schema', async () => {
    const [, refused] = lines((await run(['export', '--format', 'ecs'])).out);
    expect(refused).toEqual({
      '@timestamp': '2040-01-20T12:01:00.000000Z',
      ecs: { version: '8.17.0' },
      event: {
        kind: 'event',
        category: ['authentication'],
        type: ['info'],
        action: 'sign_in_refused',
        outcome: 'failure',
        id: '2',
        sequence: 2,
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        dataset: 'caducee.audit',
        module: 'caducee',
      },
      user: { id: '899700218896' },
      source: { ip: '192.0.2.1', address: '192.0.2.1' },
      caducee: {
        client: 'vaccin-covid',
        support: 'K7QF-2M9A',
        details: { error: 'access_denied', tries: 2, étage: true },
      },
    });
  });

  test('--since and --until choose by time; the act itself is recorded', async () => {
    const range = ['--since', '2040-01-20T12:01:00Z', '--until', '2040-02-01'];
    const { out } = await run(['export', '--format', 'ndjson', ...range]);
    expect(lines(out).map(({ number }) => number)).toEqual([2]);
    const { rows } = await trail.db.query<{ type: string; details: { count: number } }>(
      'SELECT type, details FROM audit_event ORDER BY id DESC LIMIT 1',
    );
    expect(rows[0]).toMatchObject({ type: 'operator.exported', details: { format: 'ndjson', count: 1 } });
  });
});

describe('caducee audit show', () => {
  const shown = async (...args: string[]): Promise<{ type: string; id: number }[]> =>
    (JSON.parse((await run(['show', '--json', ...args])).out) as { events: { type: string; id: number }[] })
      .events;

  test.each([
    [
      ['--person', '99700218896', '--limit', '2'],
      [7, 6],
    ],
    [['--person', '8 99700218896', '--type', 'sign_in_refused'], [2]],
    [['--service', 'vaccin-covid'], [2]],
    [['--device', 'dev_1'], [1]],
    [['--support-id', 'k7qf-2m9a'], [2]],
    [['--until', '2040-01-20T12:01:00Z'], [1]],
    [
      ['--since', '2040-02-01', '--until', '2040-02-20'],
      [7, 6, 5, 4, 3],
    ],
    [
      ['--since', '1d', '--until', '2040-01-21'],
      [2, 1],
    ],
    [['--person', '800000000000'], []],
  ])('%j', async (args, ids) => {
    // What "show" itself records is of the machine's time, before all these.
    const found = await shown(...args);
    expect(found.filter(({ type }) => type !== 'operator.looked').map(({ id }) => id)).toEqual(ids);
  });

  test('in words: when, what, who, why; and who looked is recorded', async () => {
    const { out } = await run(['show', '--support-id', 'K7QF-2M9A']);
    expect(out).toBe(
      '2040-01-20T12:01:00.000Z  sign_in_refused             899700218896 vaccin-covid K7QF-2M9A 192.0.2.1  ' +
        'error=access_denied, tries=2, étage=true\n',
    );
    await run(['show', '--person', '899700218896']);
    const { rows } = await trail.db.query(
      "SELECT national_id, details->>'what' AS what FROM audit_event WHERE type = 'operator.looked' ORDER BY id",
    );
    expect(rows).toEqual([
      { national_id: null, what: 'events' },
      { national_id: '899700218896', what: 'events' },
    ]);
  });
});

describe('caducee audit checkpoint, verify, prune, key', () => {
  test('a checkpoint made by hand is printed, kept, and given back to verify', async () => {
    const made = await run(['checkpoint']);
    expect(made.out).toMatch(/^Checkpoint at 7\.\neyJ/);
    const path = join(folder, 'kept.txt');
    writeFileSync(path, made.out);
    const whole = await run(['verify', '--checkpoints', path]);
    expect(whole).toMatchObject({ code: 0 });
    expect(whole.out).toContain('Compared with 1 heads noted before.');
    await trail.tamper("UPDATE audit_event SET address = 'x' WHERE id = 4", 'DELETE FROM audit_checkpoint');
    await trail.rehash(4);
    const broken = await run(['verify', '--checkpoints', path]);
    expect(broken).toMatchObject({ code: 1 });
    expect(broken.out).toContain('4 (event 4) was replaced');
    expect((await run(['checkpoint'])).out).toContain('Checkpoint at 7.');
    expect((await run(['checkpoint'])).out).toBe('Nothing was sealed since the last checkpoint.\n');
  });

  test('--exported fetches what was sent to a file', async () => {
    const settings = { CADUCEE_AUDIT_CHECKPOINT_TO: `file://${join(folder, 'sent.jsonl')}` };
    await run(['checkpoint'], settings);
    await trail.tamper('DELETE FROM audit_checkpoint');
    expect((await run(['verify', '--exported'], settings)).out).toContain('Compared with 1 heads');
    expect((await run(['verify'], settings)).out).not.toContain('Compared');
  });

  test('key prints what signs; the key of an earlier master key is trusted only when given', async () => {
    const path = join(folder, 'key.json');
    writeFileSync(path, (await run(['key'])).out);
    expect(JSON.parse((await run(['key'])).out)).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA' });
    await run(['checkpoint']);
    const { createKeyRing } = await import('../../src/platform/crypto.ts');
    trail.keyring = createKeyRing(Buffer.alloc(32, 9));
    expect((await run(['verify'])).out).toContain('the checkpoint at 7 is not as it was signed');
    expect((await run(['verify', '--key', path])).code).toBe(0);
  });

  test('prune says that nothing is configured, or what it dropped', async () => {
    expect(await run(['prune'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('not set') as string,
    });
    // The machine's own time: everything of 2040 is in the future.
    const { out, code } = await run(['prune'], { CADUCEE_AUDIT_RETENTION_MONTHS: '1' });
    expect([out, code]).toEqual(['No month is old enough.\n', 0]);
  });

  test.each([
    [['verify', '--since', '1d'], 'caducee audit verify takes no --since'],
    [['export'], '--format ndjson or ecs'],
    [['show', '--since', 'yesterday'], '--since takes a date'],
    [['show', '--limit', '0'], '--limit takes a number'],
    [['burn'], 'caducee audit verify'],
  ])('wrong usage: %j', async (args, words) => {
    const error = await run(args).then(
      () => undefined,
      (one: unknown) => one,
    );
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(words);
  });
});

test('the vocabulary has what is recorded, and records what it has', async () => {
  const { globSync, readFileSync } = await import('node:fs');
  const root = join(import.meta.dirname, '..', '..', 'src');
  const source = globSync('**/*.ts', { cwd: root })
    .filter((path) => path !== join('audit', 'vocabulary.ts'))
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .join('\n');
  const unused = Object.keys(EVENTS).filter((type) => !source.includes(`'${type}'`));
  expect(unused).toEqual([]);
});
