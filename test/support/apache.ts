import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onFileEnd } from './cleanup.ts';
import { cleanEnvironment, ROOT } from './sandbox.ts';

/** A real Apache with Debian's mod_auth_openidc, around the configuration that docs/relying-party.md shows. */

const MODULES = '/usr/lib/apache2/modules';
const NEEDED = [
  'mpm_event',
  'unixd',
  'mime',
  'dir',
  'env',
  'include',
  'filter',
  'authn_core',
  'authz_core',
  'authz_user',
  'auth_openidc',
];

/** Where apache2 is; tests that need it fail with what to install. */
const findApache = (): string => {
  const found = ['/usr/sbin/apache2', '/usr/local/sbin/apache2'].find((path) => existsSync(path));
  if (!found || !existsSync(join(MODULES, 'mod_auth_openidc.so'))) {
    throw new Error('apache2 is missing: apt-get install apache2 libapache2-mod-auth-openidc');
  }
  return found;
};

/** What a protected page shows: who it is, and what it was told. */
const PAGE = `{"user":"<!--#echo encoding="none" var="REMOTE_USER" -->","mode":"<!--#echo encoding="none" var="OIDC_CLAIM_authMode" -->","family":"<!--#echo encoding="none" var="OIDC_CLAIM_family_name" -->","userinfo":<!--#echo encoding="none" var="OIDC_userinfo_json" -->}`;

const serverConfiguration = (folder: string, port: number): string => `
ServerRoot ${folder}
PidFile ${folder}/apache2.pid
ServerName localhost
Listen 127.0.0.1:${port}
ErrorLog ${folder}/error.log
LogLevel info auth_openidc:debug
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
${NEEDED.filter((name) => existsSync(join(MODULES, `mod_${name}.so`)))
  .map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`)
  .join('\n')}
TypesConfig /dev/null
DocumentRoot ${folder}/htdocs
<Directory ${folder}/htdocs>
  Options +Includes
  Require all granted
</Directory>
AddType application/json .shtml
AddOutputFilter INCLUDES .shtml
DirectoryIndex index.shtml
StartServers 1
Include ${ROOT}/examples/relying-parties/apache.conf
`;

export interface Apache {
  process: ChildProcess;
  /** Its error log so far. */
  log(): string;
}

/** Starts it; it ends with the test file. */
export const startApache = async (service: string, environment: Record<string, string>): Promise<Apache> => {
  const program = findApache();
  const folder = mkdtempSync(join(tmpdir(), 'caducee-apache-'));
  mkdirSync(join(folder, 'htdocs', 'prive'), { recursive: true });
  writeFileSync(join(folder, 'htdocs', 'prive', 'index.shtml'), PAGE);
  writeFileSync(join(folder, 'htdocs', 'index.shtml'), '{"signedIn":false}');
  const file = join(folder, 'apache2.conf');
  writeFileSync(file, serverConfiguration(folder, Number(new URL(service).port)));
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  const child = spawn(program, ['-X', '-f', file], {
    env: cleanEnvironment({ ...environment, SERVICE: service }),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  onFileEnd(async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  const log = (): string =>
    existsSync(join(folder, 'error.log')) ? readFileSync(join(folder, 'error.log'), 'utf8') : '';
  for (;;) {
    if (child.exitCode !== null) throw new Error(`apache2 ended with ${child.exitCode}:\n${log()}`);
    const answer = await fetch(`${service}/`).catch(() => undefined);
    if (answer?.ok) return { process: child, log };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
