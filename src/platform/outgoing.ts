import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { BlockList, isIP } from 'node:net';

/**
 * Requests to addresses that someone else chose: a service's `jwks_uri`, its back-channel logout and CIBA addresses, a
 * phone's push service. They must not become a way into the operator's network, nor a way to keep this process busy:
 * public addresses only, looked at when the connection is made (so that a name cannot resolve to another one in
 * between), no redirect followed, the whole answer bounded in time and size.
 */

const listOf = (ranges: readonly (readonly [string, number])[]): BlockList => {
  const list = new BlockList();
  for (const [network, bits] of ranges) list.addSubnet(network, bits, isIP(network) === 6 ? 'ipv6' : 'ipv4');
  return list;
};

/** Not the public Internet (RFC 6890 and its registries). */
const SPECIAL = listOf([
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
]);

/** Where the metadata of clouds answers, and what has no host: never, whatever the configuration allows. */
const NEVER = listOf([
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['100.100.100.200', 32],
  ['224.0.0.0', 3],
  ['fe80::', 10],
  ['fd00:ec2::', 32],
  ['ff00::', 8],
]);

const LOOPBACK = listOf([
  ['127.0.0.0', 8],
  ['::1', 128],
]);

const within = (list: BlockList, address: string): boolean => {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
};

/** IPv4 written inside IPv6 counts as what it is; undefined for what is no address, or hides one in another form. */
const plain = (address: string): string | undefined => {
  const inside = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (inside !== undefined) return isIP(inside) === 4 ? inside : undefined;
  if (/^::ffff:/i.test(address) || address.includes('%')) return undefined;
  return isIP(address) === 0 ? undefined : address;
};

/** True for an address of the public Internet. */
export const isPublicAddress = (address: string): boolean => {
  const known = plain(address);
  return known !== undefined && !within(SPECIAL, known);
};

/** Which addresses may be connected to. */
export interface Reach {
  /** The sandbox, whose services are on this machine. */
  loopback?: boolean;
  /** CIDR ranges of an internal network where declared services live; cloud metadata stays out of reach. */
  ranges?: readonly string[];
}

/** Makes the test of addresses. */
export const createReach = ({ loopback = false, ranges = [] }: Reach): ((address: string) => boolean) => {
  const allowed = listOf(
    ranges.map((range) => {
      const [network = '', bits] = range.split('/');
      return [network, bits === undefined ? (isIP(network) === 6 ? 128 : 32) : Number(bits)] as const;
    }),
  );
  return (address) => {
    const known = plain(address);
    if (known === undefined) return false;
    if (!within(SPECIAL, known) || (loopback && within(LOOPBACK, known))) return true;
    return within(allowed, known) && !within(NEVER, known);
  };
};

type Callback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;
/** Node's own `dns.lookup`, or what a test puts in its place. */
export type Lookup = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** A `lookup` for sockets that knows allowed addresses only: what it gives is what is connected to. */
export const createGuardedLookup =
  (allowed: (address: string) => boolean, lookup: Lookup = dnsLookup) =>
  (hostname: string, options: LookupOptions, callback: Callback): void => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const reachable = error ? [] : addresses.filter(({ address }) => allowed(address));
      const [first] = reachable;
      if (!first) {
        callback(error ?? Object.assign(new Error('not a public address'), { code: 'EPRIVATE' }), []);
      } else if (options.all) callback(null, reachable);
      else callback(null, first.address, first.family);
    });
  };

/** Why a request could not be made or ended. `refused` is final; the others may pass. */
export type OutgoingReason = 'refused' | 'timeout' | 'too_large' | 'network';

export class OutgoingError extends Error {
  readonly reason: OutgoingReason;

  constructor(reason: OutgoingReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OutgoingError';
    this.reason = reason;
  }
}

export interface OutgoingRequest {
  method?: 'GET' | 'POST';
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** Everything together: name, connection, answer to its last byte. */
  timeoutMs?: number;
  /** Of the answer's body. */
  maxBytes?: number;
  signal?: AbortSignal | undefined;
}

export interface OutgoingAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

/** The one way out to addresses that others chose. */
export interface Outgoing {
  /** The answer, whatever its status: a redirect is an answer like another. Throws {@link OutgoingError}. */
  request(url: string, request?: OutgoingRequest): Promise<OutgoingAnswer>;
  /** The same in the shape of `fetch`, for libraries. */
  fetch(url: string | URL | Request, init?: RequestInit): Promise<Response>;
  close(): void;
}

