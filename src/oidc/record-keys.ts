import { sha256Base64url } from '../platform/crypto.ts';

/**
 * Names of the library's records in the expiring store, and the shapes of identifiers from which they follow.
 *
 * Everything of one session shares a hash tag made from its name (`sid`), so that in a Redis Cluster it lives on one node
 * and is read in one round trip: the session `<tag>.<random>`, its grants `<tag><random>`, their codes and tokens
 * `<grant>.<random>`. A grant without a session has a random tag.
 */

/** Base64url of 16 bytes: what a UUID is without its dashes. */
const TAG_LENGTH = 22;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const IDENTIFIER = /^[A-Za-z0-9_-]{1,200}(\.[A-Za-z0-9_-]{1,200})?$/;
/** Of a refresh token: the grant, the family, its authenticator, the generation. */
const REFRESH = /^([A-Za-z0-9_-]{1,200})\.([A-Za-z0-9_-]{16})([A-Za-z0-9_-]{32})(0|[1-9]\d{0,8})$/;

const TOKENS: Readonly<Record<string, string>> = { AuthorizationCode: 'C', AccessToken: 'A' };

/** What was made of the last few texts: a request asks for the same one again and again. */
const remembering = <R>(make: (text: string) => R): ((text: string) => R) => {
  const known = new Map<string, R>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined || known.has(text)) return before as R;
    if (known.size >= 500) known.clear();
    const made = make(text);
    known.set(text, made);
    return made;
  };
};

/** The hash tag of a session, from its name. */
export const sessionTag = remembering((uid: string): string =>
  UUID.test(uid) ? Buffer.from(uid.replaceAll('-', ''), 'hex').toString('base64url') : uid,
);

/** The name of the session of a hash tag, when it is a UUID. */
export const uidOfTag = remembering((tag: string): string | undefined => {
  const bytes = Buffer.from(tag, 'base64url');
  if (tag.length !== TAG_LENGTH || bytes.length !== 16) return undefined;
  const hex = bytes.toString('hex');
  const uid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join(
    '-',
  );
  return sessionTag(uid) === tag ? uid : undefined;
});

/** True for what can be an identifier of ours. */
export const isIdentifier = (id: string): boolean => IDENTIFIER.test(id);

/** What stands before the dot: of a code or token its grant, of a session its tag. */
export const beforeDot = (id: string): string | undefined => {
  const dot = id.indexOf('.');
  return dot === -1 ? undefined : id.slice(0, dot);
};

/** The hash tag of a code, token or grant. */
export const tagOf = (id: string): string => (beforeDot(id) ?? id).slice(0, TAG_LENGTH);

/** The parts of a refresh token, its authenticator not yet checked. */
export const refreshParts = (id: string) => {
  const [, grantId = '', family = '', mac = '', generation = ''] = REFRESH.exec(id) ?? [];
  return family === '' ? undefined : { grantId, family, mac, generation: Number(generation) };
};

export const sessionKey = (tag: string): string => `oidc:{${tag}}:S`;
export const grantKey = (id: string): string => `oidc:{${id.slice(0, TAG_LENGTH)}}:G${id.slice(TAG_LENGTH)}`;

/** Where a record lives; undefined for an identifier that we cannot have given. */
export const recordKey = (model: string, id: string): string | undefined => {
  if (!IDENTIFIER.test(id)) return undefined;
  if (model === 'Grant') return grantKey(id);
  if (model === 'Session') return sessionKey(beforeDot(id) ?? id);
  if (model === 'RefreshToken') {
    const parts = refreshParts(id);
    return parts && `oidc:{${tagOf(id)}}:R${parts.family}`;
  }
  const letter = TOKENS[model];
  return letter === undefined
    ? `oidc:{${beforeDot(id) ?? id}}:${model}`
    : `oidc:{${tagOf(id)}}:${letter}${sha256Base64url(id)}`;
};
