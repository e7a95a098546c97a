import type { Client, Provider } from 'oidc-provider';
import { isLoopbackUrl } from '../clients/schema.ts';
import { isSecretOf } from '../clients/service.ts';

/** What our relying parties have beyond the library's metadata. */
export interface OwnClientMetadata {
  secret_hashes?: string[];
  require_pkce?: boolean;
  introspect_any?: boolean;
  access_token_format?: 'jwt' | 'opaque';
  loopback_redirects?: boolean;
}

/** Our own metadata of a client. */
export const own = (client: Client): OwnClientMetadata => client as OwnClientMetadata;

/** Secrets by their hashes, `sid` for every service, and the sandbox's addresses. */
export const adaptClient = (provider: Provider, loopbackRedirects: boolean): void => {
  const { prototype } = provider.Client;
  const { redirectUriAllowed, postLogoutRedirectUriAllowed } = prototype;
  const anyLoopback = (client: Client, uri: string): boolean =>
    loopbackRedirects && own(client).loopback_redirects === true && isLoopbackUrl(uri) && !uri.includes('#');

  prototype.includeSid = () => true;
  prototype.compareClientSecret = function (actual) {
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
