import type { KeyRing } from '../platform/crypto.ts';
import type { MessageRequest } from './request.ts';

/** What a queued message says and to whom, encrypted and bound to its row. */

const PURPOSE = 'outbox';

/** Encrypts a whole request for the row `id`. */
export const sealRequest = (keyring: KeyRing, id: string, request: MessageRequest): Buffer =>
  keyring.encrypt(PURPOSE, Buffer.from(JSON.stringify(request)), id);

/**
 * Undoes {@link sealRequest}. Instants inside `data` come back as ISO texts, which templates accept as well as
 * dates. Throws when the row was tampered with or the master key changed.
 */
export const openRequest = (keyring: KeyRing, id: string, sealed: Uint8Array): MessageRequest =>
  JSON.parse(keyring.decrypt(PURPOSE, sealed, id).toString('utf8')) as MessageRequest;
