import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, SignJWT, type JWK } from 'jose';
import type { Audit } from '../../audit/record.ts';
import { Refusal } from '../../http/errors.ts';
import { epochSeconds, type Clock } from '../../platform/clock.ts';
import type { Database } from '../../platform/postgres.ts';
import { token } from '../../platform/random.ts';
import { saveFeed, setFeedDisabled } from './repository.ts';

/** What an operator does with feeds. */

export interface FeedAdminDeps {
  db: Database;
  clock: Clock;
  audit: Audit;
}

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'];
const SMALLEST_RSA_BITS = 2048;

const fit = (key: JWK): boolean => {
  if (key.kty === 'RSA') return Buffer.from(key.n ?? '', 'base64url').length * 8 >= SMALLEST_RSA_BITS;
  if (key.kty === 'EC') return key.crv === 'P-256' || key.crv === 'P-384';
  return key.kty === 'OKP' && key.crv === 'Ed25519';
};

const parseKeys = async (text: string): Promise<JWK[]> => {
  if (text.includes('-----BEGIN')) {
    return [await exportJWK(createPublicKey(text.includes('PRIVATE KEY') ? createPrivateKey(text) : text))];
  }
  const value = JSON.parse(text) as JWK & { keys?: JWK[] };
  return value.keys ?? [value];
};

/**
 * The public keys of a file: PEM, JWK or JWKS. Private parts are left out, each key gets its thumbprint as `kid` unless it
 * has one. Refusal: `feed_key_unfit`, for none, or one that is symmetric or too weak.
 */
export const readPublicKeys = async (text: string): Promise<{ keys: Record<string, unknown>[] }> => {
  const unfit = (detail: string, cause?: unknown) => new Refusal('feed_key_unfit', 400, { detail, cause });
  const keys = await parseKeys(text).catch((error: unknown) => {
    throw unfit('neither PEM nor JWK', error);
  });
  if (keys.length === 0 || keys.length > 10) throw unfit('one to ten keys');
  return {
    keys: await Promise.all(
      keys.map(async (key) => {
        if (!fit(key)) throw unfit(`${key.kty} ${key.crv ?? ''} key`);
        const open = Object.fromEntries(
          Object.entries(key).filter(([name]) => !PRIVATE_MEMBERS.includes(name)),
        );
        return { ...open, kid: key.kid ?? (await calculateJwkThumbprint(key)) };
      }),
    ),
  };
};

/** Declares a feed, or gives one other keys and professions. */
export const declareFeed = async (
  { db, clock, audit }: FeedAdminDeps,
  feed: { id: string; keys: string; professions: readonly string[]; by?: string | undefined },
): Promise<{ id: string; kids: string[] }> => {
  if (!/^[A-Za-z0-9._-]{1,60}$/.test(feed.id))
    throw new Refusal('request_invalid', 400, { detail: 'feed id' });
  const jwks = await readPublicKeys(feed.keys);
  const kids = jwks.keys.map(({ kid }) => String(kid));
  await db.transaction(async (tx) => {
    await saveFeed(tx, { id: feed.id, jwks, professions: [...feed.professions] }, clock.now());
    const details = {
      feed: feed.id,
      act: 'declared',
      keys: kids.join(' '),
      professions: feed.professions.join(' '),
    };
    await audit.record(tx, { type: 'contact_feed_changed', details: { ...details, ...byOf(feed.by) } });
  });
  return { id: feed.id, kids };
};

const byOf = (by: string | undefined): { by?: string } => (by === undefined ? {} : { by });

/** Stops a feed, or lets it in again. Refusal: `not_found`. */
export const switchFeed = async (
  { db, clock, audit }: FeedAdminDeps,
  { id, disabled, by }: { id: string; disabled: boolean; by?: string | undefined },
): Promise<void> => {
  await db.transaction(async (tx) => {
    if (!(await setFeedDisabled(tx, id, disabled, clock.now()))) throw new Refusal('not_found', 404);
    const act = disabled ? 'disabled' : 'enabled';
    await audit.record(tx, { type: 'contact_feed_changed', details: { feed: id, act, ...byOf(by) } });
  });
};

const algorithmOf = (key: JWK): string => {
  if (key.kty === 'EC') return key.crv === 'P-384' ? 'ES384' : 'ES256';
  return key.kty === 'RSA' ? 'PS256' : 'EdDSA';
};

/** Signs a batch as its sender does: for documentation, tries and tests. */
export const signBatch = async (options: {
  id: string;
  /** PEM. */
  privateKey: string;
  body: Uint8Array;
  audience: string;
  now: Date;
}): Promise<string> => {
  const key = createPrivateKey(options.privateKey);
  const publicKey = await exportJWK(createPublicKey(key));
  const alg = algorithmOf(publicKey);
  const at = epochSeconds(options.now);
  return new SignJWT({ body_sha256: createHash('sha256').update(options.body).digest('base64url') })
    .setProtectedHeader({ alg, kid: await calculateJwkThumbprint(publicKey) })
    .setIssuer(options.id)
    .setSubject(options.id)
    .setAudience(options.audience)
    .setIssuedAt(at)
    .setExpirationTime(at + 120)
    .setJti(token(16))
    .sign(key);
};
