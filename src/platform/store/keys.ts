/** Keys of the expiring store, checked the same way whatever is behind it, so that the sandbox finds a wrong one. */

/** Longest key, in UTF-8 bytes. */
const LONGEST_KEY = 1024;
/** Longest message of a channel, in UTF-8 bytes: PostgreSQL's limit. */
const LONGEST_MESSAGE = 7999;

/** The part of a key that decides where it lives in a cluster: between the first `{` and the next `}`, else all of it. */
export const hashTag = (key: string): string => {
  const open = key.indexOf('{');
  if (open === -1) return key;
  const close = key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
};

/** `kind:{tag}` or `kind:{tag}:rest`; braces inside the parts are escaped, so that nobody moves a key elsewhere. */
export const taggedKey = (kind: string, tag: string, ...rest: readonly string[]): string => {
  const escape = (part: string): string => part.replaceAll('{', '%7B').replaceAll('}', '%7D');
  return [kind, `{${escape(tag)}}`, ...rest.map(escape)].join(':');
};

/** Throws unless `key` can be a key. */
export const checkKey = (key: string): string => {
  if (key === '' || key.includes('\0') || Buffer.byteLength(key) > LONGEST_KEY) {
    throw new TypeError(`a key has 1 to ${LONGEST_KEY} bytes, none of them zero`);
  }
  return key;
};

/** Throws unless all are keys and share one hash tag. */
export const checkKeys = (keys: readonly string[]): readonly string[] => {
  for (const key of keys) checkKey(key);
  if (new Set(keys.map(hashTag)).size > 1) {
    throw new TypeError(`keys of one call must share a hash tag: ${keys.join(', ')}`);
  }
  return keys;
};

/** Throws unless `value` can be stored as text. */
export const checkValue = (value: string): string => {
  if (value.includes('\0')) throw new TypeError('a value has no zero byte');
  return value;
};

/** Throws unless this is a time to live: whole seconds, at least one. */
export const checkTtl = (ttlSeconds: number): number => {
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1) {
    throw new RangeError(`a time to live is a whole number of seconds, at least 1, not ${ttlSeconds}`);
  }
  return ttlSeconds;
};

/** Throws when a message is too long for a channel. */
export const checkMessage = (message: string): string => {
  if (Buffer.byteLength(message) > LONGEST_MESSAGE) {
    throw new RangeError(`a message has at most ${LONGEST_MESSAGE} bytes`);
  }
  return checkValue(message);
};
