import { type IncomingMessage, createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Forwarded,
  type TrustedHop,
  createAddressList,
  createForwardedReader,
} from '../../src/http/forwarded.ts';

const SECRET = 'a shared secret of the terminator';
const DER = Buffer.from('3003020101', 'hex');
const VALUE = `:${DER.toString('base64')}:`;
const HOP: TrustedHop = { addresses: ['127.0.0.1'], secret: SECRET, unixSocket: false };

/** Sends raw header lines over a real connection and returns what was read. */
const read = async (hop: TrustedHop | undefined, lines: string[]): Promise<Forwarded> => {
  const folder = mkdtempSync(join(tmpdir(), 'caducee-hop-'));
  const reader = createForwardedReader(hop);
  let result: Forwarded | undefined;
  const server = createServer((request: IncomingMessage, response) => {
    result = reader(request);
    response.end();
  });
  const address = hop?.unixSocket ? { path: join(folder, 's') } : { host: '127.0.0.1', port: 0 };
  await new Promise<void>((resolve) => server.listen(address, resolve));
  const bound = server.address();
  await new Promise<void>((resolve, reject) => {
    const socket = connect(
      typeof bound === 'string' ? { path: bound } : { host: '127.0.0.1', port: bound?.port ?? 0 },
    );
    socket
      .on('error', reject)
      .on('close', () => resolve())
      .resume();
    socket.write(['GET / HTTP/1.1', 'Host: x', 'Connection: close', ...lines, '', ''].join('\r\n'));
  });
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
  if (!result) throw new Error('no request arrived');
  return result;
};

const secret = `Caducee-Hop-Secret: ${SECRET}`;
const certificate = { kind: 'certificate', der: DER };

describe('the certificate handed over by a terminator is believed', () => {
  test.each(['Client-Cert', 'client-cert', 'CLIENT-CERT'])(
    'as %s, with the secret, from its address',
    async (name) => {
      expect(await read(HOP, [`${name}: ${VALUE}`, secret])).toEqual(certificate);
    },
  );

  test('from a Unix socket, whose permissions are the proof', async () => {
    expect(await read({ ...HOP, addresses: [], unixSocket: true }, [`Client-Cert: ${VALUE}`])).toEqual(
      certificate,
    );
  });

  test('and no header means no certificate', async () => {
    expect(await read(HOP, [secret])).toEqual({ kind: 'none' });
  });
});

describe('it is ignored', () => {
  test.each<[string, TrustedHop | undefined, string[], string]>([
    ['when no terminator is configured', undefined, [`Client-Cert: ${VALUE}`, secret], 'untrusted_peer'],
    [
      'from another address',
      { ...HOP, addresses: ['10.0.0.0/8', '::1'] },
      [`Client-Cert: ${VALUE}`, secret],
      'untrusted_peer',
    ],
    ['without the secret', HOP, [`Client-Cert: ${VALUE}`], 'wrong_secret'],
    ['with a wrong secret', HOP, [`Client-Cert: ${VALUE}`, `${secret}x`], 'wrong_secret'],
    ['with the secret twice', HOP, [`Client-Cert: ${VALUE}`, secret, secret], 'wrong_secret'],
    ['twice', HOP, [`Client-Cert: ${VALUE}`, `client-cert: ${VALUE}`, secret], 'duplicated'],
    ['with underscores', HOP, [`Client_Cert: ${VALUE}`, secret], 'lookalike'],
    ['as X-SSL-Client-Cert', HOP, [`X-SSL-Client-Cert: ${VALUE}`, secret], 'lookalike'],
    ['beside a lookalike', HOP, [`Client-Cert: ${VALUE}`, `ssl-client-cert: ${VALUE}`, secret], 'lookalike'],
    ['as PEM', HOP, ['Client-Cert: -----BEGIN CERTIFICATE-----', secret], 'malformed'],
    ['as bare base64', HOP, [`Client-Cert: ${DER.toString('base64')}`, secret], 'malformed'],
    ['when empty', HOP, ['Client-Cert: ', secret], 'malformed'],
    ['as two values in one line', HOP, [`Client-Cert: ${VALUE}, ${VALUE}`, secret], 'malformed'],
  ])('%s', async (_name, hop, lines, why) => {
    expect(await read(hop, lines)).toEqual({ kind: 'ignored', why });
  });

  test('when longer than any certificate', async () => {
    const long = `:${Buffer.alloc(12_500).toString('base64')}:`;
    // Node itself refuses headers over 16 KiB; ours is the tighter limit where an operator raised that one.
    expect(
      createForwardedReader({ ...HOP, unixSocket: true })({
        rawHeaders: ['Client-Cert', long],
        socket: {},
      } as unknown as IncomingMessage),
    ).toEqual({ kind: 'ignored', why: 'malformed' });
  });
});

test.each([
  ['10.1.2.3', true],
  ['::ffff:10.1.2.3', true],
  ['11.1.2.3', false],
  ['fd00::1', true],
  ['fe80::1', false],
  ['', false],
  [undefined, false],
  ['not an address', false],
])('address %s in the list: %s', (address, expected) => {
  expect(createAddressList(['10.0.0.0/8', 'fd00::/8'])(address)).toBe(expected);
});
