import { AUTH_METHODS, usesSecret } from './credentials.ts';
import type { Failure, FailureFacts } from './failures.ts';
import type { Client } from './service.ts';

/**
 * What may have gone wrong in a service's request, cause by cause: how it is recognised, what is told of it, what to do. The
 * words that are looked for are the library's; test/http/oidc-clients-operated.test.ts says that they still are.
 */

export interface Diagnosis {
  /** Names the cause; the same cause is told once. */
  cause: string;
  /** What happened. */
  what: string;
  /** Facts of this very case. */
  facts: string[];
  fix: string;
}

type Registration = Client['metadata'];
export interface Case {
  failure: Failure;
  facts: FailureFacts;
  /** Everything that is said of it, to recognise it by. */
  words: string;
  client: Client;
  metadata: Registration;
  acrs: readonly string[];
}

/** One kind of cause: recognises it, or leaves it to the next. */
export type Rule = (examined: Case) => Diagnosis | undefined;

/** In what two addresses differ, in the words of who has to change one. */
export const addressDifference = (sent: string, registered: string): string | undefined => {
  if (sent === registered) return undefined;
  if (sent.replace(/\/$/, '') === registered.replace(/\/$/, '')) return 'they differ by a slash at the end';
  if (sent.toLowerCase() === registered.toLowerCase()) return 'they differ by capitals';
  if (!URL.canParse(sent) || !URL.canParse(registered)) return undefined;
  const [a, b] = [new URL(sent), new URL(registered)];
  const parts = (['protocol', 'hostname', 'port', 'pathname', 'search'] as const).filter(
    (part) => a[part] !== b[part],
  );
  if (parts.length === 0) return 'they are written differently (encoding, default port)';
  const names = { protocol: 'scheme', hostname: 'host', port: 'port', pathname: 'path', search: 'query' };
  return parts.length <= 2
    ? `they differ by the ${parts.map((part) => names[part]).join(' and the ')}`
    : undefined;
};

/** The registered address that resembles most what was sent: the one that differs in the fewest parts. */
const nearest = (sent: string, registered: readonly string[]): string | undefined => {
  const distance = (other: string): number => {
    const length = Math.max(sent.length, other.length);
    let same = 0;
    while (same < length && sent[same] === other[same]) same += 1;
    return length - same;
  };
  return registered.toSorted((one, other) => distance(one) - distance(other))[0];
};

const address = (sent: string, registered: readonly string[], name: string): Diagnosis => {
  if (registered.includes(sent)) {
    return {
      cause: `${name} registered since`,
      what: `The ${name} was not registered then; it is now.`,
      facts: [`sent: ${sent}`],
      fix: 'Nothing: try again.',
    };
  }
  const near = nearest(sent, registered);
  const difference = near === undefined ? undefined : addressDifference(sent, near);
  return {
    cause: `${name} ${sent}`,
    what: `The ${name} is not registered, character by character${difference ? `: ${difference}` : ''}.`,
    facts: [`sent:       ${sent}`, ...registered.map((one) => `registered: ${one}`)],
    fix: `Send a registered address, or add the one that is sent to ${name}s and apply.`,
  };
};

const redirect: Rule = ({ failure, facts, words, metadata }) => {
  if (facts.postLogoutRedirectUri !== undefined && /post_logout_redirect_uri/.test(words)) {
    return address(
      facts.postLogoutRedirectUri,
      metadata.post_logout_redirect_uris,
      'post_logout_redirect_uri',
    );
  }
  const unknown =
    failure.error === 'invalid_redirect_uri' ||
    /redirect_uri.*(registered|mismatch|did not match)/.test(words);
  if (!unknown || facts.redirectUri === undefined) return undefined;
  if (/authorization code redirect_uri mismatch/.test(words)) {
    return {
      cause: 'redirect_uri of the code',
      what: 'The code was asked for with another redirect_uri than the one it was exchanged with.',
      facts: [`sent with the code: ${facts.redirectUri}`],
      fix: 'Send the same redirect_uri in both requests, character by character.',
    };
  }
  return address(facts.redirectUri, metadata.redirect_uris, 'redirect_uri');
};

