import { webcrypto } from 'node:crypto';
import { BmpString, OctetString } from 'asn1js';
import {
  Attribute,
  AuthenticatedSafe,
  CertBag,
  type Certificate,
  PFX,
  PKCS8ShroudedKeyBag,
  PrivateKeyInfo,
  SafeBag,
  SafeContents,
} from 'pkijs';
import { bytes } from '../../platform/random.ts';
import type { Issued } from './authority.ts';

/** A card as a file (PKCS#12, RFC 7292), to import into a browser: key, certificate and authorities. */

const SHROUDED_KEY = '1.2.840.113549.1.12.10.1.2';
const CERTIFICATE = '1.2.840.113549.1.12.10.1.3';
const FRIENDLY_NAME = '1.2.840.113549.1.9.20';
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21';
const ITERATIONS = 100_000;

const passwordBased = (password: ArrayBuffer) => ({
  password,
  contentEncryptionAlgorithm: { name: 'AES-CBC', length: 256, iv: Uint8Array.from(bytes(16)) },
  hmacHashAlgorithm: 'SHA-256',
  iterationCount: ITERATIONS,
});

const certificateBag = (certificate: Certificate, attributes: Attribute[]): SafeBag =>
  new SafeBag({
    bagId: CERTIFICATE,
    bagValue: new CertBag({ parsedValue: certificate }),
    bagAttributes: attributes,
  });

/** Packs a card; `name` is what browsers show, `password` protects it. */
export const makeP12 = async (
  card: Issued,
  authorities: readonly Issued[],
  options: { name: string; password: string },
): Promise<Buffer> => {
  const password = Uint8Array.from(Buffer.from(options.password, 'utf8')).buffer;
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', card.keys.privateKey);
  const key = new PKCS8ShroudedKeyBag({ parsedValue: PrivateKeyInfo.fromBER(pkcs8) });
  await key.makeInternalValues(passwordBased(password));
  const keyId = await webcrypto.subtle.digest('SHA-1', Uint8Array.from(card.der));
  const attributes = (): Attribute[] => [
    new Attribute({ type: LOCAL_KEY_ID, values: [new OctetString({ valueHex: keyId })] }),
    new Attribute({ type: FRIENDLY_NAME, values: [new BmpString({ value: options.name })] }),
  ];
  const keys = new SafeContents({
    safeBags: [new SafeBag({ bagId: SHROUDED_KEY, bagValue: key, bagAttributes: attributes() })],
  });
  const certificates = new SafeContents({
    safeBags: [
      certificateBag(card.certificate, attributes()),
      ...authorities.map(({ certificate }) => certificateBag(certificate, [])),
    ],
  });
  const safe = new AuthenticatedSafe({
    parsedValue: {
      safeContents: [
        { privacyMode: 0, value: keys },
        { privacyMode: 1, value: certificates },
      ],
    },
  });
  await safe.makeInternalValues({ safeContents: [{}, passwordBased(password)] });
  const pfx = new PFX({ parsedValue: { integrityMode: 0, authenticatedSafe: safe } });
  await pfx.makeInternalValues({
    password,
    iterations: ITERATIONS,
    pbkdf2HashAlgorithm: 'SHA-256',
    hmacHashAlgorithm: 'SHA-256',
  });
  return Buffer.from(pfx.toSchema().toBER());
};
