/**
 * What today's services of Pro Santé Connect need and best practice does without. Each is off unless the service's
 * registration lists it in `compatibility`; `caducee clients show` and docs/relying-party.md say it in these words.
 */
export const COMPATIBILITY = {
  pkce_optional: {
    doc: 'Signs in without PKCE. A code_challenge that is sent is checked all the same.',
    who: 'services written for Pro Santé Connect, which does not ask for it',
  },
  nonce_optional: {
    doc: 'Signs in without nonce.',
    who: 'libraries that take PKCE for enough (openid-client unless told)',
  },
  scope_all_alone: {
    doc: 'scope=scope_all counts as openid scope_all.',
    who: 'services that copied the scope from the reference text',
  },
  secret_sent_twice: {
    doc: 'The secret is sent by Basic and in the body too; equal, they count as one.',
    who: 'services whose HTTP library does both',
  },
  any_acr: {
    doc: 'acr_values may name levels only that no means of ours reaches (eidas2, eidas3); the acr given is the true one.',
    who: 'omniauth-pro-sante-connect (eidas2); services that ask for the card’s old level (eidas3)',
  },
  claims_in_id_token: {
    doc: 'The ID token carries all that userinfo says.',
    who: 'services that read the ID token and never call userinfo (Keycloak’s connector, the e-santé proxy)',
  },
  refresh_token_jwt: {
    doc: 'Refresh tokens are signed JWTs as Keycloak’s, with exp to read.',
    who: 'services that decode their refresh token',
  },
  older_claim_names: {
    doc: 'Claims are given in their older spelling too: otherIDs beside otherIds.',
    who: 'services written when it was spelled so',
  },
  older_refresh_tokens: {
    doc: 'Older refresh tokens stay valid until they expire, as Keycloak’s do; a thief’s use of one is then not noticed.',
    who: 'services whose several workers refresh at the same moment',
  },
} as const satisfies Record<string, { doc: string; who: string }>;

/** A compatibility switch. */
export type Compatibility = keyof typeof COMPATIBILITY;

/** Their names, in the order they are told. */
export const COMPATIBILITY_NAMES = Object.keys(COMPATIBILITY) as [Compatibility, ...Compatibility[]];
