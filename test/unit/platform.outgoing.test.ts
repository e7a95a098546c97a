import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  OutgoingError,
  createOutgoing,
  createReach,
  isPublicAddress,
  type Lookup,
} from '../../src/platform/outgoing.ts';
import { extensions, generateKeys, issue } from '../../src/sandbox/card/authority.ts';
import { privateKeyPem } from '../../src/sandbox/card/pem.ts';
import { onFileEnd } from '../support/cleanup.ts';

const open = async (server: Server, host = '127.0.0.1'): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onFileEnd(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
};
const serve = (listener: RequestListener): Promise<number> => open(createServer(listener));

/** The reason of a refusal; anything else is the answer's status. */
const outcome = (asked: Promise<{ status: number }>): Promise<number | string> =>
  asked.then(
    ({ status }) => status,
    (error: unknown) => (error instanceof OutgoingError ? error.reason : String(error)),
  );

const local = createOutgoing({ loopback: true });
const strict = createOutgoing();

describe('addresses that may be asked', () => {
  it.each([
    'http://127.0.0.1:1/',
    'https://127.0.0.1:1/',
    'https://[::1]:1/',
    'https://[::ffff:127.0.0.1]/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://10.0.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[fd00:ec2::254]/',
    'https://[64:ff9b::a00:1]/',
    'https://[2002:a00:1::]/',
    'https://localhost/',
    'http://example.org/',
    'ftp://example.org/',
    'file:///etc/passwd',
    'https://user:password@example.org/',
    'nonsense',
  ])('%s is not one', async (url) => {
    expect(await outcome(strict.request(url))).toBe('refused');
  });

  it('are on this machine for the sandbox only, and nowhere else inside', async () => {
    const port = await serve((_request, response) => response.end('here'));
    expect((await local.request(`http://localhost:${port}/`)).body.toString()).toBe('here');
    expect(await outcome(local.request(`http://127.0.0.1:${port}/`))).toBe(200);
    expect(await outcome(local.request('https://192.168.1.1/'))).toBe('refused');
    expect(await outcome(local.request('http://169.254.169.254/'))).toBe('refused');
  });

  it('may be an operator’s own ranges, never the metadata of a cloud', () => {
    const reach = createReach({ ranges: ['10.20.0.0/16', '169.254.0.0/16', 'fd12::/16', '192.168.7.7'] });
    expect(
      ['10.20.1.1', '10.21.1.1', 'fd12::1', 'fd13::1', '192.168.7.7', '192.168.7.8', '::ffff:10.20.0.9'].map(
        reach,
      ),
    ).toEqual([true, false, true, false, true, false, true]);
    expect(['169.254.169.254', '127.0.0.1', '8.8.8.8'].map(reach)).toEqual([false, false, true]);
  });

  it('hide nothing private inside IPv6', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, octet, (b, c, d) => {
        const hex = `${((10 << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        for (const address of [
          `10.${b}.${c}.${d}`,
          `::ffff:10.${b}.${c}.${d}`,
          `::ffff:${hex}`,
          `::10.${b}.${c}.${d}`,
          `64:ff9b::${hex}`,
          `2002:${hex}::1`,
        ]) {
          expect([address, isPublicAddress(address)]).toEqual([address, false]);
        }
      }),
    );
  });
});

describe('an answer', () => {
  it('that redirects is not followed', async () => {
    let asked = 0;
    const port = await serve((request, response) => {
      asked += 1;
      response.writeHead(302, { location: request.url === '/' ? '/next' : '/' }).end();
    });
    const answer = await local.request(`http://127.0.0.1:${port}/`);
    expect([answer.status, answer.headers['location'], asked]).toEqual([302, '/next', 1]);
  });

  it.each([
    ['announced', { 'content-length': '5000000' }],
    ['streamed', {}],
  ])('too large and %s is given up', async (_name, headers) => {
    const port = await serve((_request, response) => {
      response.writeHead(200, headers);
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', more);
      more();
    });
    expect(await outcome(local.request(`http://127.0.0.1:${port}/`, { maxBytes: 1000 }))).toBe('too_large');
  });

  it.each([
    ['that never begins', false],
    ['that never ends', true],
  ])('%s is given up in time', async (_name, begin) => {
    const port = await serve((_request, response) => {
      if (!begin) return;
      response.writeHead(200).write('[');
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    });
    const started = performance.now();
    expect(await outcome(local.request(`http://127.0.0.1:${port}/`, { timeoutMs: 300 }))).toBe('timeout');
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('comes in the shape of fetch too', async () => {
    const port = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const status = request.url === '/none' ? 204 : 200;
        response.writeHead(status, { 'x-method': String(request.method) }).end(status === 204 ? '' : body);
      });
    });
    const answer = await local.fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body: new URLSearchParams({ a: 'é' }),
    });
    expect([answer.status, answer.headers.get('x-method'), await answer.text()]).toEqual([
      200,
      'POST',
      'a=%C3%A9',
    ]);
    expect((await local.fetch(`http://127.0.0.1:${port}/none`)).status).toBe(204);
    await expect(strict.fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow(OutgoingError);
  });
});

describe('a name', () => {
  let port: number;
  let ca: string;
  beforeAll(async () => {
    const keys = await generateKeys('p256');
    const now = Date.now();
    const certificate = await issue({
      subject: [[['2.5.4.3', 'service.example']]],
      keys,
      notBefore: new Date(now - 60_000),
      notAfter: new Date(now + 3_600_000),
      extensions: [extensions.dnsNames(['service.example'])],
    });
    ca = certificate.pem;
    const server = createHttps({ key: await privateKeyPem(keys), cert: ca }, (_request, response) =>
      response.writeHead(200, { connection: 'close' }).end('service'),
    );
    port = await open(server as unknown as Server, '127.0.0.2');
  });

  /** Each question gets the next answer. */
  const answering = (...answers: string[][]): Lookup => {
    let asked = 0;
    return (_name, _options, callback) => {
      const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
      asked += 1;
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
  };
  const outgoing = (lookup: Lookup) => createOutgoing({ ranges: ['127.0.0.2/32'], lookup, ca });

  it('that resolves to an allowed address, then to a private one, is refused the second time', async () => {
    const one = outgoing(answering(['127.0.0.2'], ['127.0.0.1']));
    expect(await outcome(one.request(`https://service.example:${port}/`))).toBe(200);
    expect(await outcome(one.request(`https://service.example:${port}/`))).toBe('refused');
    one.close();
  });

  it('that resolves to both is connected to at the allowed one', async () => {
    const one = outgoing(answering(['10.0.0.1', '127.0.0.2', '::1']));
    expect(await outcome(one.request(`https://service.example:${port}/`))).toBe(200);
    one.close();
  });

  it.each([[['127.0.0.1']], [['169.254.169.254', '10.0.0.1']], [['::1']], [[]]])(
    'that resolves to %j only is refused',
    async (addresses) => {
      expect(await outcome(outgoing(answering(addresses)).request(`https://service.example:${port}/`))).toBe(
        'refused',
      );
    },
  );
});
