import Router from '@koa/router';
import type { Context } from 'koa';
import { accountPage, type AccountSession } from '../../views/pages/account.ts';
import type { Clients } from '../clients/service.ts';
import type { Config } from '../config.ts';
import type { Devices } from '../ecps/devices/service.ts';
import { readHistory } from '../ecps/history.ts';
import type { Kernel } from '../http/kernel.ts';
import { Refusal } from '../http/errors.ts';
import { localeOf } from '../http/locale.ts';
import type { Limits } from '../limits/limits.ts';
import { ACCOUNT_CLIENT, ACCOUNT_RETURN, type OwnSession, type OwnSessions } from '../oidc/own-sessions.ts';
import type { OpenSession } from '../oidc/sessions.ts';
import { constantTimeEqualText } from '../platform/crypto.ts';
import type { Database } from '../platform/postgres.ts';
import { token } from '../platform/random.ts';
import type { Registry } from '../registry/service.ts';

/**
 * « Mon compte »: what a practitioner sees of his own — open sessions, phones, latest sign-ins — and ends. No recent
 * sign-in is asked to end everything: who comes here because a phone was stolen may have none left to sign in with, and
 * the worst that someone at an unlocked computer brings about is signing in again.
 */
export const ACCOUNT = '/compte';

export interface AccountDeps {
  kernel: Pick<Kernel, 'render' | 'forms' | 'cookies'>;
  config: Pick<Config, 'defaultLocale'>;
  db: Database;
  own: OwnSessions;
  clients: Pick<Clients, 'find'>;
  registry: Pick<Registry, 'find'>;
  devices: Pick<Devices, 'list'>;
  limits: Pick<Limits, 'hit'>;
}

const COOKIE = 'account';
const HISTORY = 10;
const SID = /^[\w-]{8,64}$/;

const goTo = (ctx: Context, path: string): void => {
  ctx.status = 303;
  ctx.redirect(path);
};

const spare = async (ctx: Context, { limits }: AccountDeps): Promise<void> => {
  const { allowed, retryAfter } = await limits.hit('account', ctx.ip, [{ limit: 300, seconds: 600 }]);
  if (!allowed) throw new Refusal('too_many_requests', 429, { retryAfter });
};

/** Signs in at our own door; the way back is known by a value that only this browser has. */
const signIn = (ctx: Context, { kernel, config, own }: AccountDeps): void => {
  const state = token(24);
  kernel.cookies.setSealed(ctx, COOKIE, { state }, { path: ACCOUNT, seconds: 1800 });
  goTo(ctx, own.signInUrl(state, localeOf(ctx, config.defaultLocale)));
};

const back = (ctx: Context, { kernel }: AccountDeps): void => {
  const kept = kernel.cookies.getSealed(ctx, COOKIE, ACCOUNT) as { state?: unknown } | undefined;
  kernel.cookies.delete(ctx, COOKIE, ACCOUNT);
  const told = ctx.query['state'];
  if (typeof kept?.state !== 'string' || typeof told !== 'string') throw new Refusal('session_gone', 400);
  if (!constantTimeEqualText(kept.state, told)) throw new Refusal('session_gone', 400);
  // Abandoned: nothing to show, and asking again would ask for ever.
  goTo(ctx, ctx.query['error'] === undefined ? ACCOUNT : '/');
};

/** Names of services and phones in place of their identifiers. */
const describe = async (
  deps: AccountDeps,
  sessions: readonly OpenSession[],
  facts: { here: string; phones: ReadonlyMap<string, string> },
): Promise<AccountSession[]> =>
  Promise.all(
    sessions.map(async ({ sid, clientIds, signedInAt, authMode, deviceId }) => {
      const services = clientIds.filter((clientId) => clientId !== ACCOUNT_CLIENT);
      const found = await Promise.all(services.map((clientId) => deps.clients.find(clientId)));
      return {
        ...{ sid, signedInAt },
        here: sid === facts.here,
        services: services.map((clientId, index) => found[index]?.metadata.client_name ?? clientId),
        card: authMode === 'CARD',
        phone: deviceId === undefined ? undefined : facts.phones.get(deviceId),
      };
    }),
  );

const show = async (ctx: Context, deps: AccountDeps, own: OwnSession): Promise<void> => {
  const [person, sessions, phones, history] = await Promise.all([
    deps.registry.find(own.nationalId),
    deps.own.list(own),
    deps.devices.list(own.nationalId),
    readHistory(deps.db, own.nationalId, HISTORY),
  ]);
  const names = new Map(phones.map(({ id, name }) => [id, name]));
  deps.kernel.render(
    ctx,
    accountPage({
      name: `${person?.givenName ?? ''} ${person?.familyName ?? ''}`.trim(),
      csrf: deps.kernel.forms.token(ctx),
      sessions: await describe(deps, sessions, { here: own.sid, phones: names }),
      phones: phones.map(({ name, model, addedAt, lastUsedAt }) => ({
        ...{ name, model },
        addedAt: new Date(addedAt),
        lastUsedAt: lastUsedAt === undefined ? undefined : new Date(lastUsedAt),
      })),
      history: history.map(({ at, kind, service, browser, place }) => ({
        ...{ kind, service, browser, place },
        at: new Date(at),
      })),
      ended: ctx.query['fin'] === '1',
    }),
  );
};

/** Everything a form needs before it acts: ours, of somebody signed in. */
const acting = async (
  ctx: Context,
  deps: AccountDeps,
): Promise<{ own: OwnSession; form: URLSearchParams }> => {
  await spare(ctx, deps);
  const form = await deps.kernel.forms.read(ctx);
  const own = await deps.own.current(ctx);
  if (!own) throw new Refusal('session_gone', 400);
  return { own, form };
};

/** The account page. */
export const accountRoutes = (deps: AccountDeps): Router => {
  const router = new Router();
  router.get(ACCOUNT, async (ctx) => {
    await spare(ctx, deps);
    const own = await deps.own.current(ctx);
    if (own) await show(ctx, deps, own);
    else signIn(ctx, deps);
  });
  router.get(ACCOUNT_RETURN, (ctx) => back(ctx, deps));
  router.post(`${ACCOUNT}/fin`, async (ctx) => {
    const { own, form } = await acting(ctx, deps);
    const sid = form.get('session') ?? '';
    const ended = SID.test(sid) ? await deps.own.end(ctx, own, sid) : 'unknown';
    // It may have ended by itself meanwhile: what was wanted is so.
    if (ended !== 'here') goTo(ctx, `${ACCOUNT}?fin=1`);
  });
  router.post(`${ACCOUNT}/fin-de-tout`, async (ctx) => {
    const { own } = await acting(ctx, deps);
    await deps.own.endAll(ctx, own);
  });
  return router;
};
