import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { distributionFolders, findPostgres, hydrate } from '../../src/platform/embedded/binaries.ts';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { openDatabase } from '../../src/platform/postgres.ts';

const folder = mkdtempSync('/tmp/caducee-binaries-test-');
afterAll(() => rmSync(folder, { recursive: true }));

/** A folder with a `postgres` that answers so. */
const fake = (name: string, script: string): string => {
  const path = join(folder, name);
  mkdirSync(path);
  for (const program of ['postgres', 'initdb']) {
    writeFileSync(join(path, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return path;
};

describe('the PostgreSQL that is used', () => {
  test('is the first that runs here and is recent enough', () => {
    const folders = [
      join(folder, 'absent'),
      fake('broken', 'exit 127'),
      fake('old', 'echo "postgres (PostgreSQL) 9.6.24"'),
      fake('good', 'echo "postgres (PostgreSQL) 16.4 (Debian 16.4-1)"'),
      fake('newer', 'echo "postgres (PostgreSQL) 18.1"'),
    ];
    expect(findPostgres(folders)).toEqual({
      initdb: join(folder, 'good', 'initdb'),
      postgres: join(folder, 'good', 'postgres'),
      major: 16,
    });
    expect(() => findPostgres(folders.slice(0, 3))).toThrow(
      /No PostgreSQL runs on this machine .* Install it/,
    );
  });

  test('is that of the npm package where it has one', () => {
    expect(findPostgres().major).toBeGreaterThanOrEqual(14);
  });

  test('gets its links and executable bits without an install script', () => {
    const root = join(folder, 'package');
    mkdirSync(join(root, 'native', 'bin'), { recursive: true });
    mkdirSync(join(root, 'native', 'lib'));
    writeFileSync(join(root, 'native', 'lib', 'libpq.so.5.18'), 'library');
    for (const name of ['initdb', 'postgres', 'pg_ctl']) {
      writeFileSync(join(root, 'native', 'bin', name), '', { mode: 0o644 });
    }
    const list = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
    writeFileSync(join(root, 'native', 'pg-symlinks.json'), JSON.stringify(list));
    hydrate(root);
    hydrate(root); // a second start, at the same time or later
    expect(readFileSync(join(root, 'native', 'lib', 'libpq.so.5'), 'utf8')).toBe('library');
    expect(statSync(join(root, 'native', 'bin', 'postgres')).mode & 0o777).toBe(0o755);
  });

  const installed = ((): ReturnType<typeof findPostgres> | undefined => {
    try {
      return findPostgres(distributionFolders());
    } catch {
      return undefined;
    }
  })();

  test.runIf(installed)('can be the distribution’s', async () => {
    if (!installed) throw new Error('not reached');
    const server = await startEmbeddedPostgres({
      dataDir: join(folder, 'data'),
      durable: false,
      binaries: installed,
    });
    const db = openDatabase(server.url);
    const { rows } = await db.query<{ major: number }>(
      "SELECT current_setting('server_version_num')::int / 10000 AS major",
    );
    await db.close();
    await server.stop();
    expect(rows).toEqual([{ major: installed.major }]);
  });
});
