import { createLocalJWKSet, errors as joseErrors, jwtVerify, type JWK } from 'jose';
import { errors, type Account, type KoaContextWithOIDC } from 'oidc-provider';
import { normalize } from '../../registry/national-id.ts';
import type { Registry } from '../../registry/service.ts';
import { epochSeconds, type Clock } from '../../platform/clock.ts';
import type { ExpiringStore } from '../../platform/store/contract.ts';
import { taggedKey } from '../../platform/store/keys.ts';
import type { Accounts } from '../accounts.ts';
import { subOf, subjectOf } from '../claims.ts';

/**
 * Whom a service means. A national identifier that nobody has, someone struck off, someone without e-CPS: all are taken
 * alike, as a person who will never answer. Only what cannot be an identifier is told.
 */
export interface Hints {
  /** For the library: the `sub` meant by `login_hint`. */
  loginHint(ctx: KoaContextWithOIDC, hint: string): Promise<string>;
  /** For the library: the `sub` meant by a token that the service signed. */
  loginHintToken(ctx: KoaContextWithOIDC, token: string): Promise<string>;
  /** The account of a request for an answer, which exists for whoever is named. */
  account(sub: string): Promise<Account>;
  /** The national identifier meant by this request. */
  meant(ctx: KoaContextWithOIDC, sub: string): Promise<string>;
}

export interface HintsDeps {
  registry: Pick<Registry, 'find' | 'findBySubject'>;
  accounts: Accounts;
  store: ExpiringStore;
  clock: Clock;
  issuer: string;
  subUuid: string;
}

/** No subject of the registry begins so: a `sub` of nobody. */
const NOBODY = '?';
/** Longest life of a hint token, and with it of the memory that it was used. */
const TOKEN_SECONDS = 3600;

/** The keys of a service, as the library keeps them; not in its types. */
interface KeyStore extends Iterable<JWK> {
  refresh(): Promise<void>;
}

const unknownUser = (description: string) => new errors.UnknownUserId(description);

const keysOf = async (ctx: KoaContextWithOIDC) => {
  const store = (ctx.oidc.client as unknown as { asymmetricKeyStore?: KeyStore }).asymmetricKeyStore;
  if (!store) throw new errors.InvalidRequest('login_hint_token needs keys registered by the service');
  await store.refresh();
  return createLocalJWKSet({ keys: [...store] });
};

/** What a hint token may name a person by: `sub_id` (RFC 9493), or plainly. */
const namedBy = (claims: Readonly<Record<string, unknown>>): { nationalId?: unknown; sub?: unknown } => {
  const subject = claims['sub_id'] as
    { format?: unknown; id?: unknown; iss?: unknown; sub?: unknown } | null | undefined;
  if (subject?.format === 'opaque') return { nationalId: subject.id };
  if (subject?.format === 'iss_sub') return { sub: subject.sub };
  return { nationalId: claims['login_hint'] };
};

/** Makes {@link Hints}. */
export const createHints = ({ registry, accounts, store, clock, issuer, subUuid }: HintsDeps): Hints => {
  const named = new WeakMap<KoaContextWithOIDC['req'], string>();

  const byNationalId = async (ctx: KoaContextWithOIDC, hint: unknown): Promise<string> => {
    const parsed = typeof hint === 'string' ? normalize(hint) : undefined;
    if (!parsed?.ok) throw unknownUser('the hint is not a national identifier');
    named.set(ctx.req, parsed.nationalId);
    const practitioner = await registry.find(parsed.nationalId);
    return subOf(subUuid, practitioner?.subject ?? `${NOBODY}${parsed.nationalId}`);
  };

  const verified = async (ctx: KoaContextWithOIDC, token: string) => {
    const clientId = ctx.oidc.client?.clientId ?? '';
    try {
      const { payload } = await jwtVerify(token, await keysOf(ctx), {
        issuer: clientId,
        audience: [issuer, ctx.oidc.urlFor('backchannel_authentication')],
        requiredClaims: ['exp', 'jti'],
        currentDate: clock.now(),
      });
      if (Number(payload.exp) > epochSeconds(clock.now()) + TOKEN_SECONDS) {
        throw new errors.InvalidRequest('login_hint_token must not be valid for more than an hour');
      }
      return payload;
    } catch (error) {
      if (error instanceof errors.OIDCProviderError) throw error;
      if (error instanceof joseErrors.JWTExpired) {
        throw new errors.ExpiredLoginHintToken('login_hint_token is expired');
      }
      throw unknownUser('login_hint_token is not one that the service signed for this provider');
    }
  };

  return {
    loginHint: byNationalId,
    async loginHintToken(ctx, token) {
      const claims = await verified(ctx, token);
      const clientId = ctx.oidc.client?.clientId ?? '';
      const used = taggedKey('ciba:hint', clientId, String(claims.jti).slice(0, 200));
      if (!(await store.setIfAbsent(used, '1', TOKEN_SECONDS))) {
        throw new errors.InvalidRequest('login_hint_token was used before');
      }
      const { nationalId, sub } = namedBy(claims);
      if (typeof sub === 'string' && subjectOf(subUuid, sub) !== undefined) return sub;
      return byNationalId(ctx, nationalId);
    },
    async account(sub) {
      const known = await accounts.find(sub);
      return known ?? { accountId: sub, claims: () => ({ sub }) };
    },
    async meant(ctx, sub) {
      const hinted = named.get(ctx.req);
      if (hinted !== undefined) return hinted;
      const practitioner = await registry.findBySubject(subjectOf(subUuid, sub) ?? NOBODY);
      return practitioner?.nationalId ?? NOBODY;
    },
  };
};
