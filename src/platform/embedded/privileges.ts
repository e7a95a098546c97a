import { execFileSync } from 'node:child_process';
import { chownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * PostgreSQL refuses to run as root, and must not outlive its supervisor. How both are arranged depends on the machine:
 *
 * - `plain`: not root; the command as it is (macOS);
 * - `deathsig`: not root, on Linux; the kernel interrupts the server when the supervisor dies;
 * - `namespace`: root, on Linux; a user namespace with one uid, in which root's own files stay readable (no account
 *   made, no chown, also below a 0700 folder);
 * - `drop`: root where namespaces are refused; an unprivileged uid that owns the data directory.
 */
export type Privileges = 'plain' | 'deathsig' | 'namespace' | 'drop';

/** `nobody`: exists everywhere, and initdb wants a uid that has a name. */
const UID = 65_534;
const DEATHSIG = ['setpriv', '--pdeathsig', 'INT', '--'];
const NAMESPACE = ['unshare', '--user', `--map-user=${UID}`, `--map-group=${UID}`, '--'];
// The dropped uid must still pass through folders such as a 0700 home: one capability is kept for that.
const DROP = [
  'setpriv',
  `--reuid=${UID}`,
  `--regid=${UID}`,
  '--clear-groups',
  '--inh-caps=-all,+dac_override',
  '--ambient-caps=-all,+dac_override',
  '--pdeathsig',
  'INT',
  '--',
];

const prefixes: Readonly<Record<Privileges, readonly string[]>> = {
  plain: [],
  deathsig: DEATHSIG,
  namespace: [...NAMESPACE, ...DEATHSIG],
  drop: DROP,
};

/** The command line that runs `command` with these privileges. */
export const withPrivileges = (
  privileges: Privileges,
  command: string,
  args: readonly string[],
): { command: string; args: string[] } => {
  const [first = command, ...rest] = [...prefixes[privileges], command, ...args];
  return { command: first, args: rest };
};

const works = (privileges: Privileges): boolean => {
  const { command, args } = withPrivileges(privileges, 'true', []);
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** The best arrangement that this machine allows; throws when root has no way to run PostgreSQL. */
export const choosePrivileges = (): Privileges => {
  if (process.getuid?.() !== 0) {
    return process.platform === 'linux' && works('deathsig') ? 'deathsig' : 'plain';
  }
  if (process.platform === 'linux') {
    if (works('namespace')) return 'namespace';
    if (works('drop')) return 'drop';
  }
  throw new Error(
    'PostgreSQL does not run as root, and neither unshare nor setpriv works here: use another user',
  );
};

const chownAll = (path: string, uid: number): void => {
  const stat = lstatSync(path);
  if (stat.uid !== uid) chownSync(path, uid, uid);
  if (stat.isDirectory()) for (const name of readdirSync(path)) chownAll(join(path, name), uid);
};

/** Gives a folder of the server to the uid it will run as. A folder used with another arrangement before is taken back. */
export const giveTo = (privileges: Privileges, folder: string): void => {
  if (privileges === 'drop') chownAll(folder, UID);
  if (privileges === 'namespace') chownAll(folder, 0);
};