const seconds = (value: number): string => `${Math.abs(Math.round(value))} s`;

const clock: Rule = ({ facts, words }) => {
  const ahead = facts.clockAhead;
  const off = ahead !== undefined && Math.abs(ahead) > 30;
  if (!/expired|not active yet|issued in the future|iat is not recent|nonce/.test(words)) return undefined;
  if (off) {
    return {
      cause: ahead > 0 ? 'clock ahead' : 'clock late',
      what: `The service's clock is ${seconds(ahead)} ${ahead > 0 ? 'ahead' : 'late'}.`,
      facts: [],
      fix: 'Synchronise it (NTP); what it signs is refused outside of its time.',
    };
  }
  if (facts.expiredFor === undefined || facts.expiredFor < 0) return undefined;
  return {
    cause: 'signed text kept too long',
    what: `What the service signed had expired ${seconds(facts.expiredFor)} before.`,
    facts: [],
    fix: 'Sign anew for each request, with exp a minute ahead; do not keep assertions, proofs or request objects.',
  };
};

const nonceAsked: Rule = ({ failure }) =>
  failure.error === 'use_dpop_nonce'
    ? {
        cause: 'DPoP nonce',
        what: 'The DPoP proof had no nonce, or an old one, where one was asked for.',
        facts: [],
        fix: 'Take the nonce of the answer’s DPoP-Nonce header into the proof and send the request again.',
      }
    : undefined;

const pkce: Rule = ({ facts, words, metadata }) => {
  if (/code_verifier/.test(words) || /PKCE verification failed/i.test(words)) {
    return facts.verifierSent === false
      ? {
          cause: 'code_verifier missing',
          what: 'code_verifier is missing: the code was asked for with a code_challenge.',
          facts: [],
          fix: 'Keep the verifier beside state, bound to the browser, and send it with the code.',
        }
      : {
          cause: 'code_verifier differs',
          what: 'code_verifier is not the one of the code_challenge.',
          facts: [],
          fix: 'One verifier for each sign-in: two tabs must not share one. code_challenge is BASE64URL(SHA256(code_verifier)), without padding.',
        };
  }
  if (!/PKCE|code_challenge/.test(words)) return undefined;
  return {
    cause: 'PKCE missing',
    what: 'PKCE is required of this service, and no S256 code_challenge came.',
    facts: [`public client: ${metadata.token_endpoint_auth_method === 'none' ? 'yes' : 'no'}`],
    fix: 'Send code_challenge and code_challenge_method=S256. A confidential service that cannot: compatibility: ["pkce_optional"].',
  };
};

const nonce: Rule = ({ words }) =>
  /nonce is required/.test(words)
    ? {
        cause: 'nonce missing',
        what: 'The request had no nonce.',
        facts: [],
        fix: 'Send a random nonce and check it in the ID token. A service that cannot: compatibility: ["nonce_optional"].',
      }
    : undefined;

const acr: Rule = ({ failure, facts, words, acrs }) => {
  const about = failure.error === 'unmet_authentication_requirements' || /acr/.test(words);
  if (!about) return undefined;
  return {
    cause: 'acr not handled',
    what: 'acr_values names no level that a means of sign-in here reaches.',
    facts: [
      ...(facts.acrValues === undefined ? [] : [`asked: ${facts.acrValues}`]),
      ...(acrs.length === 0 ? [] : [`handled: ${acrs.join(', ')}`]),
    ],
    fix: 'Ask for a level that is handled (eidas1), and read in the ID token the one that was reached. A service that cannot: compatibility: ["any_acr"].',
  };
};

const scope: Rule = ({ failure, facts, words }) => {
  if (failure.error !== 'invalid_scope' && !/openid scope must be requested/.test(words)) return undefined;
  return {
    cause: 'scope',
    what: 'The scope is not one this service may ask for.',
    facts: facts.scope === undefined ? [] : [`asked: ${facts.scope}`],
    fix: 'Ask for openid scope_all. A service that asks for scope_all alone: compatibility: ["scope_all_alone"].',
  };
};

