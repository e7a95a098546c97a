import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../config.ts';
import type { Observe } from './access-log.ts';
import { hasClaim } from './client-cert.ts';
import { FIXED_HEADERS, HSTS } from './headers.ts';
import { requestState } from './request.ts';
import { cameByMtls } from './service-certificate.ts';

/**
 * Answers given before the application, for the few requests that come in thousands a second and always mean the same. Only
 * what is plain is taken: the right host, nothing of a browser's cross-origin rules, no certificate, no proof. All else goes
 * the usual way, and so does whatever the one who answers is not sure of; the answers are the same.
 */

/** An answer that needs no thought about languages or forms. */
export interface DirectAnswer {
  status: number;
  /** Names and values in turn, the body's length among them; the headers of the house are added. */
  headers: readonly string[];
  /** A text leaves in one piece with the headers; bytes would leave beside them, at twice the price. */
  body: string;
  encoding: 'latin1' | 'utf8';
}

/**
 * The body of an answer, and the header that tells its length. ASCII is the same in both encodings, and leaves as Latin-1:
 * of UTF-8 Node reckons with three bytes for each character, and writes what might be more than 16 KiB in a slower way.
 */
export const directBody = (
  body: string,
): Pick<DirectAnswer, 'body' | 'encoding'> & { length: readonly [string, string] } => {
  const bytes = Buffer.byteLength(body);
  return {
    ...{ body, encoding: bytes === body.length ? 'latin1' : 'utf8' },
    length: ['Content-Length', String(bytes)],
  };
};

/** A request that may be answered directly. */
export interface DirectRequest {
  request: IncomingMessage;
  method: string;
  /** Path and query, as sent. */
  url: string;
  answer(answer: DirectAnswer): void;
  /** Lets the application answer after all. */
  otherwise(): void;
}

/** Takes a request, or says that it is not for it. */
export type Direct = (asked: DirectRequest) => boolean;

/** No page, no script: nothing may be loaded or framed. */
const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Headers that make a request one for the application. */
const NOT_PLAIN = ['origin', 'dpop', 'expect', 'upgrade', 'cookie'] as const;

const isPlain = (request: IncomingMessage): boolean => {
  for (const name of NOT_PLAIN) if (request.headers[name] !== undefined) return false;
  return !hasClaim(request);
};

/** Makes the gate through which requests come to a {@link Direct}; false when the application has to answer. */
export const createGate = (
  config: Pick<Config, 'origin'>,
  observe: Observe,
): ((
  request: IncomingMessage,
  response: ServerResponse,
  direct: Direct,
  otherwise: () => void,
) => boolean) => {
  const own = new URL(config.origin);
  const https = own.protocol === 'https:';
  const fixed = [
    'Content-Security-Policy',
    NOTHING,
    'X-Frame-Options',
    'DENY',
    ...FIXED_HEADERS,
    ...(https ? HSTS : []),
  ];

  const isOurs = (request: IncomingMessage): boolean => {
    const { headers } = request;
    if ((headers['x-forwarded-host'] ?? headers.host) !== own.host || cameByMtls({ req: request }))
      return false;
    return !https || headers['x-forwarded-proto'] === 'https';
  };

  return (request, response, direct, otherwise) => {
    const { method = '', url = '' } = request;
    if (!isOurs(request) || !isPlain(request)) return false;
    const started = performance.now();
    const answer = ({ status, headers, body, encoding }: DirectAnswer): void => {
      response.on('close', () => observe(request, response, { method, url, started }));
      const { id } = requestState({ req: request });
      response.writeHead(status, fixed.concat('X-Request-Id', id, headers));
      response.end(body, encoding);
    };
    return direct({ request, method, url, answer, otherwise });
  };
};
