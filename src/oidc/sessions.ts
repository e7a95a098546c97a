import type { AdapterPayload, Client, Provider, Session } from 'oidc-provider';
import type { Config } from '../config.ts';
import { epochSeconds, type Clock } from '../platform/clock.ts';
import { sha256Base64url } from '../platform/crypto.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';
import type { CarriesMeans } from './accounts.ts';
import { GRACE_SECONDS, touchSession } from './adapter.ts';
import { sessionExpiry } from './configuration.ts';
import type { Delivery } from './events.ts';

/**
 * Single sign-on sessions seen from outside a browser: found by person, phone or service, kept alive by refreshes,
 * ended with everything they gave.
 */
export interface Sessions {
  /** Makes a session findable; called whenever someone signed in or a service joined. */
  index(session: Session & CarriesMeans): Promise<void>;
  /** A use of the session without its cookie: it is idle from now. */
  touch(uid: string): Promise<void>;
  /** Ends one session: its grants, its record, and the services that asked to be told are told. */
  end(uid: string): Promise<boolean>;
  /** Ends every session of a person (by `sub`) or of a phone; of a service, what the sessions gave to it. */
  endAll(of: SessionOwner): Promise<number>;
}

export type SessionOwner = { sub: string } | { deviceId: string } | { clientId: string };

export interface SessionsDeps {
  provider(): Provider;
  store: ExpiringStore;
  clock: Clock;
  config: Pick<Config, 'idleSeconds' | 'sessionSeconds'>;
  /** Told how each back-channel logout went. */
  backchannel(outcome: Delivery): Promise<void>;
}

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

  const tell = async (session: Session, clientId: string): Promise<void> => {
    const client = await deps.provider().Client.find(clientId);
    const sub = session.accountId;
    if (client?.backchannelLogoutUri === undefined || sub === undefined) return;
    try {
      await notify(client, sub, session.sidFor(clientId));
      await deps.backchannel({ client, sub, error: undefined });
    } catch (error) {
      await deps.backchannel({ client, sub, error });
    }
  };

  const end = async (uid: string, only?: string): Promise<boolean> => {
    const session = await deps.provider().Session.findByUid(uid);
    if (session?.accountId === undefined) return false;
    await revokeGrants(session, only);
    if (only === undefined) await session.destroy();
    const clientIds = only === undefined ? Object.keys(session.authorizations ?? {}) : [only];
    await Promise.all(clientIds.map((clientId) => tell(session, clientId)));
    return true;
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
      await Promise.all(owners.map((owner) => store.addMember(setKey(owner, began), session.uid, seconds)));
    },
    touch: (uid) =>
      touchSession(
        { store },
        uid,
        (session: AdapterPayload) => sessionExpiry(config, session.loginTs, now()),
        now(),
      ),
    end: (uid) => end(uid),
    async endAll(owner) {
      const uids = await uidsOf(owner);
      const only = 'clientId' in owner ? owner.clientId : undefined;
      const ended = await Promise.all([...uids].map((uid) => end(uid, only)));
      return ended.filter(Boolean).length;
    },
  };
};

/** The library's own delivery, which is not in its types. */
const notify = (client: Client, sub: string, sid: string | undefined): Promise<unknown> =>
  (
    client as unknown as { backchannelLogout(sub: string, sid: string | undefined): Promise<unknown> }
  ).backchannelLogout(sub, sid);
