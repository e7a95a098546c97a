import { Refusal } from '../../http/errors.ts';
import type { Queryable } from '../../platform/postgres.ts';
import { readable, token } from '../../platform/random.ts';
import { activationChannel, personChannel } from '../channels.ts';
import type { Ecps } from '../deps.ts';
import { openAlerts, ring, type Alerts } from '../devices/alerts.ts';
import { holdDevice, stepDevice } from '../devices/changes.ts';
import { afterWakingTime } from '../devices/quarantine.ts';
import { admitDevice, findDevice, listDevices, type DeviceRow } from '../devices/repository.ts';
import { revocationHmac, stopHmac } from '../devices/service.ts';
import { stateAt, viewOf } from '../devices/state.ts';
import { keepHistory } from '../history.ts';
import { finalizeChange } from '../pin/change.ts';
import { countNewPin } from '../pin/count.ts';
import { sealPinKey } from '../pin/key.ts';
import { addMonths } from '../pin/renewal.ts';
import { countEvaluations, forgetFormer, installGeneration } from '../pin/repository.ts';
import { keepReceipt, type Body } from '../pin/signed.ts';
import { openJws, pinKid, type OpenedJws } from '../protocol/jws.ts';
import { enrolPayload, type EnrolPayload, type GeneralJws } from '../protocol/payloads.ts';
import { checked, decide, refuse } from '../refuse.ts';
import { QUARANTINE_SECONDS } from './limits.ts';
import {
  closeOthers,
  completeActivation,
  lockActivation,
  lockPerson,
  type ActivationRow,
} from './repository.ts';
import { phoneLimit } from './sms.ts';
import { judgeStep } from './step.ts';

/** The PIN step: up to three evaluations of the PIN being chosen, then the enrolment signed by D and P. */

const ANSWER = 'ecps/enrolment-answer';
/** Path of the page that a stop link opens. */
export const STOP_PATH = '/telephone/arreter';

/** An evaluation of the PIN being chosen. */
export const evaluateEnrolment = async (
  ecps: Ecps,
  activation: ActivationRow,
  asked: { blinded: string; gen: number },
) => {
  const counted = await decide(ecps.db, async (tx) => {
    const held = await lockActivation(tx, activation.id);
    if (!held) return refuse('not_found');
    const refused = await judgeStep(ecps, tx, held, 'evaluate');
    if (refused) return refused;
    if (asked.gen !== held.gen) return refuse('payload_mismatch');
    return countNewPin(tx, {
      scope: held.id,
      deviceId: held.device_id,
      gen: asked.gen,
      blinded: asked.blinded,
      now: ecps.clock.now(),
    });
  });
  return {
    evaluated: ecps.keys.evaluate(activation.device_id, counted.gen, asked.blinded),
    triesLeft: counted.triesLeft,
  };
};

const sameKey = (a: { x: string; y: string }, b: { x: string; y: string }) => a.x === b.x && a.y === b.y;

/** Reads the enrolment and checks both signatures and every field that does not depend on the moment. */
const openEnrolment = async (ecps: Ecps, activation: ActivationRow, jws: GeneralJws) => {
  const opened = await checked(() => openJws(jws, enrolPayload));
  const { payload } = opened;
  const signed =
    opened.signedBy(activation.thumbprint, pinKid(payload.gen)) &&
    (await opened.verify(activation.thumbprint, activation.jwk)) &&
    (await opened.verify(pinKid(payload.gen), payload.jwk_p));
  if (!signed) throw refuse('signature_invalid');
  const same =
    payload.aud === ecps.config.issuer &&
    payload.activation_id === activation.id &&
    payload.device_id === activation.device_id &&
    sameKey(payload.jwk_d, activation.jwk) &&
    !sameKey(payload.jwk_p, payload.jwk_d);
  if (!same) throw refuse('payload_mismatch');
  return opened;
};

