import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { claimsCertificate } from './client-cert.ts';
import { constantTimeEqualText } from '../platform/crypto.ts';

/**
 * The certificate as a TLS terminator hands it over (RFC 9440, `Client-Cert: :base64 DER:`). It is believed from one
 * authenticated hop alone: a peer of the address list that also knows the shared secret, or whoever reaches the
 * Unix socket. From anywhere else, or in any other shape, it is as if it were not there, and that is told to the log.
 */
export interface TrustedHop {
  /** Addresses and CIDR ranges of the terminators. */
  addresses: readonly string[];
  /** Shared with the terminator, which sends it in {@link SECRET_HEADER}. */
  secret: string;
  /** True: this listener is a Unix socket, whose file permissions authenticate the peer. */
  unixSocket: boolean;
}

export const CERTIFICATE_HEADER = 'client-cert';
export const SECRET_HEADER = 'caducee-hop-secret';

const LONGEST = 16_384;

export type Forwarded =
  | { kind: 'none' }
  | { kind: 'certificate'; der: Buffer }
  /** Ignored; the reason is for the log. */
  | { kind: 'ignored'; why: 'untrusted_peer' | 'wrong_secret' | 'duplicated' | 'lookalike' | 'malformed' };

/** Builds the test «is this address one of ours» once. */
export const createAddressList = (entries: readonly string[]): ((address: string | undefined) => boolean) => {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    if (address === undefined) return false;
    const plain = address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
    return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
};

const rawPairs = (request: IncomingMessage): [string, string][] => {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    pairs.push([request.rawHeaders[index] ?? '', request.rawHeaders[index + 1] ?? '']);
  }
  return pairs;
};

const decode = (value: string): Buffer | undefined => {
  const match = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(value.trim());
  return match?.[1] && value.length <= LONGEST ? Buffer.from(match[1], 'base64') : undefined;
};

/** Reads the header of one request; `undefined` as hop means that no terminator is configured. */
export const createForwardedReader = (
  hop: TrustedHop | undefined,
): ((request: IncomingMessage) => Forwarded) => {
  const known = createAddressList(hop?.addresses ?? []);

  return (request) => {
    const pairs = rawPairs(request);
    const certificates = pairs.filter(([name]) => name.toLowerCase() === CERTIFICATE_HEADER);
    const lookalikes = pairs.filter(
      ([name]) => claimsCertificate(name) && name.toLowerCase() !== CERTIFICATE_HEADER,
    );
    if (certificates.length === 0) {
      return lookalikes.length === 0 ? { kind: 'none' } : { kind: 'ignored', why: 'lookalike' };
    }
    if (!hop || !(hop.unixSocket || known(request.socket.remoteAddress))) {
      return { kind: 'ignored', why: 'untrusted_peer' };
    }
    if (!hop.unixSocket) {
      const secrets = pairs.filter(([name]) => name.toLowerCase() === SECRET_HEADER);
      const secret = secrets.length === 1 ? secrets[0]?.[1] : undefined;
      if (secret === undefined || !constantTimeEqualText(secret, hop.secret)) {
        return { kind: 'ignored', why: 'wrong_secret' };
      }
    }
    if (certificates.length > 1) return { kind: 'ignored', why: 'duplicated' };
    if (lookalikes.length > 0) return { kind: 'ignored', why: 'lookalike' };
    const der = decode(certificates[0]?.[1] ?? '');
    return der ? { kind: 'certificate', der } : { kind: 'ignored', why: 'malformed' };
  };
};
