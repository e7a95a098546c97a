import type { Queryable } from '../../platform/postgres.ts';
import type { EcpsDeps } from '../deps.ts';
import { publicJwk, type PublicJwk } from '../protocol/payloads.ts';
import { findGeneration } from './repository.ts';

const PURPOSE = 'ecps/pin-public-key';
const aad = (deviceId: string, gen: number): string => `${deviceId}|${gen}`;

/** P_pub as it is stored: with it in clear and a stolen phone, PINs could be tested without asking. */
export const sealPinKey = (
  { keyring }: Pick<EcpsDeps, 'keyring'>,
  deviceId: string,
  gen: number,
  key: PublicJwk,
): Buffer => keyring.encrypt(PURPOSE, Buffer.from(JSON.stringify(key)), aad(deviceId, gen));

/** P_pub of a generation; undefined when it has none (never enrolled, abandoned, forgotten). */
export const readPinKey = async (
  { keyring }: Pick<EcpsDeps, 'keyring'>,
  tx: Queryable,
  deviceId: string,
  gen: number,
): Promise<PublicJwk | undefined> => {
  const sealed = (await findGeneration(tx, deviceId, gen))?.p_sealed;
  if (!sealed) return undefined;
  return publicJwk.parse(JSON.parse(keyring.decrypt(PURPOSE, sealed, aad(deviceId, gen)).toString('utf8')));
};
