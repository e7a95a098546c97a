import type { Context } from 'koa';
import { errors, type Provider } from 'oidc-provider';
import { Refusal } from '../http/errors.ts';
import { epochSeconds } from '../platform/clock.ts';
import type { Practitioner, Registry } from '../registry/service.ts';
import type { CarriesMeans } from './accounts.ts';
import { subOf } from './claims.ts';
import { CARD_REFUSED } from './policy.ts';
import type { Records } from './unit.ts';

/** A sign-in that a service has asked for, while the person proves who they are. */
export interface SignInRequest {
  uid: string;
  service: { clientId: string; name: string; host: string };
  redirectUri: string;
  homeUrl?: string;
  /** What the service asks, or what we give when it does not say. */
  acr: string;
  uiLocales?: string;
  loginHint?: string;
  /** True when a session existed and its card may no longer sign in. */
  cardRefused?: boolean;
  /** Set once the request has its answer: where the browser goes on. */
  resumeUrl?: string;
}

/** Who signed in, and how. */
export interface SignIn {
  nationalId: string;
  /** The person, where this very request has asked the registry already. */
  practitioner?: Practitioner;
  acr: string;
  amr: string[];
  /** `MOBILE` or `CARD`. */
  authMode: string;
  authTime: Date;
  deviceId?: string;
  cardSerial?: string;
}

/** The sign-in pages' half of the provider. */
export interface Interactions {
  /** The request whose cookie this browser holds; undefined when it expired or belongs to another browser. */
  interaction(ctx: Context): Promise<SignInRequest | undefined>;
  /** Records who signed in, and redirects to where the browser goes on. Refusals: `session_gone`, `practitioner_inactive`. */
  finishSignIn(ctx: Context, signIn: SignIn): Promise<void>;
  /** Tells the service that it will not be; redirects. */
  abort(ctx: Context, reason: { error: 'access_denied'; error_description: string }): Promise<void>;
}

export interface InteractionsDeps {
  provider(): Provider;
  records: Pick<Records, 'unit'>;
  registry: Pick<Registry, 'find'>;
  subUuid: string;
  defaultAcr: string;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const hostOf = (url: string): string => {
  const { host, protocol } = new URL(url);
  return host || protocol;
};

const optional = <K extends string>(key: K, value: string | undefined): { [P in K]?: string } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: string };

const unlessGone = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof errors.SessionNotFound) return undefined;
    throw error;
  }
};

/** Makes {@link Interactions}. */
export const createInteractions = (deps: InteractionsDeps): Interactions => {
  const find = (ctx: Context) => unlessGone(() => deps.provider().interactionDetails(ctx.req, ctx.res));

  const answer = async (ctx: Context, result: Parameters<Provider['interactionResult']>[2]): Promise<void> =>
    deps.records.unit(async () => {
      const returnTo = await unlessGone(() =>
        deps.provider().interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: false }),
      );
      if (returnTo === undefined) throw new Refusal('session_gone', 400);
      ctx.redirect(returnTo);
      ctx.status = 303;
    });

  return {
    async interaction(ctx) {
      const details = await find(ctx);
      const clientId = text(details?.params['client_id']);
      if (!details || clientId === undefined) return undefined;
      const client = await deps.provider().Client.find(clientId);
      // A device has no address to return to: the browser stays with us.
      const redirectUri =
        text(details.params['redirect_uri']) ??
        (details.deviceCode === undefined ? undefined : details.returnTo);
      if (!client || redirectUri === undefined) return undefined;
      return {
        uid: details.uid,
        service: {
          clientId,
          name: client.clientName ?? clientId,
          host: hostOf(details.deviceCode === undefined ? redirectUri : (client.clientUri ?? redirectUri)),
        },
        redirectUri,
        acr: text(details.params['acr_values'])?.split(' ')[0] ?? deps.defaultAcr,
        ...optional('homeUrl', client.clientUri),
        ...optional('uiLocales', text(details.params['ui_locales'])),
        ...optional('loginHint', text(details.params['login_hint'])),
        ...(details.prompt.reasons.includes(CARD_REFUSED) ? { cardRefused: true } : {}),
        ...optional('resumeUrl', details.result === undefined ? undefined : details.returnTo),
      };
    },
    async finishSignIn(ctx, signIn) {
      const practitioner = signIn.practitioner ?? (await deps.registry.find(signIn.nationalId));
      if (practitioner?.status !== 'active') {
        throw new Refusal('practitioner_inactive', 403, { about: { nationalId: signIn.nationalId } });
      }
      const means: CarriesMeans = {
        authMode: signIn.authMode,
        ...optional('deviceId', signIn.deviceId),
        ...optional('cardSerial', signIn.cardSerial),
      };
      await answer(ctx, {
        login: {
          accountId: subOf(deps.subUuid, practitioner.subject),
          acr: signIn.acr,
          amr: signIn.amr,
          ts: epochSeconds(signIn.authTime),
          ...means,
        },
      });
    },
    abort: (ctx, reason) => answer(ctx, { ...reason }),
  };
};
