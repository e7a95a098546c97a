// Makes sure that the programs which npm cannot bring are here: redis-server and Chromium, without which nothing is
// tested, and those of single files (proxies, a card's token), whose tests fail by themselves where they are missing.
// Plain JavaScript, without dependencies.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const say = (text) => process.stderr.write(`Caducée: ${text}\n`);

const works = (command, args = ['--version']) => {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

const unpackedRedis = join(root, '.cache', 'redis', 'redis-server');
const hasRedis = () => works('redis-server') || (existsSync(unpackedRedis) && works(unpackedRedis));

const CHROMIUM = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const hasChromium = () => CHROMIUM.some((path) => path && existsSync(path));

/** Programs of single test files, each with its Debian packages. */
const TOOLS = {
  nginx: 'nginx-light',
  haproxy: 'haproxy',
  'softhsm2-util': 'softhsm2',
  'pkcs11-tool': 'opensc',
  certutil: 'libnss3-tools',
  Xvfb: 'xvfb',
  xdotool: 'xdotool',
  apache2: 'apache2 libapache2-mod-auth-openidc',
};
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
/** pg_dump of the distribution's own server; a client alone has one too, of which nothing could be restored. */
const hasPostgresServer = () =>
  existsSync('/usr/lib/postgresql') &&
  readdirSync('/usr/lib/postgresql').some((version) =>
    ['postgres', 'pg_dump'].every((program) =>
      existsSync(join('/usr/lib/postgresql', version, 'bin', program)),
    ),
  );
const isThere = (program) => FOLDERS.some((folder) => existsSync(join(folder, program)));

const aptInstall = (packages) => {
  say(`installing ${packages.join(', ')} (once)…`);
  const options = {
    stdio: ['ignore', 2, 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  try {
    execFileSync('apt-get', ['-qq', 'update'], options);
    execFileSync('apt-get', ['-qq', 'install', '-y', '--no-install-recommends', ...packages], options);
  } catch {
    say('apt-get failed');
  }
};

/** Without root: Debian's packages unpacked below .cache. redis-server is a name of the multi-call redis-check-rdb. */
const unpackRedis = () => {
  say('unpacking redis-server into .cache (once)…');
  const folder = join(root, '.cache', 'redis');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const options = { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] };
  try {
    execFileSync('apt-get', ['download', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'], options);
    const packages = readdirSync(folder).filter((name) => name.endsWith('.deb'));
    for (const file of packages) execFileSync('dpkg', ['-x', file, 'x'], options);
    for (const file of packages) rmSync(join(folder, file));
    const libraries = join(folder, 'x', 'usr', 'lib');
    const triplet = readdirSync(libraries).find((name) => name.includes('-linux-')) ?? '';
    mkdirSync(join(folder, 'bin'));
    symlinkSync('../x/usr/bin/redis-check-rdb', join(folder, 'bin', 'redis-server'));
    writeFileSync(
      unpackedRedis,
      `#!/bin/sh\nLD_LIBRARY_PATH='${join(libraries, triplet)}' exec '${join(folder, 'bin', 'redis-server')}' "$@"\n`,
    );
    chmodSync(unpackedRedis, 0o755);
  } catch {
    say('redis-server could not be unpacked');
  }
};

/** Installs what is missing where that is possible; returns what is still missing, each with what to do. */
export const ensureTestTools = () => {
  const apt = works('apt-get');
  if (apt && process.getuid?.() === 0) {
    const packages = [
      ...(hasRedis() ? [] : ['redis-server']),
      ...(hasChromium() ? [] : ['chromium', 'fonts-liberation']),
      ...(hasPostgresServer() ? [] : ['postgresql']),
      ...Object.entries(TOOLS).flatMap(([program, names]) => (isThere(program) ? [] : names.split(' '))),
    ];
    if (packages.length > 0) aptInstall(packages);
  } else if (apt && !hasRedis()) unpackRedis();

  return [
    ...(hasRedis()
      ? []
      : [
          'redis-server is missing. Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis.',
        ]),
    ...(hasChromium()
      ? []
      : [
          'Chromium is missing. Debian: apt-get install chromium fonts-liberation; elsewhere install Chrome, or name a Chromium in CHROMIUM_PATH.',
        ]),
  ];
};
