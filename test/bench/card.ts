import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request as requestHttp } from 'node:http';
import { request as requestTls } from 'node:https';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { BenchServers } from './card-server.ts';

/**
 * `npm run bench:card`: how many sign-ins by card one core bears, and what the card adds to a sign-in, beside what a bare
 * mutual-TLS handshake of Node adds to the same sign-in, in the same run and in turns. Fails above the bound: the card
 * may cost one and a half times the handshake. Of each, the least disturbed round counts, since the rest of the machine
 * only ever adds.
 *
 * The bare handshake is measured between sign-ins, where a card's is too: alone in a loop, with every cache warm, it costs
 * about half, which is told beside it.
 */

const BOUND = 1.5;
const ROUNDS = 10;
const EACH = 120;
const AT_ONCE = 4;

interface Answer {
  status: number;
  location: string;
  cookies: string[];
  body: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

const send = (url: string, options: Record<string, unknown> = {}, body = ''): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { protocol, hostname, port, pathname, search } = new URL(url);
    const target = { host: '127.0.0.1', port, path: pathname + search, ...options };
    const asked =
      protocol === 'https:'
        ? requestTls({ ...target, servername: hostname, agent: false, rejectUnauthorized: false })
        : requestHttp({ ...target, agent });
    asked.on('error', reject).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location ?? '',
          cookies: response.headers['set-cookie'] ?? [],
          body: text,
        }),
      );
    });
    asked.end(body);
  });

/** A browser without scripts, for one sign-in. */
const createBrowser = (origin: string) => {
  const cookies = new Map<string, string>();
  const { host } = new URL(origin);
  // Each sign-in comes from an address of its own: limits count by address.
  const from = Array.from({ length: 3 }, () => Math.floor(Math.random() * 256)).join('.');
  const visit = async (address: string, form?: Record<string, string>): Promise<Answer> => {
    const headers = {
      'x-forwarded-for': `10.${from}`,
      ...{ host, accept: 'text/html', cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
      ...(form ? { origin, 'content-type': 'application/x-www-form-urlencoded' } : {}),
    };
    const body = form ? new URLSearchParams(form).toString() : '';
    const method = form ? 'POST' : 'GET';
    const answer = await send(new URL(address, origin).href, { method, headers }, body);
    for (const line of answer.cookies) {
      const [pair = ''] = line.split(';');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    return answer;
  };
  /** Follows redirects while they stay with the provider. */
  const follow = async (address: string): Promise<Answer> => {
    let answer = await visit(address);
    while (answer.location !== '' && new URL(answer.location, origin).origin === origin) {
      answer = await visit(answer.location);
    }
    return answer;
  };
  return { visit, follow };
};

const hidden = (page: string): Record<string, string> =>
  Object.fromEntries(
    [...page.matchAll(/<input\s+type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"/g)].map((found) => [
      found[1] ?? '',
      found[2] ?? '',
    ]),
  );

const AUTHORIZATION = new URLSearchParams({
  ...{ client_id: 'sandbox', redirect_uri: 'http://127.0.0.1:9/callback', response_type: 'code' },
  ...{ scope: 'openid scope_all', acr_values: 'eidas1', state: 's', nonce: 'n' },
  ...{ code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
}).toString();

/** From the service to its callback, by the card tab; with a card, or by the stand-in for its host. */
const signIn = async ({ caducee, card }: BenchServers, standIn?: string): Promise<void> => {
  const browser = createBrowser(caducee);
  const first = await browser.follow(`/auth?${AUTHORIZATION}`);
  const base = /action="(\/connexion\/[\w-]+)"/.exec(first.body)?.[1] ?? '';
  const tab = await browser.visit(`${base}/carte`);
  const sent = await browser.visit(`${base}/carte`, hidden(tab.body));
  const link = new URL(sent.location);
  const answer = await (standIn ? send(`${standIn}${link.pathname}`) : send(link.href, card));
  const { location, status, body } = await browser.follow(answer.location);
  if (!location.startsWith('http://127.0.0.1:9/callback?code=')) {
    throw new Error(`no code: ${status} ${location} ${body}`);
  }
};

const handshake = async (url: string, card: BenchServers['card']): Promise<void> => {
  const { status } = await send(url, card);
  if (status !== 204) throw new Error(`the bare server answered ${status}`);
};

/** Does it `count` times, `AT_ONCE` at once. */
const repeat = async (count: number, once_: () => Promise<void>): Promise<void> => {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await once_();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
};

const child = fork(join(import.meta.dirname, 'card-server.ts'), {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
const died = once(child, 'exit').then(([code]) =>
  Promise.reject(new Error(`the server ended with ${String(code)}`)),
);
died.catch(() => undefined);
const hear = async <T>(): Promise<T> => (await Promise.race([once(child, 'message'), died]))[0] as T;

/** Milliseconds of CPU that the server's process has used so far. */
const cpu = async (): Promise<number> => {
  const answer = hear<{ cpu: NodeJS.CpuUsage }>();
  child.send('cpu');
  const { user, system } = (await answer).cpu;
  return (user + system) / 1000;
};

const { servers } = await hear<{ servers: BenchServers }>();
const bare = () => handshake(servers.bare, servers.card);
const without = () => signIn(servers, servers.standIn);
const phases = {
  'bare mutual-TLS handshake, alone': bare,
  'sign-in without a card': without,
  'the same and a bare handshake': () => without().then(bare),
  'sign-in by card': () => signIn(servers),
};
type Phase = keyof typeof phases;

/** Milliseconds of CPU, by phase: the best round so far. */
const best = new Map<string, number>();
for (const run of Object.values(phases)) await repeat(2 * EACH, run); // warm
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, run] of Object.entries(phases)) {
    const before = await cpu();
    await repeat(EACH, run);
    best.set(name, Math.min(best.get(name) ?? Infinity, ((await cpu()) - before) / EACH));
  }
}
child.disconnect();

const cost = (name: Phase): number => best.get(name) ?? Number.NaN;
const base = cost('sign-in without a card');
const added = cost('the same and a bare handshake') - base;
const card = cost('sign-in by card') - base;
const kept = card <= BOUND * added;
const line = (name: string, ms: number): string => `${name.padEnd(36)}${ms.toFixed(2).padStart(7)} ms CPU`;

process.stdout.write(
  [
    `Node ${process.version}, ${cpus()[0]?.model ?? ''}; ${ROUNDS} rounds of ${EACH}, ${AT_ONCE} at once.`,
    ...(Object.keys(phases) as Phase[]).map(
      (name) => `${line(name, cost(name))}${(1000 / cost(name)).toFixed(0).padStart(7)} /s per core`,
    ),
    line('a bare handshake adds', added),
    line('a card adds', card),
    `${(card / added).toFixed(2)} times a bare handshake; allowed ${BOUND}: ${kept ? 'kept' : 'EXCEEDED'}`,
    '',
  ].join('\n'),
);
process.exitCode = kept ? 0 : 1;
