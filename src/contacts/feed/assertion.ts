import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose';
import * as z from 'zod';
import { Refusal } from '../../http/errors.ts';
import type { Clock } from '../../platform/clock.ts';
import { constantTimeEqualText, sha256Base64url } from '../../platform/crypto.ts';
import { epochSeconds } from '../../platform/clock.ts';
import type { Database } from '../../platform/postgres.ts';
import type { ExpiringStore } from '../../platform/store/contract.ts';
import { taggedKey } from '../../platform/store/keys.ts';
import { findFeed, type FeedRow } from './repository.ts';

/**
 * Who sends a batch: a JWT as in private_key_jwt (RFC 7523), by a key declared for the feed, for this address, used once, and
 * bound to the very bytes sent by `body_sha256`, so that what was signed is the batch itself.
 */

export interface AssertionDeps {
  db: Database;
  store: Pick<ExpiringStore, 'setIfAbsent'>;
  clock: Clock;
  /** The address of the feed: what `aud` must name. */
  audience: string;
}

/** Asymmetric only. */
export const FEED_ALGORITHMS = ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA'];
const LONGEST_LIFE_SECONDS = 300;
const SKEW_SECONDS = 30;

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string(),
  exp: z.number(),
  iat: z.number(),
  jti: z.string().min(8).max(200),
  body_sha256: z.string(),
});

const invalid = (detail: string, cause?: unknown): Refusal =>
  new Refusal('feed_assertion_invalid', 401, { detail, cause });

const issuerOf = (assertion: string): string => {
  try {
    return decodeJwt(assertion).iss ?? '';
  } catch (error) {
    throw invalid('no JWT', error);
  }
};

/** The feed that signed this body. Refusals: `feed_assertion_invalid`, `feed_assertion_replayed`. */
export const authenticateFeed = async (
  { db, store, clock, audience }: AssertionDeps,
  assertion: string | undefined,
  body: Uint8Array,
): Promise<FeedRow> => {
  if (assertion === undefined || assertion.length > 8000) throw invalid('no assertion');
  const feed = await findFeed(db, issuerOf(assertion));
  if (!feed || feed.disabled_at !== null) throw invalid('no such feed, or it is disabled');
  const now = clock.now();
  const verified = await jwtVerify(assertion, createLocalJWKSet(feed.jwks as unknown as JSONWebKeySet), {
    algorithms: FEED_ALGORITHMS,
    audience,
    issuer: feed.id,
    subject: feed.id,
    currentDate: now,
    clockTolerance: SKEW_SECONDS,
    requiredClaims: ['exp', 'iat', 'jti', 'body_sha256'],
  }).catch((error: unknown) => {
    throw invalid('the JWT does not verify', error);
  });
  const claims = claimsSchema.safeParse(verified.payload);
  if (!claims.success) throw invalid('malformed claims', claims.error);
  const { exp, iat, jti, body_sha256: hash } = claims.data;
  if (exp - iat > LONGEST_LIFE_SECONDS) throw invalid('lives too long');
  if (iat > epochSeconds(now) + SKEW_SECONDS) throw invalid('issued in the future');
  if (!constantTimeEqualText(hash, sha256Base64url(body))) throw invalid('signed for another body');
  // As long as it could be presented again, and a little more.
  const seconds = Math.max(1, Math.ceil(exp - epochSeconds(now)) + 2 * SKEW_SECONDS);
  const fresh = await store.setIfAbsent(
    taggedKey('feed-jti', sha256Base64url(`${feed.id}\n${jti}`)),
    '1',
    seconds,
  );
  if (!fresh) throw new Refusal('feed_assertion_replayed', 401);
  return feed;
};
