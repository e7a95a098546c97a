import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Headers by which a proxy speaks of the client or of its trace; without trust they are the client's own invention. */
const isForwarding = (name: string): boolean =>
  name.startsWith('x-forwarded-') || name === 'forwarded' || name === 'x-real-ip' || name === 'traceparent';

/** Addresses whose trust is remembered. */
const MOST_KNOWN = 1000;

/** `::ffff:10.0.0.1` is 10.0.0.1. */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

const blockList = (ranges: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
};

const last = (header: string | string[] | undefined): string | undefined =>
  [header].flat().join(',').split(',').at(-1)?.trim() || undefined;

/** An entry of `X-Forwarded-For` without its port. */
const withoutPort = (entry: string): string =>
  /^\[(.+)\](:\d+)?$/.exec(entry)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(entry)?.[1] ?? entry;

/**
 * Makes the guard that runs before any framework sees a request. Only peers inside the trusted ranges are believed:
 * their `X-Forwarded-For` is read from the right past other trusted proxies, so that what a client wrote on the
 * left counts for nothing; of proto and host, the value that the nearest proxy set. For any other peer these
 * headers are removed.
 */
export const createProxyTrust = (ranges: readonly string[]): ((req: IncomingMessage) => void) => {
  const list = blockList(ranges);
  const isTrusted = (address: string | undefined): boolean => {
    const plain = plainAddress(address ?? '');
    const version = isIP(plain);
    return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4');
  };
  /** The few peers that there are: proxies, or one machine after another. */
  const known = new Map<string | undefined, boolean>();
  const trusted = (address: string | undefined): boolean => {
    const before = known.get(address);
    if (before !== undefined) return before;
    if (known.size >= MOST_KNOWN) known.clear();
    const answer = isTrusted(address);
    known.set(address, answer);
    return answer;
  };

  const client = (header: string | string[] | undefined): string | undefined => {
    const hops = [header]
      .flat()
      .join(',')
      .split(',')
      .map((hop) => plainAddress(withoutPort(hop.trim())));
    let address: string | undefined;
    for (const hop of hops.toReversed()) {
      if (isIP(hop) === 0) break;
      address = hop;
      if (!trusted(hop)) break;
    }
    return address;
  };

  return (req) => {
    const { headers } = req;
    let forwards = false;
    for (const name in headers) if (isForwarding(name)) forwards = true;
    if (!forwards) return;
    const believed = trusted(req.socket.remoteAddress);
    const kept = {
      'x-forwarded-for': client(headers['x-forwarded-for']),
      'x-forwarded-proto': last(headers['x-forwarded-proto'])?.toLowerCase(),
      'x-forwarded-host': last(headers['x-forwarded-host']),
      traceparent: last(headers['traceparent']),
    };
    for (const name of Object.keys(headers)) if (isForwarding(name)) delete headers[name];
    if (!believed) return;
    for (const [name, value] of Object.entries(kept)) if (value) headers[name] = value;
  };
};
