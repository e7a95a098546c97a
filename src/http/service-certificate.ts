import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { attached } from '../platform/attached.ts';

/** What the services' own host (src/http/mtls.ts) knows of a request, for whoever answers it. */

const entered = attached<IncomingMessage, { certificate: X509Certificate | undefined }>('came by mTLS');

/** For the entrance: this request came by it, with or without a certificate. */
export const enter = (request: IncomingMessage, certificate: X509Certificate | undefined): void => {
  entered.set(request, { certificate });
};

/** True for a request on the services' own host. */
export const cameByMtls = ({ req }: { req: IncomingMessage }): boolean => entered.get(req) !== undefined;

/** The certificate that the other end proved to own; undefined without one, and on every other host. */
export const clientCertificateOf = ({ req }: { req: IncomingMessage }): X509Certificate | undefined =>
  entered.get(req)?.certificate;
