import { isIP } from 'node:net';
import * as z from 'zod';
import { parseName } from '../platform/distinguished-name.ts';

/** How a relying party proves who it is, and to what its tokens are bound: the names of the RFCs, and their rules. */

export const AUTH_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
  'none',
] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

/** Signatures of assertions and request objects. A shared secret signs nothing here, and nothing is unsigned. */
export const CLIENT_ALGORITHMS = ['ES256', 'PS256', 'RS256', 'EdDSA', 'ES384', 'PS384'] as const;
/** Those of FAPI 2.0. */
export const FAPI_ALGORITHMS: readonly string[] = ['ES256', 'PS256', 'EdDSA'];
/** Signatures of DPoP proofs. */
export const DPOP_ALGORITHMS = ['ES256', 'PS256', 'EdDSA', 'ES384'] as const;

export const usesSecret = (method: AuthMethod): boolean =>
  method === 'client_secret_basic' || method === 'client_secret_post';
export const usesCertificate = (method: AuthMethod): boolean =>
  method === 'tls_client_auth' || method === 'self_signed_tls_client_auth';
const usesKeys = (method: AuthMethod): boolean =>
  method === 'private_key_jwt' || method === 'self_signed_tls_client_auth';

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
const CURVES = ['P-256', 'P-384', 'P-521', 'Ed25519'];
const MODULUS_BYTES = 256;

/** What is wrong with a public key, or undefined. */
const keyProblem = (key: Readonly<Record<string, unknown>>): string | undefined => {
  if (PRIVATE.some((name) => key[name] !== undefined)) {
    return 'must be a public key: it holds a secret part, which is now to be thrown away';
  }
  const has = (...names: string[]) => names.every((name) => typeof key[name] === 'string');
  if (key['kty'] === 'RSA' && has('n', 'e')) {
    const bytes = Buffer.from(String(key['n']), 'base64url').length;
    return bytes < MODULUS_BYTES ? 'must have at least 2048 bits' : undefined;
  }
  const known = CURVES.includes(String(key['crv']));
  if (key['kty'] === 'EC' && has('crv', 'x', 'y') && known) return undefined;
  if (key['kty'] === 'OKP' && has('crv', 'x') && known) return undefined;
  return `must be an RSA key, or one on the curves ${CURVES.join(', ')}`;
};

