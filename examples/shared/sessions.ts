import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context } from 'koa';
import type { LogoutNotice, PendingSignIn, SignedIn } from './relying-party.ts';

/**
 * Sessions kept on the server; the browser holds a signed, random name for one. In memory: a service that runs on
 * several machines keeps them in its database instead.
 */
export interface Session {
  /** Guards the sign-out form. */
  csrf: string;
  expiresAt: number;
  /** Sign-ins under way, by `state`: one for each tab. */
  pending: Map<string, PendingSignIn>;
  user?: SignedIn;
  /** What the pages remember of this visit: what was searched for, what was just done. Never sent to the browser. */
  notes: Map<string, string>;
  /** A refresh under way, shared by the requests that need it: a refresh token serves once. */
  refreshing?: Promise<SignedIn>;
}

const HOUR = 3_600_000;
/** Never longer than the provider's own session (4 h); a visit without sign-in is forgotten sooner. */
const LIFE = { visitor: HOUR / 2, signedIn: 4 * HOUR };
const LIMIT = 10_000;

export const createSessions = (cookieName: string, secure: boolean, secret = randomBytes(32)) => {
  const sessions = new Map<string, Session>();
  const sign = (id: string) => createHmac('sha256', secret).update(id).digest('base64url');

  const idFrom = (ctx: Context): string | undefined => {
    const [id, signature] = (ctx.cookies.get(cookieName) ?? '').split('.');
    if (!id || !signature) return undefined;
    const expected = Buffer.from(sign(id));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected) ? id : undefined;
  };

  const forgetExpired = () => {
    const now = Date.now();
    for (const [id, session] of sessions) if (session.expiresAt <= now) sessions.delete(id);
    for (const id of sessions.keys()) if (sessions.size >= LIMIT) sessions.delete(id);
  };

  /** A new session under a new name; the one the browser had, if any, is gone. */
  const start = (ctx: Context, user?: SignedIn): Session => {
    end(ctx);
    forgetExpired();
    const id = randomBytes(32).toString('base64url');
    const session: Session = {
      csrf: randomBytes(16).toString('base64url'),
      expiresAt: Date.now() + (user ? LIFE.signedIn : LIFE.visitor),
      pending: new Map(),
      notes: new Map(),
      ...(user ? { user } : {}),
    };
    sessions.set(id, session);
    ctx.cookies.set(cookieName, `${id}.${sign(id)}`, {
      httpOnly: true,
      sameSite: 'lax',
      secure,
      path: '/',
      overwrite: true,
    });
    return session;
  };

  const find = (ctx: Context): Session | undefined => {
    const id = idFrom(ctx);
    const session = id === undefined ? undefined : sessions.get(id);
    return session && session.expiresAt > Date.now() ? session : undefined;
  };

  const end = (ctx: Context): void => {
    const id = idFrom(ctx);
    if (id === undefined) return;
    sessions.delete(id);
    ctx.cookies.set(cookieName, null, { path: '/', overwrite: true });
  };

  /** Ends every session that a back-channel logout names; says how many. */
  const endNamed = ({ sid, subject }: LogoutNotice): number => {
    let ended = 0;
    for (const [id, { user }] of sessions) {
      if (user && (sid === undefined ? user.subject === subject : user.sid === sid)) {
        sessions.delete(id);
        ended += 1;
      }
    }
    return ended;
  };

  return { start, find, end, endNamed };
};

export type Sessions = ReturnType<typeof createSessions>;
