import { Refusal } from '../../../http/errors.ts';
import type { Queryable } from '../../../platform/postgres.ts';
import { integer } from '../../../platform/random.ts';
import { activationChannel } from '../../channels.ts';
import type { Ecps } from '../../deps.ts';
import { LETTERS } from '../../protocol/api.ts';
import type { PublicJwk } from '../../protocol/payloads.ts';
import { parseCardQr } from '../../protocol/qr.ts';
import { checked, decide, refuse } from '../../refuse.ts';
import { CALLS_PER_ADDRESS, CARD_CONFIRM_SECONDS, isOwnMachine } from '../limits.ts';
import {
  findActivation,
  insertActivation,
  lockPerson,
  supersede,
  type ActivationRow,
} from '../repository.ts';
import { deviceIdFor } from '../start.ts';
import {
  claimCardPage,
  isFreshCardQr,
  noteOther,
  readCardPage,
  type CardPage,
  type StoredCardPage,
} from './record.ts';

/** The phone's half of an activation by card: it scans the QR of the page on which the card was presented. */

export interface CardScan {
  qr: string;
  jwk: PublicJwk;
  thumbprint: string;
  device: { name: string; model: string; os: string };
  locale: 'fr' | 'en';
  address: string;
}

/** Four letters that nobody chose: a phone cannot make itself look like another. */
const newLetters = (): string =>
  Array.from({ length: 4 }, () => LETTERS[integer(0, LETTERS.length)] ?? '').join('');

const insert = async (
  ecps: Ecps,
  tx: Queryable,
  page: CardPage,
  scan: CardScan,
): Promise<ActivationRow | Refusal> => {
  const now = ecps.clock.now();
  await lockPerson(tx, page.practitionerId);
  const written = await findActivation(tx, page.id);
  if (written) return written;
  const deviceId = await deviceIdFor(tx, scan.thumbprint, page.practitionerId);
  if (deviceId instanceof Refusal) return deviceId;
  await supersede(tx, scan.thumbprint, now);
  await insertActivation(tx, {
    id: page.id,
    practitioner_id: page.practitionerId,
    national_id: page.nationalId,
    device_id: deviceId,
    jwk: scan.jwk,
    thumbprint: scan.thumbprint,
    ...scan.device,
    locale: scan.locale,
    address: scan.address,
    place: ecps.ports.placeOf?.(scan.address) ?? '',
    state: 'confirm_due',
    via: 'card',
    card_serial: page.cardSerial,
    letters: newLetters(),
    silent: false,
    created_at: now,
    expires_at: new Date(now.getTime() + CARD_CONFIRM_SECONDS * 1000),
  });
  await ecps.audit.record(tx, {
    type: 'ecps.activation_started',
    nationalId: page.nationalId,
    deviceId,
    address: scan.address,
    details: { activation: page.id, via: 'card', card: page.cardSerial },
  });
  const activation = await findActivation(tx, page.id);
  if (!activation) throw new Error('the activation just written is not there');
  return activation;
};

/** A phone too late: the page, where the person compares, is told that there was another. */
const tooLate = async (ecps: Ecps, page: CardPage, scan: CardScan): Promise<Refusal> => {
  await noteOther(ecps.store, page.id);
  await ecps.db.transaction((tx) =>
    ecps.audit.record(tx, {
      type: 'ecps.activation_scanned_twice',
      nationalId: page.nationalId,
      address: scan.address,
      details: { activation: page.id },
    }),
  );
  await ecps.store.publish(activationChannel(page.id), 'other');
  return refuse('scanned_elsewhere');
};

/** Takes the page for this phone. A phone that lost the answer finds it its own already. */
const claim = async (ecps: Ecps, page: StoredCardPage, scan: CardScan): Promise<void> => {
  if (page.value.claim === undefined && (await claimCardPage(ecps.store, page, scan.thumbprint))) return;
  const now = await readCardPage(ecps.store, page.value.id);
  if (now?.value.claim === scan.thumbprint) return;
  throw await tooLate(ecps, page.value, scan);
};

/** Scans the QR: one use, one phone. What follows waits for the person at the computer. */
export const scanCardQr = async (ecps: Ecps, scan: CardScan): Promise<ActivationRow> => {
  const calls = await ecps.limits.hit('ecps-activation', scan.address, [CALLS_PER_ADDRESS]);
  if (!calls.allowed && !isOwnMachine(scan.address)) {
    throw refuse('too_many_requests', { retryAfter: calls.retryAfter });
  }
  const ticket = await checked(() => parseCardQr(scan.qr));
  const page = await readCardPage(ecps.store, ticket.id);
  if (!page || !isFreshCardQr(page.value, ticket.secret, ecps.clock.now())) throw refuse('qr_stale');
  const possible = await deviceIdFor(ecps.db, scan.thumbprint, page.value.practitionerId);
  if (possible instanceof Refusal) throw possible;
  await claim(ecps, page, scan);
  const activation = await decide(ecps.db, (tx) => insert(ecps, tx, page.value, scan));
  await ecps.store.publish(activationChannel(activation.id), 'scanned');
  return activation;
};
