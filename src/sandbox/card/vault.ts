import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { normalizeSerial } from '../../card/certificate.ts';
import { type Issued, extensions, generateKeys, issue } from './authority.ts';
import { privateKeyPem, readIssued } from './pem.ts';
import { type DevelopmentPki, createPki } from './pki.ts';

/**
 * The development PKI of one sandbox, kept in its folder: cards issued yesterday sign in today. Its keys protect
 * nobody but are readable by their owner alone all the same: a browser may have been told to trust them.
 */

const entry = z.object({ cert: z.string(), key: z.string() });
const branch = z.object({ root: entry, persons: entry });
const content = z.object({
  version: z.literal(1),
  standard: branch,
  elementary: branch,
  /** Signs the certificate of the card host; valid for `localhost` and what stands below it, whatever it signs. */
  server: entry,
  tls: entry,
});
type Content = z.output<typeof content>;

const revocations = z.record(z.string(), z.iso.datetime());

/** Where the parts of a PKI lie, for the configuration and for browsers. */
export const pkiFiles = (folder: string) => {
  const inside = (name: string): string => join(folder, 'card', name);
  return {
    folder: join(folder, 'card'),
    pki: inside('pki.json'),
    revoked: inside('revoked.json'),
    anchors: inside('anchors.pem'),
    intermediates: inside('intermediates.pem'),
    tlsKey: inside('tls-key.pem'),
    tlsCert: inside('tls-cert.pem'),
    authority: inside('tls-authority.pem'),
  };
};

/** A sandbox's PKI, with the certificate of its card host. */
export interface SandboxPki extends DevelopmentPki {
  server: Issued;
  tls: Issued;
}

const DAY = 86_400_000;
const TLS_DAYS = 365;
const RENEW_DAYS = 30;
const HOSTS = ['card.localhost', '*.card.localhost', 'localhost'];
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

const pack = async ({ pem, keys }: Issued): Promise<z.output<typeof entry>> => ({
  cert: pem,
  key: await privateKeyPem(keys),
});

const unpack = ({ cert, key }: z.output<typeof entry>): Promise<Issued> => readIssued(cert, key);

const makeServerAuthority = async (now: Date, label: string): Promise<Issued> => {
  const keys = await generateKeys('p256');
  return issue({
    subject: [[['2.5.4.10', 'CADUCEE-TEST']], [['2.5.4.3', `TEST AC SERVEURS CADUCEE ${label}`]]],
    keys,
    notBefore: new Date(now.getTime() - DAY),
    notAfter: new Date(now.getTime() + 3650 * DAY),
    extensions: [
      extensions.basicConstraints(true, 0),
      extensions.keyUsage(['keyCertSign', 'cRLSign']),
      // A browser that trusts it trusts it for this machine alone.
      extensions.permittedDns(['localhost']),
      await extensions.subjectKeyIdentifier(keys),
    ],
  });
};

const makeTls = async (server: Issued, now: Date): Promise<Issued> => {
  const keys = await generateKeys('p256');
  return issue({
    subject: [[['2.5.4.3', 'card.localhost']]],
    keys,
    issuer: server,
    notBefore: new Date(now.getTime() - DAY),
    notAfter: new Date(now.getTime() + TLS_DAYS * DAY),
    extensions: [
      extensions.basicConstraints(false),
      extensions.keyUsage(['digitalSignature']),
      extensions.extendedKeyUsage([SERVER_AUTH]),
      extensions.dnsNames(HOSTS),
      await extensions.subjectKeyIdentifier(keys),
      await extensions.authorityKeyIdentifier(server.keys),
    ],
  });
};

const write = async (path: string, text: string): Promise<void> => {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
};

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

const readJson = async <T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> => {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new Error(`${path} cannot be read; npm run reset starts afresh`, { cause: error });
  }
};

const toContent = async (pki: SandboxPki): Promise<Content> => ({
  version: 1,
  standard: { root: await pack(pki.standard.root), persons: await pack(pki.standard.persons) },
  elementary: { root: await pack(pki.elementary.root), persons: await pack(pki.elementary.persons) },
  server: await pack(pki.server),
  tls: await pack(pki.tls),
});

const fromContent = async (kept: Content): Promise<SandboxPki> => ({
  standard: { root: await unpack(kept.standard.root), persons: await unpack(kept.standard.persons) },
  elementary: { root: await unpack(kept.elementary.root), persons: await unpack(kept.elementary.persons) },
  server: await unpack(kept.server),
  tls: await unpack(kept.tls),
});

/** What the configuration and browsers read. */
const publish = async (files: ReturnType<typeof pkiFiles>, kept: Content): Promise<void> => {
  await write(files.anchors, kept.standard.root.cert + kept.elementary.root.cert);
  await write(files.intermediates, kept.standard.persons.cert + kept.elementary.persons.cert);
  await write(files.tlsKey, kept.tls.key);
  await write(files.tlsCert, kept.tls.cert + kept.server.cert);
  await write(files.authority, kept.server.cert);
};

const save = async (folder: string, pki: SandboxPki): Promise<void> => {
  const files = pkiFiles(folder);
  const kept = await toContent(pki);
  await mkdir(files.folder, { recursive: true, mode: 0o700 });
  await publish(files, kept);
  await write(files.pki, JSON.stringify(kept, undefined, 2));
};

/** Reads the PKI of a sandbox; undefined before its first start. */
export const readPki = async (folder: string): Promise<SandboxPki | undefined> => {
  const kept = await readJson(pkiFiles(folder).pki, content);
  return kept && fromContent(kept);
};

/** Reads the PKI of a sandbox, or makes it; renews the certificate of the card host in time. */
export const openPki = async (
  folder: string,
  options: { now: Date; crlOrigin: string; label: string },
): Promise<SandboxPki> => {
  const { now, crlOrigin, label } = options;
  const known = await readPki(folder);
  if (known) {
    if (known.tls.x509.validToDate.getTime() - now.getTime() > RENEW_DAYS * DAY) return known;
    const renewed = { ...known, tls: await makeTls(known.server, now) };
    await save(folder, renewed);
    return renewed;
  }
  const server = await makeServerAuthority(now, label);
  const made = { ...(await createPki(now, crlOrigin)), server, tls: await makeTls(server, now) };
  await save(folder, made);
  return made;
};

/** The certificates revoked in this sandbox: when, by serial number. */
export const readRevoked = async (folder: string): Promise<Map<string, Date>> => {
  const kept = (await readJson(pkiFiles(folder).revoked, revocations)) ?? {};
  return new Map(Object.entries(kept).map(([serial, at]) => [serial, new Date(at)]));
};

/** Revokes a certificate; says whether it was not revoked before. */
export const addRevoked = async (folder: string, serial: string, at: Date): Promise<boolean> => {
  const revoked = await readRevoked(folder);
  const name = normalizeSerial(serial);
  if (revoked.has(name)) return false;
  revoked.set(name, at);
  const kept = Object.fromEntries([...revoked].map(([key, when]) => [key, when.toISOString()]));
  await write(pkiFiles(folder).revoked, JSON.stringify(kept, undefined, 2));
  return true;
};
