import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { onFileEnd } from '../support/cleanup.ts';
import { ROOT, cleanEnvironment, startSandbox, type RunningSandbox } from '../support/sandbox.ts';

/** The commands of docs/services.md, run as they stand in a shell beside a sandbox. */

const page = readFileSync(join(ROOT, 'docs', 'services.md'), 'utf8');
const blocks = new Map(
  [...page.matchAll(/<!-- try: ([\w-]+) -->\n+```sh\n([\s\S]*?)```/g)].map(([, name = '', text = '']) => [
    name,
    text,
  ]),
);

let sandbox: RunningSandbox;
let folder: string;
let dataDir: string;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'caducee-services-data-'));
  onFileEnd(() => rmSync(dataDir, { recursive: true, force: true }));
  sandbox = await startSandbox({ dataDir });
  onFileEnd(() => sandbox.stop());
  folder = mkdtempSync(join(tmpdir(), 'caducee-services-'));
  onFileEnd(() => rmSync(folder, { recursive: true, force: true }));
}, 60_000);

/** Runs these blocks one after the other in one shell; what it said. */
const run = (...names: string[]): Promise<string> => {
  const text = names.map((name) => blocks.get(name) ?? `exit 1 # no block ${name}`).join('\n');
  const here = text
    .replaceAll('http://localhost:4000', `http://localhost:${sandbox.portBase}`)
    .replaceAll('https://localhost:4010', `https://localhost:${sandbox.portBase + 10}`)
    .replaceAll('.caducee/4000', join(dataDir, String(sandbox.portBase)));
  const caducee = `caducee() { "${process.execPath}" "${join(ROOT, 'src', 'cli.ts')}" "$@"; }`;
  return new Promise((resolve, reject) => {
    execFile(
      'sh',
      ['-euc', `${caducee}\n${here}`],
      {
        cwd: folder,
        env: cleanEnvironment({
          CADUCEE_PORT_BASE: String(sandbox.portBase),
          CADUCEE_DATA_DIR: dataDir,
        }),
      },
      (error, stdout, stderr) =>
        error ? reject(new Error(`${stdout}\n${stderr}`, { cause: error })) : resolve(stdout),
    );
  });
};

describe('docs/services.md', () => {
  it.each([
    ['a secret', ['variables', 'secret']],
    ['a certificate of the sandbox’s authority', ['variables', 'tls_client_auth']],
    ['a certificate of its own', ['variables', 'self_signed']],
    ['a signature', ['variables', 'key', 'private_key_jwt']],
  ])('%s is recognised', async (_name, names) => {
    expect(await run(...names)).toMatch(/\{"active":false\}$/);
  });

  it('a request is pushed', async () => {
    expect(await run('variables', 'par')).toMatch(/"request_uri":"urn:ietf:params:oauth:request_uri:/);
  });

  it('a proof passes', async () => {
    const told = await run('variables', 'private_key_jwt', 'dpop');
    expect(told).toMatch(/"error":"invalid_grant"/);
  });

  it('leaves no command untried', () => {
    expect([...blocks.keys()].sort()).toEqual(
      [
        'variables',
        'secret',
        'key',
        'private_key_jwt',
        'tls_client_auth',
        'self_signed',
        'par',
        'dpop',
      ].sort(),
    );
    expect(page.match(/```sh\n/g)?.length).toBe(blocks.size);
  });
});
