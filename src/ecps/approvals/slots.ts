import type { ExpiringStore } from '../../platform/store/contract.ts';
import { taggedKey } from '../../platform/store/keys.ts';
import { integer } from '../../platform/random.ts';
import { BACKCHANNEL_PER_IDENTIFIER, OPEN_PER_IDENTIFIER, TRANSACTION_SECONDS } from './limits.ts';

/**
 * The open sign-ins of one identifier, known or not: five places, and two-digit numbers that differ. A place is given
 * back when its own browser is served or starts again, never by what a phone does: a stranger who fills the places
 * would see it. Services that ask without a page (CIBA) have places of their own, so that they crowd out no page.
 */
export interface Place {
  slot: number;
  number: string;
}

const slotKey = (nationalId: string, slot: number) => taggedKey('ecps:open', nationalId, String(slot));
const numberKey = (nationalId: string, number: string) => taggedKey('ecps:open', nationalId, `n${number}`);
const SLOTS = Array.from({ length: OPEN_PER_IDENTIFIER }, (_, index) => index);
const BACKCHANNEL_SLOTS = Array.from(
  { length: BACKCHANNEL_PER_IDENTIFIER },
  (_, index) => OPEN_PER_IDENTIFIER + index,
);
/** More draws than a person with five open sign-ins can ever need. */
const DRAWS = 40;

const takeSlot = async (
  store: ExpiringStore,
  nationalId: string,
  txn: string,
  { slots = SLOTS as readonly number[], seconds = TRANSACTION_SECONDS } = {},
) => {
  for (const slot of slots) {
    const key = slotKey(nationalId, slot);
    if (await store.setIfAbsent(key, txn, seconds)) return slot;
    if (await store.replace(key, '', txn, seconds)) return slot;
  }
  return undefined;
};

/** A place for a sign-in that a service asks by itself; its words are the service's, so no number is drawn. */
export const takeBackchannelSlot = (
  store: ExpiringStore,
  nationalId: string,
  txn: string,
  seconds: number,
): Promise<number | undefined> => takeSlot(store, nationalId, txn, { slots: BACKCHANNEL_SLOTS, seconds });

/** Gives back a place taken by {@link takeBackchannelSlot}. */
export const leaveBackchannelSlot = (store: ExpiringStore, nationalId: string, txn: string, slot: number) =>
  store.replace(slotKey(nationalId, slot), txn, '', 1);

const takeNumber = async (store: ExpiringStore, nationalId: string, txn: string) => {
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const number = String(integer(10, 100));
    if (await store.setIfAbsent(numberKey(nationalId, number), txn, TRANSACTION_SECONDS)) return number;
  }
  return undefined;
};

/** Takes a place; undefined when there is none left, and then only the QR is offered. */
export const takePlace = async (
  store: ExpiringStore,
  nationalId: string,
  txn: string,
): Promise<Place | undefined> => {
  const slot = await takeSlot(store, nationalId, txn);
  if (slot === undefined) return undefined;
  const number = await takeNumber(store, nationalId, txn);
  if (number !== undefined) return { slot, number };
  await store.replace(slotKey(nationalId, slot), txn, '', 1);
  return undefined;
};

/** Gives a place back. */
export const leavePlace = async (
  store: ExpiringStore,
  nationalId: string,
  txn: string,
  place: Place,
): Promise<void> => {
  await store.replace(slotKey(nationalId, place.slot), txn, '', 1);
  await store.replace(numberKey(nationalId, place.number), txn, '', 1);
};

/** The sign-ins that have a place, in no order. */
export const listOpen = async (store: ExpiringStore, nationalId: string): Promise<string[]> => {
  const found = await store.getMany(
    [...SLOTS, ...BACKCHANNEL_SLOTS].map((slot) => slotKey(nationalId, slot)),
  );
  return found.filter((txn): txn is string => txn !== undefined && txn !== '');
};

const claimKey = (deviceId: string) => `ecps:claimed:{${deviceId}}`;

/** Remembers what a phone scanned last, so that its list shows it. */
export const keepClaimed = (store: ExpiringStore, deviceId: string, txn: string) =>
  store.set(claimKey(deviceId), txn, TRANSACTION_SECONDS);

export const readClaimed = (store: ExpiringStore, deviceId: string) => store.get(claimKey(deviceId));
