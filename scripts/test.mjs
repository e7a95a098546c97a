// What `npm test` runs. Without arguments: everything, static checks first. With arguments: vitest alone, with them
// (`npm test -- test/unit`). Ends with one line `N passed, N failed`, a failed static check counting as one.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureTestTools } from './test-tools.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };

const run = (command, args) => spawnSync(command, args, { cwd: root, env, stdio: 'inherit' }).status === 0;

const folders = ['src', 'views', 'test', 'examples', 'scripts', 'vitest.config.ts'].filter((name) =>
  existsSync(join(root, name)),
);
const CHECKS = [
  { name: 'format', command: 'prettier', args: ['--check', '--log-level', 'warn', ...folders] },
  { name: 'lint', command: 'oxlint', args: ['--deny-warnings', '--quiet', ...folders] },
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'import directions', script: 'scripts/check-imports.mjs', args: [] },
  { name: 'generated documentation', script: 'scripts/docs.mjs', args: ['--check'] },
];

const staticChecks = () => {
  let failed = 0;
  for (const { name, command, script, args } of CHECKS) {
    if (script && !existsSync(join(root, script))) continue;
    const ok = script ? run(process.execPath, [join(root, script), ...args]) : run(join(bin, command), args);
    process.stdout.write(` ${ok ? '✓' : '✗'} ${name}\n`);
    if (!ok) failed += 1;
  }
  return failed;
};

const vitest = (args) => {
  const folder = mkdtempSync(join(tmpdir(), 'caducee-results-'));
  const file = join(folder, 'results.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const ok = run(join(bin, 'vitest'), ['run', ...reporters, ...args]);
    if (!existsSync(file)) return { passed: 0, failed: 1 };
    const results = JSON.parse(readFileSync(file, 'utf8'));
    // A file that does not load, or an error outside a test, fails the run without failing a test.
    const failed = results.numFailedTests === 0 && !ok ? 1 : results.numFailedTests;
    return { passed: results.numPassedTests, failed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const args = process.argv.slice(2);
const missing = ensureTestTools();
for (const problem of missing) process.stderr.write(`Caducée: ${problem}\n`);
if (missing.length > 0 && args.length === 0) process.exit(1);

const checksFailed = args.length === 0 ? staticChecks() : 0;
const { passed, failed } = vitest(args);
process.stdout.write(`${passed} passed, ${failed + checksFailed} failed\n`);
process.exitCode = failed + checksFailed === 0 ? 0 : 1;
