import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { supervise } from '../../src/platform/embedded/supervise.ts';
import { extensions as x, generateKeys, issue } from '../../src/sandbox/card/authority.ts';
import { privateKeyPem } from '../../src/sandbox/card/pem.ts';
import { onFileEnd } from './cleanup.ts';
import { ROOT } from './sandbox.ts';
import { freePorts } from './servers.ts';
import { findTool } from './tools.ts';

/**
 * Real terminators with the configurations of docs/proxies, where only ports and paths are replaced: what is documented
 * is what is tested.
 */
export interface Terminator {
  /** Where it ends TLS. */
  port: number;
}

export interface Behind {
  /** Port of the provider. */
  provider: number;
  /** Port or Unix socket of the card's listener. */
  card: number | string;
  secret: string;
  /** PEM of the authorities whose cards are asked for. */
  authorities: string;
  /** Port of the services' own host. */
  services?: number;
  /** An operator's mistake: TLS sessions may be resumed. */
  resumption?: boolean;
}

export const PROVIDER_HOST = 'auth.sante.example';
export const CARD_HOST = 'c1.carte.sante.example';
export const SERVICES_HOST = 'services.sante.example';

/** Replaces each text, which must be there: a configuration that changed without its test fails it. */
const replaced = (file: string, replacements: readonly (readonly [string, string])[]): string => {
  let text = readFileSync(join(ROOT, 'docs', 'proxies', file), 'utf8');
  for (const [from, to] of replacements) {
    if (!text.includes(from)) throw new Error(`docs/proxies/${file} no longer says ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
};

/** A folder with the certificates of both hosts, self-signed, and what the configuration names. */
const prepare = async (
  behind: Behind,
): Promise<{ folder: string; write(name: string, text: string): string }> => {
  const folder = mkdtempSync(join(tmpdir(), 'caducee-proxy-'));
  onFileEnd(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  for (const [name, dns] of [
    ['provider', ['auth.sante.example', 'app.sante.example']],
    ['card-host', ['*.carte.sante.example']],
    ['services-host', ['services.sante.example']],
  ] as const) {
    const keys = await generateKeys('p256');
    const now = Date.now();
    const dates = { notBefore: new Date(now - 3_600_000), notAfter: new Date(now + 3_600_000) };
    const { pem } = await issue({
      subject: [[['2.5.4.3', dns[0]]]],
      keys,
      ...dates,
      extensions: [x.dnsNames(dns)],
    });
    const key = await privateKeyPem(keys);
    write(`${name}.key`, key);
    write(`${name}.pem`, `${pem}\n${key}`);
  }
  write('card-authorities.pem', behind.authorities);
  return { folder, write };
};

/** nginx as docs/proxies/nginx.conf has it. */
export const startNginx = async (behind: Behind): Promise<Terminator> => {
  const command = findTool('nginx', 'nginx-light');
  const [{ folder, write }, [port = 0]] = await Promise.all([prepare(behind), freePorts(1)]);
  for (const name of ['hop-secret.conf', 'services-hop-secret.conf']) {
    write(name, `proxy_set_header Caducee-Hop-Secret "${behind.secret}";\n`);
  }
  const card = typeof behind.card === 'string' ? `unix:${behind.card}` : `127.0.0.1:${behind.card}`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  const file = write(
    'nginx.conf',
    replaced('nginx.conf', [
      ['user www-data;', process.getuid?.() === 0 ? 'user root;' : ''],
      ['worker_processes auto;', 'worker_processes 1;'],
      ['/run/nginx.pid', join(folder, 'nginx.pid')],
      ['error_log /var/log/nginx/error.log warn;', 'error_log stderr notice;'],
      ['http {', `http { ${temporary}`],
      ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
      ['/etc/nginx/caducee', folder],
      ['http://127.0.0.1:4000', `http://127.0.0.1:${behind.provider}`],
      ['proxy_pass http://127.0.0.1:4002', `proxy_pass http://${card}`],
      ['http://127.0.0.1:4010', `http://127.0.0.1:${behind.services ?? 9}`],
      ...(behind.resumption
        ? ([
            ['ssl_session_tickets off;', 'ssl_session_tickets on;'],
            ['ssl_session_cache off;', 'ssl_session_cache shared:card:1m;'],
          ] as const)
        : []),
      ...(typeof behind.card === 'string' ? [[`include ${folder}/hop-secret.conf;`, ''] as const] : []),
    ]),
  );
  const nginx = await supervise(
    {
      command,
      args: ['-p', folder, '-c', file, '-e', 'stderr', '-g', 'daemon off;'],
      ...{ stopSignal: 'SIGTERM', graceMs: 3000, forceSignal: 'SIGKILL', cleanup: [] },
    },
    { isReady: (line) => line.includes('start worker process ') },
  );
  onFileEnd(() => nginx.stop());
  return { port };
};

const HAPROXY_SECRET = 'http-request set-header Caducee-Hop-Secret "${CADUCEE_CARD_HOP_SECRET}" if card';

/** HAProxy as docs/proxies/haproxy.cfg has it. */
export const startHaproxy = async (behind: Behind): Promise<Terminator> => {
  const command = findTool('haproxy', 'haproxy');
  const [{ folder, write }, [port = 0]] = await Promise.all([prepare(behind), freePorts(1)]);
  const bySocket = typeof behind.card === 'string';
  const card = bySocket ? `unix@${behind.card}` : `127.0.0.1:${behind.card}`;
  write('crt-list.txt', replaced('haproxy-crt-list.txt', [['/etc/haproxy/caducee', folder]]));
  const file = write(
    'haproxy.cfg',
    replaced('haproxy.cfg', [
      ['maxconn 4000', 'maxconn 100'],
      ['bind :443 ', `bind 127.0.0.1:${port} `],
      ['/etc/haproxy/caducee', folder],
      ['server caducee 127.0.0.1:4000', `server caducee 127.0.0.1:${behind.provider}`],
      ['server caducee 127.0.0.1:4002', `server caducee ${card}`],
      ...(behind.resumption
        ? ([
            ['tune.ssl.cachesize 0', 'tune.ssl.cachesize 100'],
            [' no-tls-tickets', ''],
          ] as const)
        : []),
      ...(bySocket ? [[HAPROXY_SECRET, ''] as const] : []),
    ]),
  );
  const haproxy = await supervise(
    {
      command: 'env',
      args: [`CADUCEE_CARD_HOP_SECRET=${behind.secret}`, command, '-db', '-V', '-f', file],
      ...{ stopSignal: 'SIGTERM', graceMs: 3000, forceSignal: 'SIGKILL', cleanup: [] },
    },
    { isReady: (line) => line.startsWith('Using ') },
  );
  onFileEnd(() => haproxy.stop());
  return { port };
};
