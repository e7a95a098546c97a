import type * as z from 'zod';
import { Refusal } from '../../http/errors.ts';
import type { Queryable } from '../../platform/postgres.ts';
import { uuid } from '../../platform/random.ts';
import type { Ecps } from '../deps.ts';
import { openAlerts, type Alerts } from '../devices/alerts.ts';
import { freezePhone, holdDevice } from '../devices/changes.ts';
import { keepSigned, type DeviceRow, type SignedAnswer } from '../devices/repository.ts';
import { stateAt, unusable } from '../devices/state.ts';
import { openJws, pinKid, type OpenedJws } from '../protocol/jws.ts';
import type { GeneralJws, SignedPayload } from '../protocol/payloads.ts';
import { REFUSALS, type RefusalCode } from '../protocol/refusals.ts';
import { checked, decide, refuse } from '../refuse.ts';
import { acceptPin, rejectPin } from './count.ts';
import { readPinKey } from './key.ts';
import { countEvaluations } from './repository.ts';

/**
 * What a phone signs for good. `seq` decides first: the same seq with the same payload is a retry and gets the answer
 * it got; a lower one, or the same with another payload, means two copies of the phone, which is frozen.
 */

export type Body = Readonly<Record<string, unknown>>;

/** What the work of one signed step receives: the phone's row is held, its signature D is right, its seq new. */
export interface SignedContext<P extends SignedPayload> {
  tx: Queryable;
  device: DeviceRow;
  payload: P;
  opened: OpenedJws<P>;
  jws: GeneralJws;
  alerts: Alerts;
  now: Date;
}

export interface SignedStep<S extends z.ZodType<SignedPayload>> {
  device: DeviceRow;
  jws: GeneralJws;
  schema: S;
  /** Key ids that must have signed after D, in order. */
  pinKids(payload: z.output<S>): number[];
  work(context: SignedContext<z.output<S>>): Promise<Refusal | Body>;
}

export interface SignedResult {
  body: Body;
  /** The answer of an earlier call with the same payload. */
  retried: boolean;
  hash: string;
}

const toAnswer = (result: Refusal | Body): SignedAnswer =>
  result instanceof Refusal
    ? {
        ok: false,
        code: result.code,
        details: {
          ...(result.details.triesLeft === undefined ? {} : { triesLeft: result.details.triesLeft }),
          ...(result.details.retryAfter === undefined ? {} : { retryAfter: result.details.retryAfter }),
        },
      }
    : { ok: true, body: result };

const isRefusalCode = (code: string): code is RefusalCode => code in REFUSALS;

const replay = (answer: SignedAnswer | null): Refusal | Body => {
  if (answer === null) return refuse('already_used');
  if (answer.ok) return answer.body;
  return refuse(isRefusalCode(answer.code) ? answer.code : 'gone', answer.details);
};

/** Reads a signed payload and checks D: who signed, in which order, for whom. Nothing is written yet. */
export const openSigned = async <S extends z.ZodType<SignedPayload>>(
  ecps: Pick<Ecps, 'config'>,
  step: Pick<SignedStep<S>, 'device' | 'jws' | 'schema' | 'pinKids'>,
): Promise<OpenedJws<z.output<S>>> => {
  const opened = await checked(() => openJws(step.jws, step.schema));
  const { device } = step;
  const kids = [device.thumbprint, ...step.pinKids(opened.payload).map(pinKid)];
  const right = opened.signedBy(...kids) && (await opened.verify(device.thumbprint, device.jwk));
  if (!right) throw refuse('signature_invalid');
  if (opened.payload.aud !== ecps.config.issuer || opened.payload.device_id !== device.id) {
    throw refuse('payload_mismatch', { detail: 'aud or device_id' });
  }
  return opened;
};

