import type { KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';
import { CompactSign, compactVerify, errors } from 'jose';
import * as z from 'zod';
import type { Act } from '../command.ts';
import { sha256Base64url } from '../platform/crypto.ts';

/**
 * What operators sign: JWS (RFC 7515) with a type of its own, so that a signature made for one purpose never serves
 * another, bound to this issuer, to one act and to an instant.
 */

const ACT = 'caducee-act+jwt';
const ANSWER = 'caducee-act-answer+jwt';

/** Seconds that a signature may be old, or early, when it is presented. */
const FRESH = 300;

const actPayload = z.strictObject({
  iss: z.string(),
  iat: z.int(),
  id: z.string(),
  operator: z.string(),
  digest: z.string(),
  breakGlass: z.boolean(),
});
export type ActStatement = z.output<typeof actPayload>;

const answerPayload = z.strictObject({
  iss: z.string(),
  iat: z.int(),
  id: z.string(),
  operator: z.string(),
  digest: z.string(),
  decision: z.enum(['confirm', 'refuse', 'seen']),
});
export type AnswerStatement = z.output<typeof answerPayload>;

/** Why a signed statement counts for nothing. */
export class StatementError extends Error {}

/** Fingerprint of an act: its kind, name, arguments and reason (RFC 8785, SHA-256, base64url). */
export const digestOf = ({ kind, name, arguments: args, reason }: Act): string =>
  sha256Base64url(canonicalize({ kind, name, arguments: args, reason }) ?? '');

/** A key signs in one way: which one is not the signature's to say. */
const algorithmOf = (key: KeyObject): string => (key.asymmetricKeyType === 'ed25519' ? 'EdDSA' : 'ES256');

const sign = (type: string, payload: object, key: KeyObject): Promise<string> =>
  new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ typ: type, alg: algorithmOf(key) })
    .sign(key);

export const signAct = (payload: ActStatement, key: KeyObject): Promise<string> => sign(ACT, payload, key);
export const signAnswer = (payload: AnswerStatement, key: KeyObject): Promise<string> =>
  sign(ANSWER, payload, key);

const open = async <S extends z.ZodType<{ iss: string; iat: number }>>(
  jws: string,
  expected: { type: string; schema: S; key: KeyObject; issuer: string; now: number },
): Promise<z.output<S>> => {
  try {
    const { payload, protectedHeader } = await compactVerify(jws, expected.key, {
      algorithms: [algorithmOf(expected.key)],
    });
    if (protectedHeader.typ !== expected.type) throw new StatementError('signed for another purpose');
    const read = expected.schema.parse(JSON.parse(new TextDecoder().decode(payload)));
    if (read.iss !== expected.issuer) throw new StatementError('signed for another house');
    if (Math.abs(expected.now - read.iat) > FRESH) {
      throw new StatementError('signed too long ago, or by a clock that is not right');
    }
    return read;
  } catch (error) {
    if (error instanceof StatementError) throw error;
    if (error instanceof errors.JOSEError || error instanceof z.ZodError || error instanceof SyntaxError) {
      throw new StatementError('the signature is not that of this operator’s key', { cause: error });
    }
    throw error;
  }
};

interface Expected {
  key: KeyObject;
  issuer: string;
  /** Epoch seconds. */
  now: number;
}

/** Verifies a signed act. Throws {@link StatementError}. */
export const openAct = (jws: string, expected: Expected): Promise<ActStatement> =>
  open(jws, { ...expected, type: ACT, schema: actPayload });

/** Verifies what a second operator signed. Throws {@link StatementError}. */
export const openAnswer = (jws: string, expected: Expected): Promise<AnswerStatement> =>
  open(jws, { ...expected, type: ANSWER, schema: answerPayload });
