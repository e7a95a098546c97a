import type { AdapterPayload } from 'oidc-provider';
import { beforeDot, tagOf, uidOfTag } from './record-keys.ts';

/**
 * Records as text, as short as they can be: millions of sessions are open at once. Names become letters; what follows from the
 * identifier, and the beginning that all `sub` share, is left out. Written and read nowhere else.
 */

const SHORT: Readonly<Record<string, string>> = {
  ...{
    accountId: 'a',
    acr: 'r',
    amr: 'm',
    authTime: 't',
    authorizations: 'z',
    clientId: 'c',
    exp: 'e',
    iat: 'i',
  },
  ...{
    expiresWithSession: 'w',
    gty: 'g',
    iiat: 'f',
    loginTs: 'l',
    nonce: 'n',
    openid: 'o',
    scope: 's',
    sid: 'd',
  },
  ...{ sessionUid: 'u', transient: 'b', rotations: 'p', authMode: 'M', deviceId: 'D', uid: 'U', jti: 'j' },
  ...{ grantId: 'G', extra: 'x', cardSerial: 'C' },
};
const LONG: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(SHORT).map(([long, short]) => [short, long]),
);
/** Stands for the session's own name. */
const OWN = 1;
/** Before what was shortened at its beginning. */
const CUT = '~';

interface Authorization {
  sid?: unknown;
  grantId?: unknown;
}

export interface RecordTexts {
  write(model: string, id: string, payload: AdapterPayload): string;
  read(model: string, id: string, text: string): AdapterPayload;
}

const cut = (value: unknown, beginning: string): unknown =>
  typeof value === 'string' && value.startsWith(beginning) ? CUT + value.slice(beginning.length) : value;
const mend = (value: unknown, beginning: string): unknown =>
  typeof value === 'string' && value.startsWith(CUT) ? beginning + value.slice(CUT.length) : value;

const mapAuthorizations = (
  all: unknown,
  change: (authorization: Authorization) => Authorization,
): Record<string, Authorization> => {
  const given = all as Record<string, Authorization>;
  const changed: Record<string, Authorization> = {};
  for (const clientId of Object.keys(given)) changed[clientId] = change(given[clientId] as Authorization);
  return changed;
};

/** Makes {@link RecordTexts}; `subPrefix` is what every `sub` begins with. */
export const createRecordTexts = (subPrefix: string): RecordTexts => {
  const shorten = (name: string, value: unknown, tag: string, uid: string | undefined): unknown => {
    switch (name) {
      case 'accountId':
        return cut(value, subPrefix);
      case 'sid':
      case 'sessionUid':
      case 'uid':
        return value === uid ? OWN : value;
      case 'authorizations':
        return mapAuthorizations(value, (each) => ({
          ...each,
          ...(each.sid === undefined ? {} : { sid: each.sid === uid ? OWN : each.sid }),
          ...(each.grantId === undefined ? {} : { grantId: cut(each.grantId, tag) }),
        }));
      default:
        return value;
    }
  };
  const lengthen = (name: string, value: unknown, tag: string, uid: string | undefined): unknown => {
    switch (name) {
      case 'accountId':
        return mend(value, subPrefix);
      case 'sid':
      case 'sessionUid':
      case 'uid':
        return value === OWN ? uid : value;
      case 'authorizations':
        return mapAuthorizations(value, (each) => ({
          ...each,
          ...(each.sid === OWN ? { sid: uid } : {}),
          ...(each.grantId === undefined ? {} : { grantId: mend(each.grantId, tag) }),
        }));
      default:
        return value;
    }
  };

  return {
    write(model, id, payload) {
      const tag = tagOf(id);
      const uid = uidOfTag(tag);
      const session = model === 'Session';
      const grantId = session ? undefined : beforeDot(id);
      const short: Record<string, unknown> = {};
      for (const name of Object.keys(payload)) {
        const value = payload[name];
        if (value === undefined || name === 'kind' || (name === 'jti' && !session)) continue;
        if (name === 'grantId' && value === grantId) continue;
        short[SHORT[name] ?? name] = shorten(name, value, tag, uid);
      }
      return JSON.stringify(short);
    },
    read(model, id, text) {
      const tag = tagOf(id);
      const uid = uidOfTag(tag);
      const short = JSON.parse(text) as Record<string, unknown>;
      const payload: AdapterPayload = {};
      for (const letter of Object.keys(short)) {
        const name = LONG[letter] ?? letter;
        payload[name] = lengthen(name, short[letter], tag, uid);
      }
      if (model !== 'Session') {
        payload.jti = id;
        const grantId = beforeDot(id);
        if (grantId !== undefined) payload.grantId ??= grantId;
      }
      payload.kind = model;
      return payload;
    },
  };
};
