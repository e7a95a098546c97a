import { isIP } from 'node:net';

/**
 * A push subscription's address is chosen by the phone, and this server posts to it: it must not become a way into
 * the operator's network (src/platform/outgoing.ts).
 */

export { createPublicAgent, isPublicAddress } from '../platform/outgoing.ts';

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