/** Runs one signed step in one transaction that commits whatever the verdict, with the answer kept for a retry. */
export const signedStep = async <S extends z.ZodType<SignedPayload>>(
  ecps: Ecps,
  step: SignedStep<S>,
): Promise<SignedResult> => {
  const opened = await openSigned(ecps, step);
  const { seq } = opened.payload;
  const hash = Buffer.from(opened.hash, 'base64url');
  const alerts = await openAlerts(ecps, step.device.practitioner_id);
  const result = await decide(ecps.db, async (tx): Promise<Refusal | SignedResult> => {
    const device = await holdDevice(ecps, tx, step.device.id);
    if (!device) return refuse('device_unknown');
    if (stateAt(device, ecps.clock.now()) === 'revoked') return refuse('device_revoked');
    if (seq === device.seq && hash.equals(device.seq_hash)) {
      const again = replay(device.seq_answer);
      return again instanceof Refusal ? again : { body: again, retried: true, hash: opened.hash };
    }
    if (seq <= device.seq) {
      await freezePhone(ecps, tx, device, alerts, { seq, last: device.seq });
      return refuse('device_frozen');
    }
    const now = ecps.clock.now();
    const verdict =
      unusable(device, now) ??
      (await step.work({ tx, device, payload: opened.payload, opened, jws: step.jws, alerts, now }));
    await keepSigned(tx, device.id, { seq, hash, answer: toAnswer(verdict) });
    return verdict instanceof Refusal ? verdict : { body: verdict, retried: false, hash: opened.hash };
  });
  ecps.messages.kick();
  return result;
};

/** Judges the PIN: was it evaluated in this scope, and does P's signature verify? Counts start again when it does. */
export const judgePin = async <P extends SignedPayload>(
  ecps: Ecps,
  context: SignedContext<P>,
  judged: { scope: string; gen: number },
): Promise<Refusal | { wrongTriesSince: number }> => {
  const { tx, device, opened, alerts } = context;
  const { scope, gen } = judged;
  if ((await countEvaluations(tx, scope, device.id, gen)) === 0) {
    return refuse('step_wrong', { detail: 'no evaluation in this scope' });
  }
  const key = await readPinKey(ecps, tx, device.id, gen);
  if (!key) return refuse('payload_mismatch', { detail: `generation ${gen} is not in use` });
  if (!(await opened.verify(pinKid(gen), key))) return rejectPin(ecps, tx, device, gen, alerts);
  return { wrongTriesSince: await acceptPin(ecps, tx, device, gen) };
};

/** Keeps what was signed and signs its receipt; undefined when this scope already has one. */
export const keepReceipt = async <P extends SignedPayload>(
  ecps: Ecps,
  context: Pick<SignedContext<P>, 'tx' | 'device' | 'payload' | 'opened' | 'jws' | 'now'>,
  about: {
    kind: string;
    scope: string;
    context?: object;
    flow?: 'cross' | 'same';
    verifierHash?: string | undefined;
  },
): Promise<string | undefined> => {
  const { tx, device, payload, opened, jws, now } = context;
  const id = uuid();
  const receipt = await ecps.keys.sign({
    iss: ecps.config.issuer,
    jti: id,
    iat: Math.floor(now.getTime() / 1000),
    kind: about.kind,
    scope: about.scope,
    device_id: device.id,
    payload_sha256: opened.hash,
  });
  const { rowCount } = await tx.query(
    `INSERT INTO ecps_receipt (id, kind, scope, device_id, practitioner_id, national_id, gen, jws, context, receipt,
       flow, verifier_hash, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (scope, kind) DO NOTHING`,
    [
      id,
      about.kind,
      about.scope,
      device.id,
      device.practitioner_id,
      device.national_id,
      payload.gen,
      JSON.stringify(jws),
      about.context === undefined ? null : JSON.stringify(about.context),
      receipt,
      about.flow ?? null,
      about.verifierHash ?? null,
      now,
    ],
  );
  return rowCount === 1 ? receipt : undefined;
};
