import type { Context, Middleware } from 'koa';
import type { Branding } from './pages.ts';
import { type Locale, type Practitioner, readPractitioner } from './practitioner.ts';
import { type RelyingParty, SessionEnded, type SignedIn } from './relying-party.ts';
import type { Session, Sessions } from './sessions.ts';

/** What every route of a service has in hand, and the two guards of routes for people who are signed in. */

export interface Service {
  brand: Branding;
  relyingParty: RelyingParty;
  sessions: Sessions;
  cookieName: string;
  issuer: string;
  /** Where the service itself lives. */
  origin: string;
  onError: (error: unknown) => void;
  /** The time, so that a test can move it. */
  now: () => Date;
}

/** One request of somebody signed in. */
export interface Visit {
  ctx: Context;
  locale: Locale;
  session: Session;
  user: SignedIn;
  person: Practitioner;
}

/** One form sent by somebody signed in, from a page of this service. */
export interface Submission extends Visit {
  form: URLSearchParams;
}

/** What a service's own routes are made with. */
export interface Kit {
  service: Service;
  /** A page for who is signed in. Who is not is sent to sign in, and comes back to this very page. */
  page(handler: (visit: Visit) => Promise<void> | void): Middleware;
  /** What a form does: who is not signed in, or does not come from our page, changes nothing. */
  action(handler: (submission: Submission) => Promise<void> | void): Middleware;
}

export const localeOf = ({ cookieName }: Service, ctx: Context): Locale => {
  const asked = ctx.query['lang'];
  if (asked === 'fr' || asked === 'en') {
    ctx.cookies.set(`${cookieName}.lang`, asked, { sameSite: 'lax', httpOnly: true });
    return asked;
  }
  return ctx.cookies.get(`${cookieName}.lang`) === 'en' ? 'en' : 'fr';
};

export const answer = (ctx: Context, page: string, status = 200): void => {
  ctx.status = status;
  ctx.type = 'html';
  ctx.body = page;
};

export const leave = (ctx: Context, to: string | URL): void => {
  ctx.redirect(String(to));
  ctx.status = 303;
};

/** A part of the address that the route names, such as `:id`. */
export const param = (ctx: Context, name: string): string => {
  const params: unknown = ctx['params'];
  const value: unknown =
    typeof params === 'object' && params !== null ? (params as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' ? value : '';
};

const LARGEST_FORM = 20_000;

export const readForm = async (ctx: Context): Promise<URLSearchParams> => {
  let body = '';
  for await (const chunk of ctx.req) {
    body += String(chunk);
    if (body.length > LARGEST_FORM) ctx.throw(413);
  }
  return new URLSearchParams(body);
};

/** The session's user, asked again from the provider once the access token has expired. */
const freshUser = async ({ relyingParty }: Service, session: Session): Promise<SignedIn | undefined> => {
  if (!session.user || session.user.accessTokenExpiresAt > Date.now()) return session.user;
  session.refreshing ??= relyingParty.refresh(session.user).finally(() => delete session.refreshing);
  session.user = await session.refreshing;
  return session.user;
};

/** Who is signed in; `ended` when they were until now, `nobody` otherwise. */
export const whoIsThere = async (service: Service, ctx: Context): Promise<Visit | 'ended' | 'nobody'> => {
  const { sessions, onError } = service;
  const session = sessions.find(ctx);
  if (!session?.user) return 'nobody';
  let user: SignedIn | undefined = session.user;
  try {
    user = await freshUser(service, session);
  } catch (error) {
    if (error instanceof SessionEnded) {
      sessions.end(ctx);
      return 'ended';
    }
    // The provider is away for a moment: who was signed in stays so, with what was known.
    onError(error);
  }
  // Meanwhile the provider may have ended the session through the back channel.
  if (!user || sessions.find(ctx) !== session) return 'ended';
  const locale = localeOf(service, ctx);
  return { ctx, locale, session, user, person: readPractitioner(user.claims, locale) };
};

/** An address of this service itself, never another site's: where to go after sign-in. */
export const ownPath = (origin: string, target: unknown): string | undefined => {
  if (typeof target !== 'string' || target.length > 500 || !URL.canParse(target, origin)) return undefined;
  const url = new URL(target, origin);
  return url.origin === new URL(origin).origin ? `${url.pathname}${url.search}` : undefined;
};

/** Makes the two guards. `refuse` answers a form that nobody signed in has sent. */
export const createKit = (service: Service, refuse: (ctx: Context) => void): Kit => ({
  service,
  page: (handler) => async (ctx) => {
    const visit = await whoIsThere(service, ctx);
    if (typeof visit === 'string') {
      return leave(
        ctx,
        `/connexion?${new URLSearchParams({ retour: `${ctx.path}${ctx.search}` }).toString()}`,
      );
    }
    return handler(visit);
  },
  action: (handler) => async (ctx) => {
    const visit = await whoIsThere(service, ctx);
    const form = await readForm(ctx);
    if (typeof visit === 'string' || form.get('csrf') !== visit.session.csrf) return refuse(ctx);
    return handler({ ...visit, form });
  },
});
