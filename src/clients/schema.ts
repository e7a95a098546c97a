import * as z from 'zod';
import { checkCredentials, CLIENT_ALGORITHMS, credentialFields } from './credentials.ts';
import { COMPATIBILITY_NAMES } from './compatibility.ts';

/**
 * A relying party as configuration. The names are those of OpenID Connect Dynamic Client Registration; what Caducée
 * adds stands at the end.
 */

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

const isLoopback = (url: URL): boolean => LOOPBACK.includes(url.hostname);

/** True for an http address that never leaves the machine, whatever its port and path. */
export const isLoopbackUrl = (value: string): boolean => {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return ['http:', 'https:'].includes(url.protocol) && isLoopback(url) && !url.username && !url.password;
};

const webUrl = z.string().refine(
  (value) => {
    if (!URL.canParse(value)) return false;
    const { protocol } = new URL(value);
    return protocol === 'https:' || (protocol === 'http:' && isLoopbackUrl(value));
  },
  { error: 'must be an https URL (http only on loopback)' },
);

const redirect = z
  .string()
  .refine((value) => URL.canParse(value), { error: 'must be an absolute URL' })
  .refine((value) => !URL.canParse(value) || !new URL(value).hash, { error: 'must not have a fragment' })
  .refine((value) => !value.includes('*'), { error: 'must be exact: no wildcard' })
  .refine(
    (value) => {
      if (!URL.canParse(value)) return true;
      const { protocol } = new URL(value);
      if (protocol === 'http:') return isLoopbackUrl(value);
      // An application's own scheme carries a dot (RFC 8252, 7.1), which also excludes javascript: and data:.
      return protocol === 'https:' || protocol.includes('.');
    },
    {
      error:
        'must be https, http on loopback, or an application’s own scheme in reverse domain form (fr.example.app:)',
    },
  );

/** The scopes there are; src/oidc/claims.ts says what each releases. */
export const SCOPES = ['openid', 'profile', 'identity', 'scope_all'] as const;

const originOf = (uri: string): string | undefined => (URL.canParse(uri) ? new URL(uri).origin : undefined);

const hasOriginOf = (uri: string, others: readonly string[]): boolean =>
  others.some((other) => originOf(other) === originOf(uri));

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });

/** What a client_id may be; anything else names nobody. */
export const CLIENT_ID = /^[A-Za-z0-9._-]{1,100}$/;

/** How a service may obtain tokens. */
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
export const CIBA = 'urn:openid:params:grant-type:ciba';
export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  DEVICE_CODE,
  TOKEN_EXCHANGE,
  CIBA,
] as const;

interface CibaDeclaration {
  grant_types: readonly string[];
  token_endpoint_auth_method?: string | undefined;
  backchannel_token_delivery_mode?: string | undefined;
  backchannel_client_notification_endpoint?: string | undefined;
  backchannel_authentication_request_signing_alg?: string | undefined;
  jwks?: unknown;
  jwks_uri?: string | undefined;
}

const checkCiba = (value: CibaDeclaration, issue: (path: string, message: string) => void): void => {
  const mode = value.backchannel_token_delivery_mode;
  const asks = value.grant_types.includes(CIBA);
  if (asks !== (mode !== undefined)) {
    issue('backchannel_token_delivery_mode', `and grant_types ${CIBA} need one another`);
  }
  if (asks && value.token_endpoint_auth_method === 'none') {
    issue('grant_types', `must not contain ${CIBA} for a public client`);
  }
  const keys = value.jwks !== undefined || value.jwks_uri !== undefined;
  if (value.backchannel_authentication_request_signing_alg !== undefined && !(asks && keys)) {
    issue(
      'backchannel_authentication_request_signing_alg',
      `needs grant_types ${CIBA}, and jwks or jwks_uri`,
    );
  }
  if ((mode === 'ping') !== (value.backchannel_client_notification_endpoint !== undefined)) {
    issue(
      'backchannel_client_notification_endpoint',
      'and backchannel_token_delivery_mode ping need one another',
    );
  }
};

