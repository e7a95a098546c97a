import type { Context } from 'koa';
import type { OIDCContext } from 'oidc-provider';
import type { TokenSigner } from './jwt.ts';
import { note } from './request-notes.ts';

/**
 * Requests as relying parties of Pro Santé Connect really send them, brought to what the standard (and the library)
 * expects. This happens at one moment: when the library has parsed a request and before it looks at it.
 */

/** Parameters of a request; the library's own object, changed in place. One that was sent twice is still a list. */
type Params = Record<string, unknown>;

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const words = (value: string): string[] => value.split(' ').filter(Boolean);

const authorization = (ctx: Context, params: Params): void => {
  const scope = text(params['scope']);
  const scopes = words(scope ?? '');
  // A lone `scope_all` is an OpenID request too.
  if (scopes.includes('scope_all') && !scopes.includes('openid')) {
    params['scope'] = ['openid', ...scopes].join(' ');
    note(ctx, 'openid added');
  }
  // Spelled `acr` in one published example.
  const acr = text(ctx.query['acr']);
  if (params['acr_values'] === undefined && acr) params['acr_values'] = acr;
  // Nothing is ever asked beyond who one is: "consent" has no page; choosing an account is signing in again.
  const prompt = text(params['prompt']);
  if (prompt === undefined) return;
  const prompts = words(prompt)
    .filter((each) => each !== 'consent')
    .map((each) => (each === 'select_account' ? 'login' : each));
  params['prompt'] = [...new Set(prompts)].join(' ') || undefined;
};

const formDecode = (value: string): string | undefined => {
  try {
    return decodeURIComponent(value.replaceAll('+', '%20'));
  } catch {
    return undefined;
  }
};

const basicCredentials = (header: string): { id: string; secret: string } | undefined => {
  const encoded = /^basic ([A-Za-z0-9+/]+=*)$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon === -1 ? undefined : { id: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
};

const same = (sent: string, other: unknown): boolean => sent === other || formDecode(sent) === other;

/** Some clients send their secret by Basic and in the body. Equal, they are one; different, the library refuses. */
const clientAuthentication = (ctx: Context, params: Params): void => {
  const basic = basicCredentials(ctx.get('Authorization'));
  if (!basic || params['client_secret'] === undefined) return;
  const sameId = params['client_id'] === undefined || same(basic.id, params['client_id']);
  if (!sameId || !same(basic.secret, params['client_secret'])) return;
  params['client_secret'] = undefined;
  note(ctx, 'secret dropped');
};

/** A text that is no token: the library then answers as for any token that does not exist. */
const NO_TOKEN = 'none';

/** What each signed token is, by its `typ`. */
const HINTS: Readonly<Record<string, string>> = { Bearer: 'access_token', Refresh: 'refresh_token' };

/** Takes the stored token out of the signed one; introspection and revocation then treat them alike. */
const unwrap = (params: Params, signer: TokenSigner, accept: (handle: string) => void): void => {
  const token = text(params['token']);
  // A stored token has one dot at most; whatever has more is ours and genuine, or no token.
  if (token === undefined || token.split('.').length < 3) return;
  const claims = signer.verify(token);
  const hint = HINTS[String(claims?.['typ'])];
  if (hint !== undefined && typeof claims?.['jti'] === 'string') {
    params['token'] = claims['jti'];
    params['token_type_hint'] = hint;
    accept(claims['jti']);
  } else {
    params['token'] = NO_TOKEN;
  }
};

/** What the normaliser needs to know and to tell. */
export interface NormaliseDeps {
  signer: TokenSigner;
  /** The stored token of this request came out of a token that we signed. */
  accept(ctx: Context, handle: string): void;
}

/** Normalises the parameters of one request, by the library's name of the route. */
export const normalise = (
  oidc: OIDCContext & { ctx: Context },
  params: Params,
  deps: NormaliseDeps,
): void => {
  switch (oidc.route) {
    case 'authorization':
      return authorization(oidc.ctx, params);
    case 'pushed_authorization_request':
    case 'device_authorization':
    case 'backchannel_authentication':
      clientAuthentication(oidc.ctx, params);
      return authorization(oidc.ctx, params);
    case 'token':
      return clientAuthentication(oidc.ctx, params);
    case 'introspection':
    case 'revocation':
      clientAuthentication(oidc.ctx, params);
      return unwrap(params, deps.signer, (handle) => deps.accept(oidc.ctx, handle));
  }
};