/** How a phone starts: at once when a card vouches or it is the person's only one, else in quarantine. */
const admission = (
  ecps: Ecps,
  via: ActivationRow['via'],
  others: readonly DeviceRow[],
  known: DeviceRow | undefined,
): { state: 'active' | 'quarantine'; until: Date | undefined } => {
  const now = ecps.clock.now();
  const alone = others.length === 0 && known === undefined;
  if (alone || via === 'card') return { state: 'active', until: undefined };
  const canAnswer = others.some((device) => stateAt(device, now) === 'active');
  const until = canAnswer
    ? afterWakingTime(now, QUARANTINE_SECONDS, ecps.config.timeZone)
    : new Date(now.getTime() + QUARANTINE_SECONDS * 1000);
  return { state: 'quarantine', until };
};

/** A phone that comes back with its own key D: allowed from every state but revoked, with a seq that goes on. */
const judgeReturn = async (
  ecps: Ecps,
  tx: Queryable,
  known: DeviceRow | undefined,
  enrolment: { payload: EnrolPayload; via: ActivationRow['via'] },
): Promise<Refusal | undefined> => {
  if (!known) return undefined;
  const { payload, via } = enrolment;
  const step = await stepDevice(ecps, tx, known, via === 'card' ? 'readmit' : 'readmit_quarantined');
  if (step instanceof Refusal) return step;
  // Two copies were noticed: neither's count is worth anything any more.
  if (known.state !== 'frozen' && payload.seq <= known.seq) return refuse('payload_mismatch');
  return undefined;
};

interface Admitted {
  device: DeviceRow;
  revocationCode: string;
  stopUrl: string;
}

const admit = async (
  ecps: Ecps,
  tx: Queryable,
  activation: ActivationRow,
  opened: OpenedJws<EnrolPayload>,
  start: ReturnType<typeof admission>,
): Promise<Admitted> => {
  const now = ecps.clock.now();
  const { payload } = opened;
  const revocationCode = [1, 2, 3, 4].map(() => readable(4)).join('-');
  const stopToken = token(32);
  await admitDevice(tx, {
    id: activation.device_id,
    practitionerId: activation.practitioner_id,
    nationalId: activation.national_id,
    name: activation.name,
    model: activation.model,
    os: activation.os,
    locale: activation.locale,
    state: start.state,
    via: activation.via,
    vouchedBy: activation.card_serial ?? activation.id,
    place: activation.place,
    jwk: activation.jwk,
    thumbprint: activation.thumbprint,
    gen: payload.gen,
    seq: payload.seq,
    seqHash: Buffer.from(opened.hash, 'base64url'),
    quarantineUntil: start.until,
    revocationHmac: revocationHmac(ecps, revocationCode),
    stopHmac: stopHmac(ecps, stopToken),
    now,
    expiresAt: addMonths(now, ecps.config.deviceMonths),
  });
  const sealed = sealPinKey(ecps, activation.device_id, payload.gen, payload.jwk_p);
  await installGeneration(tx, activation.device_id, payload.gen, sealed);
  await forgetFormer(tx, activation.device_id);
  const device = await findDevice(tx, activation.device_id);
  if (!device) throw new Error('the phone just written is not there');
  await finalizeChange(tx, device);
  return { device, revocationCode, stopUrl: `${ecps.config.origin}${STOP_PATH}/${stopToken}` };
};

/** Every known channel is told; the person's other phones ring and show the new one. */
const announce = async (
  ecps: Ecps,
  tx: Queryable,
  activation: ActivationRow,
  told: { admitted: Admitted; others: readonly DeviceRow[]; alerts: Alerts },
): Promise<void> => {
  const { admitted, others, alerts } = told;
  const { device } = admitted;
  const now = ecps.clock.now();
  const about = { locale: activation.locale, deviceId: device.id };
  await ecps.audit.record(tx, {
    type: 'ecps.device_added',
    nationalId: device.national_id,
    deviceId: device.id,
    details: { activation: activation.id, via: device.via, state: device.state, gen: device.gen },
  });
  await keepHistory(tx, {
    nationalId: device.national_id,
    kind: 'device_added',
    device: device.name,
    place: device.place || undefined,
    at: now,
  });
  await alerts.deviceAdded(
    tx,
    {
      deviceName: device.name,
      at: now,
      stopUrl: admitted.stopUrl,
      ...(device.quarantine_until === null ? {} : { quarantineUntil: device.quarantine_until }),
    },
    about,
  );
  for (const other of others.filter((phone) => stateAt(phone, now) === 'active')) {
    await ring(ecps, tx, other, device.quarantine_until ?? new Date(now.getTime() + 3_600_000));
  }
  for (const closed of await closeOthers(tx, activation.practitioner_id, activation.id, now)) {
    await ecps.audit.record(tx, {
      type: 'ecps.activation_closed',
      nationalId: activation.national_id,
      details: { activation: closed.id, reason: 'other_completed' },
    });
    if (closed.silent) continue;
    await alerts.mail(
      tx,
      'activation_closed',
      { deviceName: closed.name, at: now, reason: 'other_completed' },
      { locale: closed.locale },
    );
  }
};

