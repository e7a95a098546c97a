import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OID } from '../card/oids.ts';
import { type Issued, extensions, generateKeys, issue } from './card/authority.ts';
import { privateKeyPem, readIssued } from './card/pem.ts';

/**
 * The authority of services' certificates in a sandbox: what IGC-Santé's ORG AUTH_CLI is for the services of Pro Santé
 * Connect. Its key protects nobody but is readable by its owner alone all the same.
 */

/** Where its parts lie, for the configuration and for people. */
export const servicesPkiFiles = (folder: string) => {
  const inside = (name: string): string => join(folder, 'services', name);
  return {
    folder: join(folder, 'services'),
    authority: inside('authority.pem'),
    key: inside('authority-key.pem'),
  };
};

const DAY = 86_400_000;

/** Makes an authority. */
export const createServicesAuthority = async (now: Date, label: string): Promise<Issued> => {
  const keys = await generateKeys('p256');
  return issue({
    subject: [
      [[OID.country, 'FR']],
      [[OID.organization, 'CADUCEE-TEST']],
      [[OID.commonName, `TEST AC SERVICES CADUCEE ${label}`]],
    ],
    keys,
    notBefore: new Date(now.getTime() - DAY),
    notAfter: new Date(now.getTime() + 3650 * DAY),
    extensions: [
      extensions.basicConstraints(true, 0),
      extensions.keyUsage(['keyCertSign', 'cRLSign']),
      await extensions.subjectKeyIdentifier(keys),
    ],
  });
};

/** A service's certificate: `CN=<name>,O=CADUCEE-TEST,C=FR`, and `<name>.localhost` as its host. */
export const issueServiceCertificate = async (
  authority: Issued | undefined,
  service: { name: string; now: Date; days?: number; from?: Date },
): Promise<Issued> => {
  const { name, now, days = 365 } = service;
  const keys = await generateKeys('p256');
  return issue({
    subject: [[[OID.country, 'FR']], [[OID.organization, 'CADUCEE-TEST']], [[OID.commonName, name]]],
    keys,
    ...(authority === undefined ? {} : { issuer: authority }),
    notBefore: service.from ?? new Date(now.getTime() - DAY),
    notAfter: new Date(now.getTime() + days * DAY),
    extensions: [
      extensions.basicConstraints(false),
      extensions.keyUsage(['digitalSignature']),
      extensions.extendedKeyUsage([OID.clientAuth]),
      extensions.dnsNames([`${name.toLowerCase()}.localhost`]),
      await extensions.subjectKeyIdentifier(keys),
      ...(authority === undefined ? [] : [await extensions.authorityKeyIdentifier(authority.keys)]),
    ],
  });
};

/** The sandbox's authority; undefined before its first start. */
export const readServicesAuthority = async (folder: string): Promise<Issued | undefined> => {
  const files = servicesPkiFiles(folder);
  const [pem, key] = await Promise.all(
    [files.authority, files.key].map((path) => readFile(path, 'utf8').catch(() => undefined)),
  );
  if (pem === undefined || key === undefined) return undefined;
  return readIssued(pem, key);
};

/** Reads the sandbox's authority, or makes it. */
export const openServicesAuthority = async (folder: string, now: Date, label: string): Promise<Issued> => {
  const known = await readServicesAuthority(folder);
  if (known) return known;
  const files = servicesPkiFiles(folder);
  const made = await createServicesAuthority(now, label);
  await mkdir(files.folder, { recursive: true, mode: 0o700 });
  await writeFile(files.key, await privateKeyPem(made.keys), { mode: 0o600 });
  await writeFile(files.authority, made.pem, { mode: 0o600 });
  return made;
};
