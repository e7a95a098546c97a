import { type Config, toolEnvironment } from '../config.ts';
import { createKeyRing, type KeyRing } from '../platform/crypto.ts';
import { keyringKms, readKeyFile } from '../platform/kms/keyrings.ts';
import { createKmsRing, type Kms, type KmsDriver, type KmsRing } from '../platform/kms/kms.ts';
import { pkcs11Kms } from '../platform/kms/pkcs11.ts';

/** The key ring of the configuration: what the master key of before encrypted still opens. */
export const openKeyring = (config: Pick<Config, 'masterKey' | 'masterKeyPrevious'>): KeyRing =>
  createKeyRing(config.masterKey, config.masterKeyPrevious);

type KmsConfig = Pick<
  Config,
  | 'masterKey'
  | 'masterKeyPrevious'
  | 'kms'
  | 'kmsFile'
  | 'kmsFilePrevious'
  | 'kmsPkcs11Tool'
  | 'kmsPkcs11Module'
  | 'kmsPkcs11Token'
  | 'kmsPkcs11Key'
  | 'kmsPkcs11Pin'
  | 'kmsPkcs11Oaep'
>;

const pkcs11 = (config: KmsConfig): Kms | undefined => {
  const { kmsPkcs11Module: module, kmsPkcs11Token: token, kmsPkcs11Key: key, kmsPkcs11Pin: pin } = config;
  if (!module || !token || !key || !pin) return undefined;
  const environment = toolEnvironment();
  return pkcs11Kms({
    ...{ module, token, key, pin, environment },
    tool: config.kmsPkcs11Tool,
    oaepHash: config.kmsPkcs11Oaep,
  });
};

const file = ({ kmsFile, kmsFilePrevious }: KmsConfig): Kms | undefined => {
  if (!kmsFile) return undefined;
  const former = kmsFilePrevious ? [readKeyFile(kmsFilePrevious)] : [];
  return keyringKms('file', readKeyFile(kmsFile), ...former);
};

/** Every key management of the configuration; the one that CADUCEE_KMS names encrypts, all of them open. */
export const openKms = (config: KmsConfig): KmsRing => {
  const configured: Partial<Record<KmsDriver, Kms | undefined>> = {
    env: keyringKms('env', openKeyring(config)),
    file: file(config),
    pkcs11: pkcs11(config),
  };
  const current = configured[config.kms];
  if (!current) throw new Error(`CADUCEE_KMS=${config.kms} is not configured`);
  const others = Object.values(configured).filter((kms): kms is Kms => kms !== undefined && kms !== current);
  return createKmsRing(current, ...others);
};
