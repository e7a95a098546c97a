import {
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
  createServer as createHttp,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import { constants } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Log } from '../platform/log.ts';
import { createForwardedReader, type TrustedHop } from '../http/forwarded.ts';
import type { CardPurpose, Handoffs } from './handoff.ts';
import type { CardVerifier } from './verify.ts';

/**
 * The card's host: handshake → checks → a one-shot hand-off → back to the provider; it serves nothing else.
 *
 * Nothing of one visit may serve the next, since a resumed TLS session or a kept connection would let who sits down
 * afterwards pass for the holder of the card: no tickets, no session cache, one request a connection, and a
 * resumed handshake is refused even if one came about.
 */

/** `/c/<attempt>`: the only address. */
const PATH = /^\/c\/([A-Za-z0-9_-]{43})$/;

export interface CardListenerOptions {
  verifier: CardVerifier;
  handoffs: Handoffs;
  /** Where the browser goes back to, by purpose; `handoff` is appended as a query parameter. */
  returnTo(purpose: CardPurpose, subject: string): string;
  /** Where who comes without a valid attempt is sent: an explanation on the provider's host. */
  lost: string;
  log: Log;
  hop?: TrustedHop;
}

const answer = (response: ServerResponse, status: number, headers: Record<string, string> = {}): void => {
  response.writeHead(status, {
    ...headers,
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
    'Content-Length': '0',
  });
  response.end();
};

/** The certificate that the other end of this very connection proved to own, if it did so in this handshake. */
const certificateOf = (socket: TLSSocket, log: Log): Buffer | undefined => {
  if (socket.isSessionReused()) {
    log.error('a resumed TLS session reached the card host: refused');
    return undefined;
  }
  return socket.getPeerX509Certificate()?.raw;
};

/** The request handler, the same behind our own TLS and behind a terminator. */
const createHandler = (
  options: CardListenerOptions,
  certificate: (request: IncomingMessage) => Buffer | undefined,
): ((request: IncomingMessage, response: ServerResponse) => void) => {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '/', 'https://card.invalid').pathname;
    const attemptId = PATH.exec(path)?.[1];
    if (request.method !== 'GET') return answer(response, 405, { Allow: 'GET' });
    if (attemptId === undefined) return answer(response, 404);
    const attempt = await options.handoffs.take(attemptId);
    if (!attempt) return answer(response, 303, { Location: options.lost });
    const outcome = await options.verifier.verify(certificate(request));
    const back = new URL(options.returnTo(attempt.purpose, attempt.subject));
    back.searchParams.set('handoff', await options.handoffs.give(attempt, outcome));
    answer(response, 303, { Location: back.href });
  };
  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      options.log.error({ err: error }, 'card host');
      if (!response.headersSent) answer(response, 303, { Location: options.lost });
      else response.destroy();
    });
  };
};

const limit = <S extends HttpServer>(server: S): S => {
  server.maxRequestsPerSocket = 1;
  server.keepAliveTimeout = 1;
  server.headersTimeout = 10_000;
  server.requestTimeout = 15_000;
  return server;
};

export interface TlsFiles {
  key: string | Buffer;
  cert: string | Buffer;
  /** PEM of the authorities whose certificates are asked for: their names are told to the browser. */
  authorities: readonly string[];
}

/** Reads the header of a terminator, and tells the log when it is not to be believed. */
const createReader = (hop: TrustedHop | undefined, log: Log) => {
  const read = createForwardedReader(hop);
  return (request: IncomingMessage): Buffer | undefined => {
    const forwarded = read(request);
    if (forwarded.kind === 'ignored') {
      log.warn(
        { why: forwarded.why, peer: request.socket.remoteAddress },
        'a forwarded certificate was ignored',
      );
    }
    return forwarded.kind === 'certificate' ? forwarded.der : undefined;
  };
};

/** The listener that ends TLS itself. Any certificate is let through the handshake: the checks are ours. */
export const createCardTlsServer = (options: CardListenerOptions, tls: TlsFiles): HttpServer => {
  const tellForged = createReader(undefined, options.log);
  return limit(
    createHttps(
      {
        key: tls.key,
        cert: tls.cert,
        ca: [...tls.authorities],
        requestCert: true,
        rejectUnauthorized: false,
        minVersion: 'TLSv1.2',
        secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
        sessionTimeout: 1,
        ALPNProtocols: ['http/1.1'],
        handshakeTimeout: 60_000,
      },
      createHandler(options, (request) => {
        tellForged(request);
        return certificateOf(request.socket as TLSSocket, options.log);
      }),
    ),
  );
};

/** The listener behind a TLS terminator (RFC 9440). */
export const createCardHopServer = (options: CardListenerOptions & { hop: TrustedHop }): HttpServer =>
  limit(createHttp(createHandler(options, createReader(options.hop, options.log))));