const enrolHeld = async (
  ecps: Ecps,
  tx: Queryable,
  activation: ActivationRow,
  enrolment: { opened: OpenedJws<EnrolPayload>; jws: GeneralJws; alerts: Alerts },
): Promise<Refusal | Body> => {
  const { opened, jws, alerts } = enrolment;
  const refused = await judgeStep(ecps, tx, activation, 'enrol');
  if (refused) return refused;
  const { payload } = opened;
  if (payload.gen !== activation.gen) return refuse('payload_mismatch');
  if ((await countEvaluations(tx, activation.id, activation.device_id, payload.gen)) === 0) {
    return refuse('step_wrong', { detail: 'no evaluation in this activation' });
  }
  const full = await phoneLimit(ecps, tx, activation);
  if (full) return full;
  const known = await holdDevice(ecps, tx, activation.device_id);
  const others = (await listDevices(tx, activation.national_id)).filter(
    (device) => device.id !== activation.device_id,
  );
  const wrong = await judgeReturn(ecps, tx, known, { payload, via: activation.via });
  if (wrong) return wrong;
  const admitted = await admit(ecps, tx, activation, opened, admission(ecps, activation.via, others, known));
  const { device, revocationCode } = admitted;
  const now = ecps.clock.now();
  const receipt = await keepReceipt(
    ecps,
    { tx, device, payload, opened, jws, now },
    { kind: 'enrolment', scope: activation.id },
  );
  await announce(ecps, tx, activation, { admitted, others, alerts });
  const answer = { device: viewOf(device, now, device.id), revocationCode, receipt: receipt ?? '' };
  const sealed = ecps.keyring.encrypt(ANSWER, Buffer.from(JSON.stringify(answer)), activation.id);
  await completeActivation(tx, activation.id, {
    hash: Buffer.from(opened.hash, 'base64url'),
    sealed,
    now,
  });
  return answer;
};

/** The answer of an enrolment already done, for the same payload only. */
const answerAgain = (ecps: Ecps, activation: ActivationRow, hash: string): Body | undefined => {
  const { enrol_hash: kept, enrol_sealed: sealed } = activation;
  if (kept === null || sealed === null || !kept.equals(Buffer.from(hash, 'base64url'))) return undefined;
  return JSON.parse(ecps.keyring.decrypt(ANSWER, sealed, activation.id).toString('utf8')) as Body;
};

/** Enrols the phone; the same payload again gets the same answer. */
export const enrol = async (ecps: Ecps, activation: ActivationRow, jws: GeneralJws): Promise<Body> => {
  const opened = await openEnrolment(ecps, activation, jws);
  const alerts = await openAlerts(ecps, activation.practitioner_id);
  const person = await ecps.registry.findById(activation.practitioner_id);
  if (person?.status !== 'active') throw refuse('gone', { detail: 'no longer practises' });
  const body = await decide(ecps.db, async (tx) => {
    await lockPerson(tx, activation.practitioner_id);
    const held = await lockActivation(tx, activation.id);
    if (!held) return refuse('not_found');
    return answerAgain(ecps, held, opened.hash) ?? enrolHeld(ecps, tx, held, { opened, jws, alerts });
  });
  ecps.messages.kick();
  await ecps.store.publish(personChannel(activation.national_id), 'devices');
  await ecps.store.publish(activationChannel(activation.id), 'done');
  return body;
};
