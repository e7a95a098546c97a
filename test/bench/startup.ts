import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from '../support/servers.ts';
import { median } from './measure.ts';
import { ISSUER_PATH } from './targets.ts';

/**
 * From the start of `caducee serve` in production, with Redis and PostgreSQL there, until it says that it is ready to answer.
 * What starts is what operators run: the program and the phone app as `npm run build` bundles them, made anew from the sources
 * that are there; the first start, left out, fills the compile cache.
 */

const STARTS = 5;
const root = join(import.meta.dirname, '..', '..');

const settings = (port: number, redisUrl: string, databaseUrl: string): Record<string, string> => ({
  CADUCEE_MODE: 'production',
  CADUCEE_ISSUER: `https://caducee.example${ISSUER_PATH}`,
  CADUCEE_APP_ORIGIN: 'https://app.caducee.example',
  CADUCEE_LISTEN_HOST: '127.0.0.1',
  CADUCEE_TRUSTED_PROXIES: '127.0.0.1',
  CADUCEE_LISTEN_PORT: String(port),
  CADUCEE_DATABASE_URL: databaseUrl,
  CADUCEE_STORE: 'redis',
  CADUCEE_REDIS_URL: redisUrl,
  CADUCEE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64url'),
  CADUCEE_SMTP_URL: 'smtps://mail.caducee.example',
  CADUCEE_MAIL_FROM: 'Caducée <non@caducee.example>',
  CADUCEE_TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  CADUCEE_TWILIO_AUTH_TOKEN: 'none',
  CADUCEE_TWILIO_FROM: 'Caducee',
  CADUCEE_HELP_PHONE: '01 99 00 00 00',
  CADUCEE_HELP_HOURS: 'du lundi au vendredi',
});

/** `npm run build`. */
const buildProduction = async (): Promise<void> => {
  for (const script of ['build.mjs', 'build-phone.mjs']) {
    await promisify(execFile)(process.execPath, [join(root, 'scripts', script)]);
  }
};

const startOnce = async (redisUrl: string, databaseUrl: string): Promise<number> => {
  const [port = 0] = await freePorts(1);
  const began = performance.now();
  const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), 'serve'], {
    cwd: root,
    env: { ...process.env, ...settings(port, redisUrl, databaseUrl) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  const ready = new Promise<number>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      if (said.includes('"msg":"ready"')) resolve(performance.now() - began);
    });
    child.once('exit', () => reject(new Error(`caducee serve ended: ${said}`)));
  });
  const milliseconds = await ready;
  child.removeAllListeners('exit');
  child.kill('SIGTERM');
  await once(child, 'exit');
  return milliseconds;
};

/** Builds, then measures milliseconds to ready: the median of some starts, the first left out. */
export const measureStart = async (redisUrl: string, databaseUrl: string): Promise<number> => {
  const all: number[] = [];
  await buildProduction();
  await startOnce(redisUrl, databaseUrl);
  for (let each = 0; each < STARTS; each += 1) all.push(await startOnce(redisUrl, databaseUrl));
  return Math.round(median(all));
};