const replay: Rule = ({ facts, words }) => {
  if (!/already (consumed|used)|only be used once|Replay detected/i.test(words)) return undefined;
  if (/assertion|proof|Replay/i.test(words)) {
    return {
      cause: 'signed text sent twice',
      what: 'A client assertion or DPoP proof came a second time.',
      facts: [],
      fix: 'A new jti, signed anew, for each request, retries included.',
    };
  }
  const what = /refresh/.test(words) || facts.grantType === 'refresh_token' ? 'A refresh token' : 'A code';
  return {
    cause: `${what} twice`,
    what: `${what} was redeemed twice; everything it had given is revoked.`,
    facts: [],
    fix:
      what === 'A code'
        ? 'Exchange a code once: look for a page loaded twice, a retry, a second worker.'
        : 'Workers that refresh at the same moment must share one refresh. A service that cannot: compatibility: ["older_refresh_tokens"].',
  };
};

const grantGone: Rule = ({ failure, facts, words }) => {
  if (failure.error !== 'invalid_grant' && !/invalid_grant/.test(words)) return undefined;
  const expired = /expired/.test(words);
  if (facts.grantType === 'refresh_token') {
    return {
      cause: 'refresh token ended',
      what: expired
        ? 'The refresh token had expired.'
        : 'The refresh token is unknown: its session ended, or it was revoked.',
      facts: [],
      fix: 'Send the person to sign in again: with an open session nothing is asked.',
    };
  }
  return {
    cause: 'code ended',
    what: expired
      ? 'The code had expired: it lives 60 s.'
      : 'The code is unknown, another service’s, or of a session that ended.',
    facts: [],
    fix: 'Exchange the code as soon as the browser is back, at the provider that gave it.',
  };
};

/** The method by which a service of this registration proves who it is, in the words of an operator. */
const HOW: Record<(typeof AUTH_METHODS)[number], string> = {
  client_secret_basic: 'its secret by Basic',
  client_secret_post: 'its secret in the body',
  private_key_jwt: 'a signed client assertion',
  tls_client_auth: 'a certificate of a trusted authority, on the mTLS host',
  self_signed_tls_client_auth: 'its own certificate, on the mTLS host',
  none: 'nothing: it is public',
};
const SENT = {
  basic: 'a secret by Basic',
  body: 'a secret in the body',
  both: 'a secret by Basic and in the body',
  assertion: 'a client assertion',
  certificate: 'a certificate',
  none: 'nothing',
} as const;

const secret: Rule = ({ facts, words, metadata, client }) => {
  if (!/invalid secret provided/.test(words)) return undefined;
  const odd = {
    ended: 'It is one that ended: it was rotated, and its overlap is over.',
    spaces: 'There is a space or a line end around it.',
    encoded: 'It was sent without URL encoding, or encoded twice.',
  } as const;
  return {
    cause: `secret ${facts.secret ?? ''}`,
    what: `The secret differs.${facts.secret === undefined ? '' : ` ${odd[facts.secret]}`}`,
    facts: [`secrets in force: ${client.secretHashes.length}`],
    fix: usesSecret(metadata.token_endpoint_auth_method)
      ? 'Give the service the secret that was told, or rotate it: caducee clients rotate-secret ID.'
      : 'This service has no secret: it proves who it is otherwise.',
  };
};

const method: Rule = ({ facts, words, metadata }) => {
  if (!/authentication mechanism|only be provided using one mechanism|no client authentication/.test(words)) {
    return undefined;
  }
  const sent = facts.credentials === undefined ? [] : [`sent: ${SENT[facts.credentials]}`];
  if (facts.credentials === 'both') {
    return {
      cause: 'secret sent twice',
      what: 'The secret came by Basic and in the body.',
      facts: sent,
      fix: 'Send it one way. A service that cannot, with both equal: compatibility: ["secret_sent_twice"].',
    };
  }
  return {
    cause: 'authentication method',
    what: 'The service did not prove who it is the way it is registered.',
    facts: [
      ...sent,
      `registered: ${HOW[metadata.token_endpoint_auth_method]} (${metadata.token_endpoint_auth_method})`,
    ],
    fix: 'Change one or the other: token_endpoint_auth_method.',
  };
};

