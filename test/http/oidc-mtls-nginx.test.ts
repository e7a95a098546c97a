import { X509Certificate } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMtlsHopServer } from '../../src/http/mtls.ts';
import { clientCertificateOf } from '../../src/http/service-certificate.ts';
import { createLog } from '../../src/platform/log.ts';
import { listen } from '../support/card-site.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { mtlsSite, type ServiceCertificate } from '../support/mtls.ts';
import { PROVIDER_HOST, SERVICES_HOST, startNginx } from '../support/proxies.ts';
import { visitPlain, visitTls } from '../support/tls-visit.ts';

/** The services' own host behind a real nginx with the documented configuration. */

const SECRET = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
const seen: (string | undefined)[] = [];
let port = 0;
let behind = 0;
let dmp: ServiceCertificate;
let own: ServiceCertificate;
let forged: string;

beforeAll(async () => {
  const site = await mtlsSite();
  [dmp, own] = await Promise.all([site.certificate('dmp'), site.selfSigned('own')]);
  const victim = await site.certificate('victim');
  forged = `:${new X509Certificate(victim.cert).raw.toString('base64')}:`;
  const server = createMtlsHopServer({
    origin: `https://${SERVICES_HOST}`,
    serves: (path) => path === '/token',
    log: createLog('silent'),
    hop: { addresses: ['127.0.0.1'], secret: SECRET, unixSocket: false },
    handler: (req, res) => {
      seen.push(clientCertificateOf({ req })?.subject.split('\n').at(-1));
      res.end('answered');
    },
  });
  onFileEnd(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  behind = await listen(server);
  ({ port } = await startNginx({
    provider: 9,
    card: 9,
    services: behind,
    secret: SECRET,
    authorities: site.authority.pem,
  }));
});
beforeEach(() => void (seen.length = 0));

const visit = (
  certificate: ServiceCertificate | undefined,
  headers: string[] = [],
  servername = SERVICES_HOST,
  line = 'GET /token',
) =>
  visitTls({
    ...{ port, servername, headers, line, connection: 'close' },
    tls: certificate ? { cert: certificate.cert, key: certificate.key } : {},
  });

describe('through nginx', () => {
  it('the certificate of the handshake arrives, whoever signed it; none is none', async () => {
    for (const certificate of [dmp, own, undefined]) {
      expect((await visit(certificate)).answer).toContain('answered');
    }
    expect(seen).toEqual(['CN=dmp', 'CN=own', undefined]);
  });

  it.each(['Client-Cert', 'client-cert', 'X-SSL-Client-Cert', 'SSL-Client-Cert', 'Client_Cert'])(
    'a certificate in %s never does',
    async (name) => {
      await visit(undefined, [`${name}: ${forged}`, `Caducee-Hop-Secret: ${SECRET}`]);
      await visit(dmp, [`${name}: ${forged}`, `Caducee-Hop-Secret: ${SECRET}`]);
      expect(seen).not.toContain('CN=victim');
      expect(seen.filter((subject) => subject !== undefined)).toEqual(
        name === 'Client_Cert' ? expect.any(Array) : ['CN=dmp'],
      );
    },
  );

  it('other paths, and past nginx without its secret, there is nothing', async () => {
    expect((await visit(dmp, [], SERVICES_HOST, 'GET /connexion/x')).answer).toMatch(/^HTTP\/1\.1 404/);
    await visitPlain({
      port: behind,
      line: 'GET /token',
      headers: [`Client-Cert: ${forged}`],
    });
    expect(seen).not.toContain('CN=victim');
    expect((await visit(dmp, [], PROVIDER_HOST)).answer).toMatch(/^HTTP\/1\.1 502/);
    expect(seen).toEqual([]);
  });
});
