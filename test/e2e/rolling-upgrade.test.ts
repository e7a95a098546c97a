import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { onFileEnd } from '../support/cleanup.ts';

/**
 * While processes are replaced one by one, the code of before runs on the schema of after. So the code that knew no newer
 * migration than the last but one is taken out of the repository's history, given today's migrations, and put through its
 * own tests. A copy without history (an archive) has no code of before.
 */

const ROOT = join(import.meta.dirname, '..', '..');

/** What a running provider does with the database, as the code of before tested it. */
const SUITES = [
  'test/http/oidc-flow.test.ts',
  'test/http/ecps-story.test.ts',
  'test/http/login-sign-in.test.ts',
  'test/http/card-sign-in.test.ts',
  'test/contract/messages-outbox.test.ts',
  'test/unit/audit.chain.test.ts',
];

const git = (...args: string[]): string | undefined => {
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  return status === 0 && stdout.trim() !== '' ? stdout.trim() : undefined;
};

/** The last commit before the newest migration came in. */
const commitBefore = (): string | undefined => {
  const newest = readdirSync(join(ROOT, 'migrations')).toSorted().at(-1) ?? '';
  const added = git('log', '--diff-filter=A', '--format=%H', '--', `migrations/${newest}`)
    ?.split('\n')
    .at(-1);
  return added === undefined ? undefined : git('rev-parse', '--verify', '--quiet', `${added}^`);
};

const before = commitBefore();

test.runIf(before !== undefined)(
  'the code of before passes its tests on the schema of now',
  { timeout: 900_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'caducee-before-'));
    onFileEnd(() => rmSync(folder, { recursive: true, force: true }));
    const archive = execFileSync('git', ['archive', String(before)], { cwd: ROOT, maxBuffer: 1 << 28 });
    execFileSync('tar', ['-x', '-C', folder], { input: archive });
    rmSync(join(folder, 'migrations'), { recursive: true });
    cpSync(join(ROOT, 'migrations'), join(folder, 'migrations'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const run = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...SUITES], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    });
    expect(run.status, `${run.stdout.slice(-6000)}\n${run.stderr.slice(-3000)}`).toBe(0);
    expect(run.stdout).toMatch(new RegExp(`Test Files +${SUITES.length} passed`));
  },
);