/** Everything a relying party may declare, with its defaults. An unknown name is an error. */
export const clientSchema = z
  .strictObject({
    client_id: z.string().regex(CLIENT_ID, {
      error: 'must be 1 to 100 letters, digits, dots, hyphens or underscores',
    }),
    client_name: z
      .string()
      .min(1, { error: 'must not be empty' })
      .max(100, { error: 'must be at most 100 characters' }),
    client_uri: webUrl.optional(),
    logo_uri: webUrl.optional(),
    policy_uri: webUrl.optional(),
    tos_uri: webUrl.optional(),
    contacts: z.array(z.string()).optional(),
    application_type: oneOf(['web', 'native']).default('web'),
    /** Empty for who never signs people in by a browser: an API, a device. */
    redirect_uris: z.array(redirect).default([]),
    post_logout_redirect_uris: z.array(redirect).default([]),
    response_types: z.array(oneOf(['code'])).optional(),
    grant_types: z.array(oneOf(GRANT_TYPES)).default(['authorization_code', 'refresh_token']),
    ...credentialFields(webUrl),
    id_token_signed_response_alg: oneOf(['RS256', 'ES256']).default('RS256'),
    scope: z
      .string()
      .refine((value) => value.split(' ').every((scope) => (SCOPES as readonly string[]).includes(scope)), {
        error: `must be scopes separated by single spaces, among ${SCOPES.join(', ')}`,
      })
      .default('openid scope_all'),
    default_max_age: z.int().min(0).optional(),
    default_acr_values: z.array(z.string()).optional(),
    backchannel_logout_uri: webUrl.optional(),
    backchannel_logout_session_required: z.boolean().optional(),
    frontchannel_logout_uri: webUrl.optional(),
    frontchannel_logout_session_required: z.boolean().optional(),
    /** CIBA: how the service hears that the person answered. */
    backchannel_token_delivery_mode: oneOf(['poll', 'ping']).optional(),
    backchannel_client_notification_endpoint: webUrl.optional(),
    backchannel_authentication_request_signing_alg: oneOf(CLIENT_ALGORITHMS).optional(),
    userinfo_signed_response_alg: oneOf(['RS256', 'ES256']).optional(),
    /** Ours: what an older service needs; src/clients/compatibility.ts explains each. */
    compatibility: z.array(oneOf(COMPATIBILITY_NAMES)).default([]),
    /** Ours: the registered APIs (their client_id) for which it may exchange a person's token (RFC 8693). */
    token_exchange_audiences: z.array(z.string().regex(CLIENT_ID)).default([]),
    /** Ours: may introspect the tokens of every service (the "espace de confiance"), not its own only. */
    introspect_any: z.boolean().default(false),
    /** Ours: `jwt` as Pro Santé Connect, or `opaque`. */
    access_token_format: oneOf(['jwt', 'opaque']).default('jwt'),
    /** Ours, sandbox only: any redirect address on this machine is accepted. */
    loopback_redirects: z.boolean().default(false),
  })
  .check(({ value, issues }) => {
    const issue = (path: string, message: string) =>
      issues.push({ code: 'custom', path: [path], message, input: value });
    const publicClient = value.token_endpoint_auth_method === 'none';
    if (publicClient && value.compatibility.includes('pkce_optional')) {
      issue(
        'compatibility',
        'must not contain pkce_optional for a public client (token_endpoint_auth_method: none)',
      );
    }
    if (publicClient && value.introspect_any) {
      issue('introspect_any', 'must not be true for a public client: introspection needs a secret');
    }
    checkCredentials(value, issue);
    if (!value.scope.split(' ').includes('openid')) issue('scope', 'must contain openid');
    const byBrowser = value.grant_types.includes('authorization_code');
    if (byBrowser && value.redirect_uris.length === 0)
      issue('redirect_uris', 'must list at least one address');
    if (!byBrowser && value.redirect_uris.length > 0)
      issue('redirect_uris', 'need grant_types to contain authorization_code');
    if (!byBrowser && value.response_types?.length)
      issue('response_types', 'need grant_types to contain authorization_code');
    const exchanges = value.grant_types.includes(TOKEN_EXCHANGE);
    if (exchanges !== value.token_exchange_audiences.length > 0) {
      issue('token_exchange_audiences', `and grant_types ${TOKEN_EXCHANGE} need one another`);
    }
    if (exchanges && !value.trusted_space) {
      issue('grant_types', `contain ${TOKEN_EXCHANGE} only with trusted_space: true`);
    }
    checkCiba(value, issue);
    if (value.backchannel_logout_session_required && value.backchannel_logout_uri === undefined) {
      issue('backchannel_logout_session_required', 'needs backchannel_logout_uri');
    }
    if (value.frontchannel_logout_session_required && value.frontchannel_logout_uri === undefined) {
      issue('frontchannel_logout_session_required', 'needs frontchannel_logout_uri');
    }
    // OpenID Connect Front-Channel Logout 1.0, 2: what ends in a service's name is at a service's own address.
    if (
      value.frontchannel_logout_uri !== undefined &&
      !hasOriginOf(value.frontchannel_logout_uri, value.redirect_uris)
    ) {
      issue('frontchannel_logout_uri', 'must be at the origin of one of redirect_uris');
    }
  });

/** A valid relying party, defaults filled in. */
export type ClientMetadata = z.output<typeof clientSchema>;
/** As it is written in a file. */
export type ClientDeclaration = z.input<typeof clientSchema>;

/** The names that are ours, not OpenID Connect's. */
export const OWN_METADATA = [
  'frontchannel_logout_uri',
  'frontchannel_logout_session_required',
  'compatibility',
  'token_exchange_audiences',
  'introspect_any',
  'access_token_format',
  'loopback_redirects',
  'trusted_space',
  'fapi_profile',
] as const satisfies readonly (keyof ClientMetadata)[];

/** Validates one declaration: the metadata, or every problem, each with the name it is about. */
export const parseClient = (
  declaration: unknown,
): { ok: true; metadata: ClientMetadata } | { ok: false; problems: string[] } => {
  const result = clientSchema.safeParse(declaration);
  if (result.success) return { ok: true, metadata: result.data };
  return { ok: false, problems: result.error.issues.flatMap(describe) };
};

const describe = (issue: z.core.$ZodIssue): string[] => {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${key} is not a name that a relying party can have`);
  }
  const path = issue.path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index ? '.' : ''}${String(part)}`))
    .join('');
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  return [`${path || 'the declaration'} ${missing ? 'is missing' : issue.message}`];
};
