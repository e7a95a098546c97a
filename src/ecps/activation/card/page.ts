import type { Refusal } from '../../../http/errors.ts';
import type { Queryable } from '../../../platform/postgres.ts';
import { id as newId, token } from '../../../platform/random.ts';
import { browserHash, isSameBrowser } from '../../approvals/secrets.ts';
import { activationChannel } from '../../channels.ts';
import type { Ecps } from '../../deps.ts';
import { allotGeneration } from '../../pin/repository.ts';
import { cardQr } from '../../protocol/qr.ts';
import { decide, refuse } from '../../refuse.ts';
import type { ActivationState } from '../flow.ts';
import { CARD_FRESH_SECONDS, CARD_QR_SECONDS, STEP_SECONDS } from '../limits.ts';
import {
  confirmPhone,
  endActivation,
  findActivation,
  lockActivation,
  lockPerson,
  type ActivationRow,
} from '../repository.ts';
import { phoneLimit } from '../sms.ts';
import { activationStateAt, judgeStep } from '../step.ts';
import { cardQrSecret, countOthers, readCardPage, writeCardPage, type CardPage } from './record.ts';

/** The computer's half of an activation by card: shows the QR, then the phone that scanned it, and asks. */

/** A card that was just presented. */
export interface PresentedCard {
  nationalId: string;
  /** Serial number of its certificate. */
  serial: string;
  /** When the handshake proved its possession, epoch seconds. */
  at: number;
}

export type CardPageState = 'waiting' | 'compare' | 'pin' | 'done' | 'refused' | 'expired';

/** What the page shows. */
export interface CardPageView {
  state: CardPageState;
  nationalId: string;
  cardSerial: string;
  /** When what it waits for is over. */
  expiresAt: Date;
  /** From `compare` on: the phone as it describes itself, and the letters that it shows. */
  phone?: { name: string; model: string; os: string; place: string };
  letters?: string;
  /** Another phone scanned the QR after this one: it was photographed, or two phones were held up. */
  others: boolean;
}

const STATES: Partial<Record<ActivationState, CardPageState>> = {
  confirm_due: 'compare',
  pin_due: 'pin',
  done: 'done',
  refused: 'refused',
};

/** Opens the page for a card presented within the last minute; its id is that of the activation to be. */
export const openCardPage = async (
  ecps: Ecps,
  card: PresentedCard,
  browserToken: string,
): Promise<string | undefined> => {
  const now = ecps.clock.now().getTime();
  if (now - card.at * 1000 > CARD_FRESH_SECONDS * 1000) return undefined;
  const person = await ecps.registry.find(card.nationalId);
  if (person?.status !== 'active') return undefined;
  const id = newId('act');
  await writeCardPage(ecps.store, {
    id,
    browserHash: browserHash(browserToken),
    practitionerId: person.id,
    nationalId: person.nationalId,
    cardSerial: card.serial,
    seed: token(32),
    openedAt: now,
    expiresAt: now + CARD_QR_SECONDS * 1000,
  });
  return id;
};

const readOwn = async (ecps: Ecps, id: string, browserToken: string): Promise<CardPage | undefined> => {
  const stored = await readCardPage(ecps.store, id);
  return stored && isSameBrowser(stored.value, browserToken) ? stored.value : undefined;
};

/** The text of the QR as it is drawn now; undefined once a phone scanned it or its time is over. */
export const currentCardQr = async (
  ecps: Ecps,
  id: string,
  browserToken: string,
): Promise<string | undefined> => {
  const page = await readOwn(ecps, id, browserToken);
  const now = ecps.clock.now();
  if (!page || page.claim !== undefined || page.expiresAt <= now.getTime()) return undefined;
  return cardQr({ id, secret: cardQrSecret(page, now) });
};

const withPhone = (activation: ActivationRow, now: Date): Partial<CardPageView> => ({
  state: STATES[activationStateAt(activation, now)] ?? 'expired',
  expiresAt: activation.expires_at,
  phone: {
    name: activation.name,
    model: activation.model,
    os: activation.os,
    place: activation.place,
  },
  ...(activation.letters === null ? {} : { letters: activation.letters }),
});

/** How it stands, for the browser that presented the card; undefined for any other. */
export const viewCardPage = async (
  ecps: Ecps,
  id: string,
  browserToken: string,
): Promise<CardPageView | undefined> => {
  const page = await readOwn(ecps, id, browserToken);
  if (!page) return undefined;
  const now = ecps.clock.now();
  const activation = page.claim === undefined ? undefined : await findActivation(ecps.db, id);
  return {
    state: page.expiresAt > now.getTime() ? 'waiting' : 'expired',
    nationalId: page.nationalId,
    cardSerial: page.cardSerial,
    expiresAt: new Date(page.expiresAt),
    others: (await countOthers(ecps.store, id)) > 0,
    ...(activation ? withPhone(activation, now) : {}),
  };
};

/** Runs one answer of the person at the computer on the activation, which it holds. */
const answer = async (
  ecps: Ecps,
  asked: { id: string; browserToken: string; action: 'confirm_phone' | 'refuse' },
  work: (tx: Queryable, held: ActivationRow) => Promise<Refusal | undefined>,
): Promise<void> => {
  const page = await readOwn(ecps, asked.id, asked.browserToken);
  if (!page) throw refuse('gone');
  await decide(ecps.db, async (tx) => {
    await lockPerson(tx, page.practitionerId);
    const held = await lockActivation(tx, asked.id);
    if (!held) return refuse('step_wrong', { detail: 'no phone scanned the QR' });
    return (await judgeStep(ecps, tx, held, asked.action)) ?? (await work(tx, held));
  });
  await ecps.store.publish(activationChannel(asked.id), 'answered');
};

/** The person found the same phone and the same letters: the PIN is due on the phone. */
export const confirmCardPhone = (ecps: Ecps, id: string, browserToken: string): Promise<void> =>
  answer(ecps, { id, browserToken, action: 'confirm_phone' }, async (tx, held) => {
    const full = await phoneLimit(ecps, tx, held);
    if (full) return full;
    const now = ecps.clock.now();
    const gen = await allotGeneration(tx, held.device_id, held.id, now);
    const expiresAt = new Date(now.getTime() + STEP_SECONDS * 1000);
    if (!(await confirmPhone(tx, held.id, { gen, expiresAt }))) return refuse('step_wrong');
    await ecps.audit.record(tx, {
      type: 'ecps.activation_confirmed',
      nationalId: held.national_id,
      deviceId: held.device_id,
      details: { activation: held.id, gen, via: 'card' },
    });
    return undefined;
  });

/** Another phone, other letters: it ends here. */
export const declineCardPhone = (ecps: Ecps, id: string, browserToken: string): Promise<void> =>
  answer(ecps, { id, browserToken, action: 'refuse' }, async (tx, held) => {
    // The table would also let a PIN that is being chosen be refused; the page only asks before.
    if (held.state !== 'confirm_due') return refuse('step_wrong');
    await endActivation(tx, held.id, { from: 'confirm_due', to: 'refused', now: ecps.clock.now() });
    await ecps.audit.record(tx, {
      type: 'ecps.activation_closed',
      nationalId: held.national_id,
      deviceId: held.device_id,
      details: { activation: held.id, reason: 'declined' },
    });
    return undefined;
  });
