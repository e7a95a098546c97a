import { integer, key32, oneOf, setting, text } from './schemas.ts';

/** The settings of signing keys and of the key that encrypts them; docs/keys.md. */
export const KEY_SETTINGS = {
  masterKeyPrevious: setting(key32, {
    env: 'CADUCEE_MASTER_KEY_PREVIOUS',
    optional: true,
    secret: true,
    doc: 'The master key of before, while `caducee keys rewrap` has not yet encrypted everything anew; it only opens.',
  }),
  keyDays: setting(integer(0, 3650), {
    env: 'CADUCEE_KEY_DAYS',
    fallback: '90',
    doc: 'Days that a signing key signs before the next one does; 0 rotates only by `caducee keys rotate`.',
  }),
  keyAnnounceHours: setting(integer(0, 8760), {
    env: 'CADUCEE_KEY_ANNOUNCE_HOURS',
    fallback: '24',
    doc: 'Hours that the next signing key is in the JWKS before it signs: as long as services keep what they fetched.',
  }),
  kms: setting(oneOf(['env', 'file', 'pkcs11']), {
    env: 'CADUCEE_KMS',
    fallback: 'env',
    doc: 'What encrypts the signing keys: `env`, the master key; `file`, a key of its own in CADUCEE_KMS_FILE; `pkcs11`, a hardware security module.',
  }),
  kmsFile: setting(text, {
    env: 'CADUCEE_KMS_FILE',
    optional: true,
    doc: 'File of 32 bytes (raw, hexadecimal or base64url), readable by its owner alone.',
  }),
  kmsFilePrevious: setting(text, {
    env: 'CADUCEE_KMS_FILE_PREVIOUS',
    optional: true,
    doc: 'The file of before, until `caducee keys rewrap`; it only opens.',
  }),
  kmsPkcs11Tool: setting(text, {
    env: 'CADUCEE_KMS_PKCS11_TOOL',
    fallback: 'pkcs11-tool',
    doc: 'OpenSC’s pkcs11-tool.',
  }),
  kmsPkcs11Module: setting(text, {
    env: 'CADUCEE_KMS_PKCS11_MODULE',
    optional: true,
    doc: 'The PKCS#11 library of the security module.',
  }),
  kmsPkcs11Token: setting(text, {
    env: 'CADUCEE_KMS_PKCS11_TOKEN',
    optional: true,
    doc: 'Label of the token.',
  }),
  kmsPkcs11Key: setting(text, {
    env: 'CADUCEE_KMS_PKCS11_KEY',
    optional: true,
    doc: 'Label of the RSA key pair that encrypts.',
  }),
  kmsPkcs11Pin: setting(text, {
    env: 'CADUCEE_KMS_PKCS11_PIN',
    optional: true,
    secret: true,
    doc: 'PIN of the token.',
  }),
  kmsPkcs11Oaep: setting(oneOf(['sha256', 'sha1']), {
    env: 'CADUCEE_KMS_PKCS11_OAEP',
    fallback: 'sha256',
    doc: 'Hash of the RSA-OAEP encryption; `sha1` for modules that know no other (SoftHSM).',
  }),
} as const;

/** The HSM's settings, all of which it needs. */
const PKCS11 = {
  kmsPkcs11Module: KEY_SETTINGS.kmsPkcs11Module.env,
  kmsPkcs11Token: KEY_SETTINGS.kmsPkcs11Token.env,
  kmsPkcs11Key: KEY_SETTINGS.kmsPkcs11Key.env,
  kmsPkcs11Pin: KEY_SETTINGS.kmsPkcs11Pin.env,
} as const;

interface KeyConfig {
  kms: string;
  kmsFile?: string | undefined;
  kmsPkcs11Module?: string | undefined;
  kmsPkcs11Token?: string | undefined;
  kmsPkcs11Key?: string | undefined;
  kmsPkcs11Pin?: string | undefined;
}

/** What is missing for the key management chosen. */
export const keyProblems = (config: KeyConfig): string[] => {
  const problems: string[] = [];
  if (config.kms === 'file' && !config.kmsFile) problems.push('CADUCEE_KMS=file needs CADUCEE_KMS_FILE');
  const given = Object.entries(PKCS11).filter(([name]) => config[name as keyof typeof PKCS11]);
  if ((config.kms === 'pkcs11' || given.length > 0) && given.length < Object.keys(PKCS11).length) {
    problems.push(`CADUCEE_KMS=pkcs11 needs ${Object.values(PKCS11).join(', ')}, all of them`);
  }
  return problems;
};
