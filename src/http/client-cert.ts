import type { IncomingMessage } from 'node:http';
import type { Middleware } from 'koa';
import type { Log } from '../platform/log.ts';
import { cameByMtls } from './service-certificate.ts';

/** Names under which a terminator hands over a client's certificate, or someone pretends to be one. */
const CLAIM = /^(x[-_])?(ssl[-_])?client[-_]cert$/i;

/** True for `Client-Cert` (RFC 9440) and for what resembles it: other casing, underscores, the older X-SSL-… names. */
export const claimsCertificate = (name: string): boolean => CLAIM.test(name);

/** Whether a header of this request claims to be a certificate; of all but a few the length says that they do not. */
export const hasClaim = ({ headers }: IncomingMessage): boolean => {
  for (const name in headers) if (name.length > 9 && claimsCertificate(name)) return true;
  return false;
};

/** The names of a request's headers, as they were sent. */
export const sentNames = (request: IncomingMessage): string[] =>
  request.rawHeaders.filter((_text, index) => index % 2 === 0);

/**
 * Tells the log of a certificate in a header, on a host where none is ever believed: a forger at work, or a terminator
 * that passes on what clients send. The request goes on as if it were not there.
 */
export const tellClientCertificates =
  (log: Log): Middleware =>
  ({ req }, next) => {
    const header = hasClaim(req) ? sentNames(req).find(claimsCertificate) : undefined;
    if (header !== undefined && !cameByMtls({ req })) {
      log.warn(
        { why: 'other_host', header, peer: req.socket.remoteAddress },
        'a forwarded certificate was ignored',
      );
    }
    return next();
  };
