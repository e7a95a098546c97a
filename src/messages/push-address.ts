import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent } from 'node:https';
import { BlockList, isIP } from 'node:net';

/**
 * A push subscription's address is chosen by the phone, and this server posts to it: it must not become a way into
 * the operator's network.
 */

const PRIVATE = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv6');
}

/** True for an address of the public Internet (IPv4 written inside IPv6 counts as what it is). */
export const isPublicAddress = (address: string): boolean => {
  const family = isIP(address);
  if (family === 0) return false;
  const inside = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (inside) return isPublicAddress(inside);
  if (/^::ffff:/i.test(address)) return false;
  return !PRIVATE.check(address, family === 4 ? 'ipv4' : 'ipv6');
};

/**
 * True for an address that a push service may have: https, port 443, a host name with a dot, no user. To be asked
 * when a phone hands in its subscription; what the name resolves to is checked again at each connection.
 */
export const isPushEndpoint = (endpoint: string): boolean => {
  if (endpoint.length > 2048 || !URL.canParse(endpoint)) return false;
  const { protocol, hostname, port, username, password } = new URL(endpoint);
  return (
    protocol === 'https:' &&
    port === '' &&
    username === '' &&
    password === '' &&
    hostname.includes('.') &&
    isIP(hostname) === 0 &&
    !hostname.startsWith('[') &&
    !/\.(localhost|local|internal|home\.arpa)\.?$/i.test(hostname)
  );
};

type Callback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

const publicLookup = (hostname: string, options: LookupOptions, callback: Callback): void => {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    const allowed = error ? [] : addresses.filter(({ address }) => isPublicAddress(address));
    const [first] = allowed;
    if (!first) {
      callback(error ?? Object.assign(new Error('not a public address'), { code: 'EPRIVATE' }), []);
    } else if (options.all) callback(null, allowed);
    else callback(null, first.address, first.family);
  });
};

/** Connects to public addresses only, whatever a name resolves to at that moment. */
export const createPublicAgent = (): Agent =>
  new Agent({ keepAlive: true, maxSockets: 16, lookup: publicLookup });
