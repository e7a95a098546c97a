import canonicalize from 'canonicalize';
import { sha256 } from '@noble/hashes/sha2.js';
import * as z from 'zod';
import { toBase64url, utf8 } from './encoding.ts';

/**
 * What the person is shown before approving, and what both signatures cover (by its hash). The phone renders only
 * this, so nothing can be approved that was not on the screen.
 */
export const approvalContext = z.strictObject({
  service: z.strictObject({ clientId: z.string(), name: z.string(), host: z.string() }),
  /** Browser and system, such as "Firefox, Windows". */
  browser: z.string(),
  /** Approximate place; '' when unknown. */
  place: z.string(),
  /** When the sign-in started, ISO 8601. */
  at: z.iso.datetime(),
  /** Whether this person has already signed in from this browser. */
  known: z.boolean(),
  /** The level asked. */
  acr: z.string(),
  bindingMessage: z.string().optional(),
  locale: z.enum(['fr', 'en']),
});
export type ApprovalContext = z.output<typeof approvalContext>;

/** Canonical JSON (RFC 8785, JCS): one text for one value, whatever the order of its keys. */
export const canonicalJson = (value: unknown): string => {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return text;
};

/** SHA-256 of the canonical JSON of a value, in base64url. */
export const canonicalHash = (value: unknown): string => toBase64url(sha256(utf8(canonicalJson(value))));

/** `ctx_sha256` of an approval. */
export const contextHash = (context: ApprovalContext): string => canonicalHash(context);
