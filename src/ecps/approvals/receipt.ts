import type { Ecps } from '../deps.ts';
import { findDevice } from '../devices/repository.ts';
import { stateAt } from '../devices/state.ts';
import { verifierHash } from './secrets.ts';

/** What a phone approved, as PostgreSQL holds it, and who that lets in. */

/** What the phone approved, for who finishes the sign-in. */
export interface Approved {
  nationalId: string;
  practitionerId: string;
  deviceId: string;
  flow: 'cross' | 'same';
  amr: string[];
  acr: string;
  at: Date;
}

interface ReceiptRow {
  device_id: string;
  practitioner_id: string;
  flow: 'cross' | 'same';
  at: Date;
}

/** Takes the proof of an approval, once and for all: the row in PostgreSQL says who was let in. */
export const serveReceipt = async (
  ecps: Ecps,
  txn: string,
  verifier: string | undefined,
): Promise<ReceiptRow | undefined> => {
  const { rows } = await ecps.db.query<ReceiptRow>(
    `UPDATE ecps_receipt SET served_at = $2
     WHERE scope = $1 AND kind = 'sign_in' AND served_at IS NULL AND (flow = 'cross' OR verifier_hash = $3)
     RETURNING device_id, practitioner_id, flow, at`,
    [txn, ecps.clock.now(), verifier === undefined ? null : verifierHash(verifier)],
  );
  return rows[0];
};

/** The proof of an approval that was not taken yet. */
export const findReceipt = async (ecps: Ecps, txn: string): Promise<ReceiptRow | undefined> => {
  const { rows } = await ecps.db.query<ReceiptRow>(
    `SELECT device_id, practitioner_id, flow, at FROM ecps_receipt
     WHERE scope = $1 AND kind = 'sign_in' AND served_at IS NULL AND flow = 'cross'`,
    [txn],
  );
  return rows[0];
};

/** Who is let in by a receipt; nobody when the person or the phone may no longer sign in. */
export const approvedBy = async (ecps: Ecps, receipt: ReceiptRow): Promise<Approved | undefined> => {
  const [device, person] = await Promise.all([
    findDevice(ecps.db, receipt.device_id),
    ecps.registry.findById(receipt.practitioner_id),
  ]);
  if (!device || person?.status !== 'active') return undefined;
  const state = stateAt(device, ecps.clock.now());
  if (state === 'revoked' || state === 'frozen') return undefined;
  return {
    nationalId: person.nationalId,
    practitionerId: person.id,
    deviceId: device.id,
    flow: receipt.flow,
    amr: ['pop', 'pin', 'mfa', 'swk', ...(receipt.flow === 'same' ? ['phr'] : [])],
    acr: ecps.config.acrEcps,
    at: receipt.at,
  };
};
