import { X509Certificate, constants } from 'node:crypto';
import {
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  createServer as createHttp,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Config } from '../config.ts';
import { readConfigured } from '../config/files.ts';
import type { Log } from '../platform/log.ts';
import { createForwardedReader, type TrustedHop } from './forwarded.ts';
import { enter } from './service-certificate.ts';

/**
 * The services' own host: the same application behind an entrance that asks for a client certificate, or that believes
 * the one which an authenticated TLS terminator hands over. It answers the back-channel endpoints and nothing else.
 */

export interface MtlsOptions {
  /** CADUCEE_MTLS_ORIGIN. */
  origin: string;
  /** The application. */
  handler: RequestListener;
  /** The paths it answers. */
  serves(path: string): boolean;
  log: Log;
}

export interface MtlsTls {
  key: string | Buffer;
  cert: string | Buffer;
  /** PEM of the authorities whose names are told to the client. */
  authorities?: string;
}

const refuse = (response: ServerResponse, status: number, error: string): void => {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify({ error }));
};

const createListener = (
  options: MtlsOptions,
  certificateOf: (request: IncomingMessage) => X509Certificate | undefined,
): RequestListener => {
  const { host } = new URL(options.origin);
  return (request, response) => {
    if (request.headers.host?.toLowerCase() !== host) return refuse(response, 421, 'host_unknown');
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (!options.serves(path)) return refuse(response, 404, 'not_found');
    enter(request, certificateOf(request));
    options.handler(request, response);
  };
};

/** A certificate is read once a connection: a service keeps its connection for many requests. */
const perSocket = () => {
  const known = new WeakMap<TLSSocket, X509Certificate | undefined>();
  return (socket: TLSSocket): X509Certificate | undefined => {
    if (!known.has(socket)) {
      known.set(socket, socket.isSessionReused() ? undefined : socket.getPeerX509Certificate());
    }
    return known.get(socket);
  };
};

const limit = <S extends Server>(server: S): S => {
  server.headersTimeout = 10_000;
  server.requestTimeout = 15_000;
  server.keepAliveTimeout = 65_000;
  return server;
};

/**
 * The entrance that ends TLS itself. Any certificate passes the handshake; whose it is, is judged where the service is
 * known. Sessions are not resumed: each connection proves anew.
 */
export const createMtlsTlsServer = (options: MtlsOptions, tls: MtlsTls): Server => {
  const read = perSocket();
  const forged = createForwardedReader(undefined);
  const tell = (request: IncomingMessage): void => {
    const forwarded = forged(request);
    if (forwarded.kind === 'ignored') {
      options.log.warn(
        { why: forwarded.why, peer: request.socket.remoteAddress },
        'a forwarded certificate was ignored',
      );
    }
  };
  return limit(
    createHttps(
      {
        key: tls.key,
        cert: tls.cert,
        ...(tls.authorities === undefined ? {} : { ca: tls.authorities }),
        requestCert: true,
        rejectUnauthorized: false,
        minVersion: 'TLSv1.2',
        secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
        sessionTimeout: 1,
        ALPNProtocols: ['http/1.1'],
      },
      createListener(options, (request) => {
        tell(request);
        return read(request.socket as TLSSocket);
      }),
    ),
  );
};

const parse = (der: Buffer): X509Certificate | undefined => {
  try {
    const certificate = new X509Certificate(der);
    return certificate.raw.length === der.length ? certificate : undefined;
  } catch {
    return undefined;
  }
};

/** The entrance behind a TLS terminator (RFC 9440). */
export const createMtlsHopServer = (options: MtlsOptions & { hop: TrustedHop }): Server => {
  const read = createForwardedReader(options.hop);
  return limit(
    createHttp(
      createListener(options, (request) => {
        const forwarded = read(request);
        const certificate = forwarded.kind === 'certificate' ? parse(forwarded.der) : undefined;
        if (forwarded.kind !== 'none' && certificate === undefined) {
          const why = forwarded.kind === 'ignored' ? forwarded.why : 'malformed';
          options.log.warn(
            { why, peer: request.socket.remoteAddress },
            'a forwarded certificate was ignored',
          );
        }
        return certificate;
      }),
    ),
  );
};

/** The entrance that the configuration describes, not yet listening. */
export const createMtlsServer = (config: Config, options: MtlsOptions): Server => {
  const { mtlsTlsKeyFile: key, mtlsTlsCertFile: cert, mtlsTrustFile: trust } = config;
  if (key === undefined || cert === undefined) {
    const hop = { addresses: config.mtlsHopAddresses, secret: config.mtlsHopSecret ?? '', unixSocket: false };
    return createMtlsHopServer({ ...options, hop });
  }
  return createMtlsTlsServer(options, {
    key: readConfigured('CADUCEE_MTLS_TLS_KEY_FILE', key),
    cert: readConfigured('CADUCEE_MTLS_TLS_CERT_FILE', cert),
    ...(trust === undefined ? {} : { authorities: readConfigured('CADUCEE_MTLS_TRUST_FILE', trust) }),
  });
};
