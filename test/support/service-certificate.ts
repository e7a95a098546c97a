import { execFileSync } from 'node:child_process';
import { X509Certificate, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A self-signed certificate of a service, and the key set under which it registers it. */
export const serviceCertificate = (
  name: string,
): { certificate: X509Certificate; jwks: { keys: (JsonWebKey & { x5c: string[] })[] } } => {
  const folder = mkdtempSync(join(tmpdir(), 'caducee-service-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const made = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '30',
    ];
    execFileSync('openssl', [...made, '-subj', `/CN=${name}`, '-keyout', key, '-out', cert], {
      stdio: 'pipe',
    });
    const pem = readFileSync(cert, 'utf8');
    const certificate = new X509Certificate(pem);
    const jwk = certificate.publicKey.export({ format: 'jwk' });
    return { certificate, jwks: { keys: [{ ...jwk, x5c: [certificate.raw.toString('base64')] }] } };
  } finally {
    rmSync(folder, { recursive: true });
  }
};