const certificate: Rule = ({ facts, words, metadata }) => {
  if (!/certificate|x5t#S256/.test(words)) return undefined;
  const seen = [
    ...(facts.certificate === undefined ? ['presented: none'] : [`presented: ${facts.certificate}`]),
    ...(facts.certificateRefused === undefined ? [] : [`not believed: ${facts.certificateRefused}`]),
    ...(metadata.tls_client_auth_subject_dn === undefined
      ? []
      : [`registered: ${metadata.tls_client_auth_subject_dn}`]),
  ];
  if (facts.certificate === undefined) {
    return {
      cause: 'certificate missing',
      what: 'No client certificate came.',
      facts: seen,
      fix: 'Call the addresses of mtls_endpoint_aliases (discovery), with the certificate; a proxy on the way must pass it on.',
    };
  }
  return {
    cause: 'certificate differs',
    what: 'The certificate is not the registered one, is not believed, or is not the one its token is bound to.',
    facts: seen,
    fix: 'Compare subject and authority (openssl x509 -subject -nameopt RFC2253); apply the new one when it was renewed.',
  };
};

const signature: Rule = ({ facts, words, metadata }) => {
  const listed = [
    ...(facts.algorithm === undefined ? [] : [`algorithm: ${facts.algorithm}`]),
    ...(facts.keyId === undefined ? [] : [`kid: ${facts.keyId}`]),
    ...(facts.audience === undefined ? [] : [`aud: ${facts.audience}`]),
  ];
  if (/audience|\baud\b/.test(words)) {
    return {
      cause: 'audience',
      what: 'What the service signed is for somebody else (aud).',
      facts: listed,
      fix: 'Set aud to the issuer, exactly as discovery writes it.',
    };
  }
  if (/alg mismatch|unsupported signed request alg|preregistered alg/.test(words)) {
    return {
      cause: 'algorithm',
      what: 'The signature’s algorithm is not accepted of this service.',
      facts: listed,
      fix: 'See token_endpoint_auth_signing_alg_values_supported and the registration.',
    };
  }
  if (/failed to be refreshed/.test(words)) {
    return {
      cause: 'jwks_uri',
      what: 'The service’s keys could not be fetched.',
      facts: [`jwks_uri: ${metadata.jwks_uri ?? ''}`],
      fix: 'It must answer within 2.5 s, by https, without redirect, from an address that this provider may reach (CADUCEE_OUTGOING_RANGES).',
    };
  }
  if (
    !/signature|no applicable key|JWKSNoMatchingKey|could not validate Request Object|htu|htm|ath/.test(words)
  )
    return undefined;
  if (/htu/.test(words)) {
    return {
      cause: 'htu',
      what: 'The DPoP proof is for another address.',
      facts: [`htu: ${facts.htu ?? ''}`, `address: ${facts.expectedHtu ?? ''}`],
      fix: 'Set htu to the endpoint’s address as discovery writes it, without query.',
    };
  }
  return {
    cause: 'signature',
    what: 'The signature is not by a key of this service.',
    facts: listed,
    fix: 'Publish the public key (jwks or jwks_uri) with the kid of the header, then apply.',
  };
};

const par: Rule = ({ words }) => {
  if (/Pushed Authorization Request must be used/.test(words)) {
    return {
      cause: 'PAR required',
      what: 'This service is registered to push its requests first, and did not.',
      facts: [],
      fix: 'POST the request to pushed_authorization_request_endpoint, then send the browser with client_id and request_uri.',
    };
  }
  if (/request_uri is invalid, expired/.test(words)) {
    return {
      cause: 'request_uri ended',
      what: 'The request_uri had expired (60 s) or had served.',
      facts: [],
      fix: 'Push a request for each sign-in, just before the browser leaves.',
    };
  }
  return /Request Object must be used/.test(words)
    ? {
        cause: 'request object required',
        what: 'This service is registered to sign its requests, and did not.',
        facts: [],
        fix: 'Send the signed request object as request.',
      }
    : undefined;
};

/** In the order in which they are tried. */
export const RULES: readonly Rule[] = [
  redirect,
  nonceAsked,
  replay,
  clock,
  pkce,
  nonce,
  par,
  secret,
  method,
  certificate,
  signature,
  scope,
  acr,
  grantGone,
];