const jwk = z.record(z.string(), z.unknown()).superRefine((key, context) => {
  const problem = keyProblem(key);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

/** The fields, to be spread into the schema of a relying party. `webUrl` is what it takes for an address. */
export const credentialFields = (webUrl: z.ZodType<string, string>) => ({
  token_endpoint_auth_method: oneOf(AUTH_METHODS).default('client_secret_basic'),
  /** Of `private_key_jwt`; by default any of those there are. */
  token_endpoint_auth_signing_alg: oneOf(CLIENT_ALGORITHMS).optional(),
  jwks: z
    .strictObject(
      { keys: z.array(jwk).min(1, { error: 'must hold at least one key' }) },
      {
        error: 'must be a JSON Web Key Set: {"keys": […]}',
      },
    )
    .optional(),
  jwks_uri: webUrl.optional(),
  tls_client_auth_subject_dn: z
    .string()
    .refine((value) => parseName(value) !== undefined, {
      error: 'must be a distinguished name as RFC 4514 writes it (CN=api,O=Exemple,C=FR)',
    })
    .optional(),
  tls_client_auth_san_dns: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/i, { error: 'must be a host name, without wildcard' })
    .optional(),
  tls_client_auth_san_uri: z
    .string()
    .refine((value) => URL.canParse(value), { error: 'must be a URI' })
    .optional(),
  tls_client_auth_san_ip: z
    .string()
    .refine((value) => isIP(value) !== 0, { error: 'must be an IP address' })
    .optional(),
  tls_client_auth_san_email: z
    .string()
    .regex(/^[^\s@,]+@[^\s@,]+$/, { error: 'must be an e-mail address' })
    .optional(),
  tls_client_certificate_bound_access_tokens: z.boolean().optional(),
  dpop_bound_access_tokens: z.boolean().optional(),
  require_pushed_authorization_requests: z.boolean().optional(),
  require_signed_request_object: z.boolean().optional(),
  request_object_signing_alg: oneOf(CLIENT_ALGORITHMS).optional(),
  /** Ours: a service of the "espace de confiance": its certificate is required at every back-channel endpoint. */
  trusted_space: z.boolean().default(false),
  /** Ours: held to the FAPI 2.0 security profile. */
  fapi_profile: oneOf(['2.0']).optional(),
});

/** What the rules below look at. */
export interface Credentials {
  token_endpoint_auth_method: AuthMethod;
  token_endpoint_auth_signing_alg?: string | undefined;
  jwks?: unknown;
  jwks_uri?: string | undefined;
  tls_client_auth_subject_dn?: string | undefined;
  tls_client_auth_san_dns?: string | undefined;
  tls_client_auth_san_uri?: string | undefined;
  tls_client_auth_san_ip?: string | undefined;
  tls_client_auth_san_email?: string | undefined;
  tls_client_certificate_bound_access_tokens?: boolean | undefined;
  dpop_bound_access_tokens?: boolean | undefined;
  require_pushed_authorization_requests?: boolean | undefined;
  require_signed_request_object?: boolean | undefined;
  request_object_signing_alg?: string | undefined;
  id_token_signed_response_alg: string;
  /** Switches of src/clients/compatibility.ts. */
  compatibility: readonly string[];
  trusted_space: boolean;
  fapi_profile?: string | undefined;
}

type Issue = (path: string, message: string) => void;

/** Ways to name the certificate of `tls_client_auth`. */
export const CERTIFICATE_NAMES = [
  'tls_client_auth_subject_dn',
  'tls_client_auth_san_dns',
  'tls_client_auth_san_uri',
  'tls_client_auth_san_ip',
  'tls_client_auth_san_email',
] as const;

const checkKeys = (value: Credentials, issue: Issue): void => {
  const method = value.token_endpoint_auth_method;
  if (value.jwks !== undefined && value.jwks_uri !== undefined) {
    issue('jwks_uri', 'must not stand beside jwks: choose one');
  }
  const keys = value.jwks !== undefined || value.jwks_uri !== undefined;
  const signs =
    value.require_signed_request_object === true || value.request_object_signing_alg !== undefined;
  if (!keys && (usesKeys(method) || signs)) {
    const why = usesKeys(method) ? `token_endpoint_auth_method: ${method}` : 'signed request objects';
    issue('jwks', `or jwks_uri is needed for ${why}`);
  }
  if (value.token_endpoint_auth_signing_alg !== undefined && method !== 'private_key_jwt') {
    issue(
      'token_endpoint_auth_signing_alg',
      'means nothing without token_endpoint_auth_method: private_key_jwt',
    );
  }
};

const checkCertificate = (value: Credentials, issue: Issue): void => {
  const method = value.token_endpoint_auth_method;
  const names = CERTIFICATE_NAMES.filter((name) => value[name] !== undefined);
  if (method === 'tls_client_auth' && names.length !== 1) {
    issue(
      'token_endpoint_auth_method',
      `tls_client_auth needs exactly one of ${CERTIFICATE_NAMES.join(', ')}`,
    );
  }
  if (method !== 'tls_client_auth') {
    for (const name of names)
      issue(name, 'means nothing without token_endpoint_auth_method: tls_client_auth');
  }
  if (value.tls_client_certificate_bound_access_tokens === true && value.dpop_bound_access_tokens === true) {
    issue('dpop_bound_access_tokens', 'must not be true beside tls_client_certificate_bound_access_tokens');
  }
  if (value.trusted_space && value.tls_client_certificate_bound_access_tokens === false) {
    issue('tls_client_certificate_bound_access_tokens', 'must not be false with trusted_space');
  }
  if (value.trusted_space && value.dpop_bound_access_tokens === true) {
    issue('dpop_bound_access_tokens', 'must not be true with trusted_space: the certificate binds');
  }
  if (value.trusted_space && !usesCertificate(method)) {
    issue(
      'trusted_space',
      'needs token_endpoint_auth_method: tls_client_auth or self_signed_tls_client_auth',
    );
  }
};

const checkFapi = (value: Credentials, issue: Issue): void => {
  if (value.fapi_profile === undefined) return;
  const method = value.token_endpoint_auth_method;
  const need = (met: boolean, path: string, message: string): void => {
    if (!met) issue(path, `${message} (fapi_profile: ${value.fapi_profile})`);
  };
  need(
    method === 'private_key_jwt' || usesCertificate(method),
    'token_endpoint_auth_method',
    'must be private_key_jwt, tls_client_auth or self_signed_tls_client_auth',
  );
  need(
    value.require_pushed_authorization_requests === true,
    'require_pushed_authorization_requests',
    'must be true',
  );
  need(value.compatibility.length === 0, 'compatibility', 'must be empty');
  need(
    value.dpop_bound_access_tokens === true || value.tls_client_certificate_bound_access_tokens === true,
    'dpop_bound_access_tokens',
    'or tls_client_certificate_bound_access_tokens must be true',
  );
  for (const name of [
    'id_token_signed_response_alg',
    'token_endpoint_auth_signing_alg',
    'request_object_signing_alg',
  ] as const) {
    const algorithm = value[name];
    need(
      algorithm === undefined || FAPI_ALGORITHMS.includes(algorithm),
      name,
      `must be one of ${FAPI_ALGORITHMS.join(', ')}`,
    );
  }
};

/** Tells every combination that would not work, or would be weaker than it looks. */
export const checkCredentials = (value: Credentials, issue: Issue): void => {
  checkKeys(value, issue);
  checkCertificate(value, issue);
  checkFapi(value, issue);
};