export interface OutgoingOptions extends Reach {
  /** For tests: another resolver, other trusted authorities. */
  lookup?: Lookup;
  ca?: string | Buffer;
}

const TIMEOUT_MS = 2_500;
const MAX_BYTES = 64 * 1024;

/** The address, if it is one that may be asked at all. */
const checkUrl = (text: string, allowed: (address: string) => boolean, loopback: boolean): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username || url.password) {
    throw new OutgoingError('refused', 'not an address that may be asked');
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !allowed(host)) throw new OutgoingError('refused', 'not a public address');
  const local = loopback && (host === 'localhost' || host.endsWith('.localhost') || within(LOOPBACK, host));
  if (url.protocol === 'http:' && !local) throw new OutgoingError('refused', 'not https');
  return url;
};

const asError = (error: unknown): OutgoingError => {
  if (error instanceof OutgoingError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'EPRIVATE'
    ? new OutgoingError('refused', 'not a public address', { cause: error })
    : new OutgoingError('network', code ?? message, { cause: error });
};

const readBody = async (response: IncomingMessage, maxBytes: number): Promise<Buffer> => {
  const tooLarge = () => new OutgoingError('too_large', `answered more than ${maxBytes} bytes`);
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const flatten = (headers: IncomingMessage['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(', ')]],
    ),
  );

/** Body, method and headers of a fetch, as a request of ours. */
const fromInit = (init: RequestInit): OutgoingRequest => {
  const { body, method } = init;
  if (body !== undefined && body !== null && typeof body !== 'string' && !(body instanceof URLSearchParams)) {
    throw new TypeError('only text can be sent');
  }
  return {
    method: method === 'POST' ? 'POST' : 'GET',
    headers: Object.fromEntries(new Headers(init.headers)),
    ...(body === undefined || body === null ? {} : { body: body.toString() }),
    signal: init.signal ?? undefined,
  };
};

/** Makes the way out. Without options: public https addresses, and nothing else. */
export const createOutgoing = (options: OutgoingOptions = {}): Outgoing => {
  const allowed = createReach(options);
  const loopback = options.loopback ?? false;
  const lookup = createGuardedLookup(allowed, options.lookup);
  const sockets = { keepAlive: true, maxSockets: 16, timeout: 30_000, lookup };
  const agents = {
    'http:': new HttpAgent(sockets),
    'https:': new HttpsAgent({ ...sockets, ...(options.ca === undefined ? {} : { ca: options.ca }) }),
  };

  const send = (url: URL, given: OutgoingRequest, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const request = (secure ? httpsRequest : httpRequest)(url, {
        method: given.method ?? 'GET',
        agent: agents[secure ? 'https:' : 'http:'],
        signal,
        headers: {
          ...given.headers,
          ...(given.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(given.body)) }),
        },
      });
      request.on('response', resolve);
      request.on('error', reject);
      request.end(given.body);
    });

  const request = async (address: string, given: OutgoingRequest = {}): Promise<OutgoingAnswer> => {
    const url = checkUrl(address, allowed, loopback);
    const timeoutMs = given.timeoutMs ?? TIMEOUT_MS;
    const late = AbortSignal.timeout(timeoutMs);
    const signal = given.signal ? AbortSignal.any([late, given.signal]) : late;
    let response: IncomingMessage | undefined;
    try {
      response = await send(url, given, signal);
      const body = await readBody(response, given.maxBytes ?? MAX_BYTES);
      return { status: response.statusCode ?? 0, headers: flatten(response.headers), body };
    } catch (error) {
      response?.destroy();
      if (late.aborted) throw new OutgoingError('timeout', `no whole answer within ${timeoutMs} ms`);
      throw asError(error);
    }
  };

  return {
    request,
    async fetch(target, init = {}) {
      const address = target instanceof Request ? target.url : String(target);
      const { status, headers, body } = await request(address, fromInit(init));
      const empty = status === 204 || status === 205 || status === 304;
      return new Response(empty ? null : Uint8Array.from(body), { status, headers });
    },
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
};

/** An agent that connects to public addresses only, whatever a name resolves to at that moment. */
export const createPublicAgent = (): HttpsAgent =>
  new HttpsAgent({ keepAlive: true, maxSockets: 16, lookup: createGuardedLookup(isPublicAddress) });
