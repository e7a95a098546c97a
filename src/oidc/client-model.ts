import { errors, Provider, type Client } from 'oidc-provider';
import type { Compatibility } from '../clients/compatibility.ts';
import { isLoopbackUrl } from '../clients/schema.ts';
import { isSecretOf } from '../clients/service.ts';
import { noted } from './request-notes.ts';

/** What our relying parties have beyond the library's metadata. */
export interface OwnClientMetadata {
  secret_hashes?: string[];
  /** Those that ended not long ago, to explain their use. */
  ended_secret_hashes?: string[];
  compatibility?: Compatibility[];
  token_exchange_audiences?: string[];
  introspect_any?: boolean;
  trusted_space?: boolean;
  fapi_profile?: '2.0';
  access_token_format?: 'jwt' | 'opaque';
  loopback_redirects?: boolean;
  frontchannel_logout_uri?: string;
}

/** Our own metadata of a client. */
export const own = (client: Client): OwnClientMetadata => client as OwnClientMetadata;

/** Whether a client's registration asks for this compatibility. */
export const allows = (client: Client | undefined, what: Compatibility): boolean =>
  client !== undefined && own(client).compatibility?.includes(what) === true;

/** A secret that was sent twice, by Basic and in the body, is refused to who may not. */
const checkSentOnce = (client: Client): void => {
  const ctx = Provider.ctx;
  if (ctx && noted(ctx, 'secret dropped') && !allows(client, 'secret_sent_twice')) {
    throw new errors.InvalidRequest('client authentication must only be provided using one mechanism');
  }
};

/** Secrets by their hashes, `sid` for every service, and the sandbox's addresses. */
export const adaptClient = (provider: Provider, loopbackRedirects: boolean): void => {
  const { prototype } = provider.Client;
  const { redirectUriAllowed, postLogoutRedirectUriAllowed } = prototype;
  const anyLoopback = (client: Client, uri: string): boolean =>
    loopbackRedirects && own(client).loopback_redirects === true && isLoopbackUrl(uri) && !uri.includes('#');

  prototype.includeSid = () => true;
  prototype.compareClientSecret = function (actual) {
    checkSentOnce(this);
    const hashes = own(this).secret_hashes ?? [];
    return isSecretOf({ secretHashes: hashes.map((hash) => Buffer.from(hash, 'base64url')) }, actual);
  };
  prototype.redirectUriAllowed = function (uri) {
    return redirectUriAllowed.call(this, uri) || anyLoopback(this, uri);
  };
  prototype.postLogoutRedirectUriAllowed = function (uri) {
    return postLogoutRedirectUriAllowed.call(this, uri) || anyLoopback(this, uri);
  };
};
