// Measures the phone app as a mid-range phone on a slow network loads it, with Lighthouse: `npm run lighthouse`.
// Lighthouse weighs more than all the rest together, so it is no dependency: it is installed once, in .cache/lighthouse,
// at the version below. The sandbox measured is one of its own. Fails when performance or accessibility is under 95.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

const VERSION = '12.8.2';
const LEAST = { performance: 95, accessibility: 95 };
const RUNS = 3;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, '.cache', 'lighthouse');
const require = createRequire(join(folder, 'package.json'));
const say = (text) => process.stderr.write(`${text}\n`);

const install = () => {
  mkdirSync(folder, { recursive: true });
  if (existsSync(join(folder, 'node_modules', 'lighthouse', 'package.json'))) return;
  say(`Installing lighthouse ${VERSION} in .cache/lighthouse (once)…`);
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  execFileSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', `lighthouse@${VERSION}`],
    { cwd: folder, stdio: ['ignore', 2, 'inherit'] },
  );
};

/** A sandbox of its own; resolves with the app's address and how to stop. */
const startSandbox = async () => {
  const data = mkdtempSync(join(tmpdir(), 'caducee-lighthouse-'));
  const base = 20_000 + Math.floor(Math.random() * 3_000) * 10;
  const child = spawn(process.execPath, [join(root, 'src', 'cli.ts'), 'sandbox', 'start', '--json'], {
    cwd: root,
    env: { ...process.env, CADUCEE_PORT_BASE: String(base), CADUCEE_DATA_DIR: data },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}`)));
  });
  const stop = async () => {
    const ended = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    child.kill('SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  return { address: JSON.parse(line).app, stop };
};

/** The middle one: what else the machine does moves the figures. */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const measure = async (address) => {
  const { default: lighthouse } = await import(pathToFileURL(require.resolve('lighthouse')).href);
  const { launch } = await import(pathToFileURL(require.resolve('chrome-launcher')).href);
  const { findChromium } = await import('../test/support/chromium.ts');
  const chrome = await launch({
    chromePath: findChromium(),
    chromeFlags: ['--headless=new', '--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    logLevel: 'silent',
  });
  const runs = [];
  try {
    for (let run = 1; run <= RUNS; run += 1) {
      // Lighthouse's own profile: a phone of the middle of the range, a processor four times slower, slow 4G.
      const result = await lighthouse(address, {
        port: chrome.port,
        output: 'html',
        logLevel: 'error',
        onlyCategories: ['performance', 'accessibility', 'best-practices'],
      });
      if (!result) throw new Error('Lighthouse measured nothing');
      writeFileSync(join(folder, `report-${run}.html`), String(result.report));
      runs.push(result.lhr);
    }
  } finally {
    chrome.kill();
  }
  return runs;
};

const report = (runs) => {
  const scores = Object.fromEntries(
    Object.keys(runs[0].categories).map((name) => [
      name,
      Math.round(median(runs.map(({ categories }) => categories[name].score ?? 0)) * 100),
    ]),
  );
  const figures = [
    'first-contentful-paint',
    'largest-contentful-paint',
    'total-blocking-time',
    'total-byte-weight',
  ];
  for (const [name, score] of Object.entries(scores)) console.log(`${name.padEnd(26)} ${score}`);
  for (const name of figures) {
    const value = median(runs.map(({ audits }) => audits[name].numericValue ?? 0));
    console.log(`${name.padEnd(26)} ${Math.round(value)} ${name === 'total-byte-weight' ? 'bytes' : 'ms'}`);
  }
  say(`Reports: ${folder}/report-*.html`);
  return Object.entries(LEAST).filter(([name, least]) => (scores[name] ?? 0) < least);
};

install();
const sandbox = process.argv[2] ? { address: process.argv[2], stop: async () => {} } : await startSandbox();
try {
  const short = report(await measure(sandbox.address));
  for (const [name, least] of short) say(`${name} is under ${least}`);
  process.exitCode = short.length > 0 ? 1 : 0;
} finally {
  await sandbox.stop();
}
