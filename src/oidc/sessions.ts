import type { AdapterPayload, Client, Provider, Session } from 'oidc-provider';
import type { Config } from '../config.ts';
import { epochSeconds, type Clock } from '../platform/clock.ts';
import { sha256Base64url } from '../platform/crypto.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';
import type { CarriesMeans } from './accounts.ts';
import { GRACE_SECONDS, touchSession } from './adapter.ts';
import { sessionExpiry } from './configuration.ts';
import type { RecordTexts } from './record-text.ts';
import type { Records } from './unit.ts';

/**
 * Single sign-on sessions seen from outside a browser: found by person, phone or service, kept alive by refreshes,
 * ended with everything they gave.
 */
export interface Sessions {
  /** Makes a session findable; called whenever someone signed in or a service joined. */
  index(session: Session & CarriesMeans): Promise<void>;
  /** A use of the session without its cookie: it is idle from now. */
  touch(uid: string): Promise<void>;
  /** Those of a person, a phone or a service that are open now, newest first. */
  list(of: SessionOwner): Promise<OpenSession[]>;
  /**
   * Ends one session: its grants, its record, and the services that asked to be told are told. Undefined when there was
   * none.
   */
  end(uid: string, why: EndedBy): Promise<OpenSession | undefined>;
  /** Ends every session of a person (by `sub`) or of a phone; of a service, what the sessions gave to it. */
  endAll(of: SessionOwner, why: EndedBy): Promise<number>;
}

/** A session as seen from outside: what was opened with it, by which means, since when. */
export interface OpenSession extends CarriesMeans {
  /** `sid` in tokens. */
  sid: string;
  sub: string;
  signedInAt: Date;
  /** Without further use it ends then. */
  expiresAt: Date;
  acr: string | undefined;
  clientIds: string[];
}

/** Who ended a session, for the audit. */
export interface EndedBy {
  by: 'service' | 'person' | 'operator' | 'phone' | 'registration';
  /** The service that asked. */
  clientId?: string | undefined;
  /** In the words of who ended it. */
  reason?: string | undefined;
  supportId?: string | undefined;
  address?: string | undefined;
}

/** What an end has to bring about besides the session's own. */
export interface SessionEnd {
  session: OpenSession;
  /** The services concerned: all of the session, or one that is left alone. */
  clients: Client[];
  /** False: only what one service was given ends. */
  whole: boolean;
  why: EndedBy;
}

export type SessionOwner = { sub: string } | { deviceId: string } | { clientId: string };

export interface SessionsDeps {
  provider(): Provider;
  store: Pick<ExpiringStore, 'members' | 'setIfAbsent' | 'delete'>;
  records: Records;
  texts: RecordTexts;
  clock: Clock;
  config: Pick<Config, 'idleSeconds' | 'sessionSeconds'>;
  /** Carries an end out together with its news for the services and its row of the audit. */
  ending(end: SessionEnd, carryOut: () => Promise<void>): Promise<void>;
}

/** Longer than an end takes; should its process die, the session can be ended again after that. */
const ENDING_SECONDS = 10;

const ownerTag = (owner: SessionOwner): string => {
  const [kind, id] = Object.entries(owner)[0] as [string, string];
  return `${kind}:${sha256Base64url(id)}`;
};

/** Makes {@link Sessions}. */
export const createSessions = (deps: SessionsDeps): Sessions => {
  const { store, clock, config } = deps;
  const now = (): number => epochSeconds(clock.now());

  /**
   * A set for each owner and each stretch of time as long as the longest session: a session that began in this stretch
   * or the one before may live, older ones cannot, and the sets of a busy service end by themselves.
   */
  const stretch = (at: number): number => Math.floor(at / config.sessionSeconds);
  const setKey = (owner: SessionOwner, which: number): string =>
    `oidc:{sessions:${ownerTag(owner)}}:${which}`;

  const uidsOf = async (owner: SessionOwner): Promise<Set<string>> => {
    const current = stretch(now());
    const sets = await Promise.all(
      [current - 1, current].map((which) => store.members(setKey(owner, which))),
    );
    return new Set(sets.flat());
  };

  const revokeGrants = (session: Session, only?: string): Promise<unknown> =>
    Promise.all(
      Object.entries(session.authorizations ?? {})
        .filter(([clientId]) => only === undefined || clientId === only)
        .map(([, { grantId }]) =>
          grantId === undefined ? undefined : deps.provider().Grant.adapter.destroy(grantId),
        ),
    );

  /** Ends a session that was found; of several callers at once, one does, and the others find it ended. */
  const endOnce = async (
    session: Session,
    { open, why, only }: { open: OpenSession; why: EndedBy; only: string | undefined },
  ): Promise<boolean> => {
    const key = `oidc:{${open.sid}}:ending${only === undefined ? '' : `:${only}`}`;
    if (!(await store.setIfAbsent(key, '1', ENDING_SECONDS))) return false;
    try {
      const found = await Promise.all(
        (only === undefined ? open.clientIds : [only]).map((id) => deps.provider().Client.find(id)),
      );
      const clients = found.filter((client) => client !== undefined);
      await deps.ending({ session: open, clients, whole: only === undefined, why }, async () => {
        await revokeGrants(session, only);
        if (only === undefined) await session.destroy();
        await deps.records.flush();
      });
    } catch (error) {
      await store.delete(key);
      throw error;
    }
    // The session goes on, and what the service is given again may be ended again.
    if (only !== undefined) await store.delete(key);
    return true;
  };

  const end = async (uid: string, why: EndedBy, only?: string): Promise<OpenSession | undefined> => {
    const session = await deps.provider().Session.findByUid(uid);
    const open = session && openSession(session);
    if (!open || (only !== undefined && !open.clientIds.includes(only))) return undefined;
    return (await endOnce(session, { open, why, only })) ? open : undefined;
  };

  return {
    async index(session) {
      if (session.accountId === undefined) return;
      const owners: SessionOwner[] = [
        { sub: session.accountId },
        ...(session.deviceId === undefined ? [] : [{ deviceId: session.deviceId }]),
        ...Object.keys(session.authorizations ?? {}).map((clientId) => ({ clientId })),
      ];
      const began = stretch(session.loginTs ?? now());
      const seconds = 2 * config.sessionSeconds + GRACE_SECONDS;
      await Promise.all(
        owners.map((owner) =>
          deps.records.change({
            do: 'addMember',
            key: setKey(owner, began),
            member: session.uid,
            ttlSeconds: seconds,
          }),
        ),
      );
    },
    touch: (uid) =>
      touchSession(
        deps,
        uid,
        (session: AdapterPayload) => sessionExpiry(config, session.loginTs, now()),
        now(),
      ),
    async list(owner) {
      const { Session } = deps.provider();
      const found = await fewAtATime(await uidsOf(owner), (uid) => Session.findByUid(uid));
      return found
        .map((session) => session && openSession(session))
        .filter((open) => open !== undefined)
        .filter((open) => isOf(open, owner))
        .sort((a, b) => b.signedInAt.getTime() - a.signedInAt.getTime());
    },
    end: (uid, why) => end(uid, why),
    async endAll(owner, why) {
      const uids = await uidsOf(owner);
      const only = 'clientId' in owner ? owner.clientId : undefined;
      const ended = await fewAtATime(uids, (uid) => end(uid, why, only));
      return ended.filter((open) => open !== undefined).length;
    },
  };
};

/** A service may have thousands of sessions, and others want connections too. */
const AT_A_TIME = 4;

const fewAtATime = async <T>(uids: Iterable<string>, work: (uid: string) => Promise<T>): Promise<T[]> => {
  const waiting = [...uids];
  const done: T[] = [];
  const worker = async (): Promise<void> => {
    for (let uid = waiting.pop(); uid !== undefined; uid = waiting.pop()) done.push(await work(uid));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return done;
};

/** A session may have changed hands since it was indexed. */
const isOf = (open: OpenSession, owner: SessionOwner): boolean => {
  if ('sub' in owner) return open.sub === owner.sub;
  if ('deviceId' in owner) return open.deviceId === owner.deviceId;
  return open.clientIds.includes(owner.clientId);
};

const openSession = (session: Session & CarriesMeans): OpenSession | undefined => {
  const { accountId: sub, loginTs, exp, uid: sid, acr, authMode, deviceId, cardSerial } = session;
  if (sub === undefined || loginTs === undefined || exp === undefined) return undefined;
  return {
    ...{ sid, sub, acr },
    signedInAt: new Date(loginTs * 1000),
    expiresAt: new Date(exp * 1000),
    clientIds: Object.keys(session.authorizations ?? {}),
    ...(authMode === undefined ? {} : { authMode }),
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(cardSerial === undefined ? {} : { cardSerial }),
  };
};
