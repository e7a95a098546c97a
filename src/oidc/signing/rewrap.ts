import type { Audit } from '../../audit/record.ts';
import type { KmsRing } from '../../platform/kms/kms.ts';
import type { Database } from '../../platform/postgres.ts';
import { lockKeys, sealedKeys, updateSealed } from './repository.ts';

/**
 * Encrypts the signing keys anew, with the key management in use: after another driver, another file, another key of the
 * module or another master key was configured. All or nothing; the keys themselves stay, and no process notices.
 */
export const rewrapSigningKeys = (deps: {
  db: Database;
  kms: KmsRing;
  audit: Audit;
}): Promise<{ rewrapped: string[] }> =>
  deps.db.transaction(async (tx) => {
    await lockKeys(tx);
    const { current } = deps.kms;
    const kmsKey = await current.keyId();
    const rewrapped: string[] = [];
    for (const row of await sealedKeys(tx)) {
      if (row.kms === current.driver && row.kms_key === kmsKey) continue;
      const der = await deps.kms.open(row.kms, row.private_encrypted, row.kid, row.kms_key);
      const sealed = await current.seal(der, row.kid);
      await updateSealed(tx, row.kid, { sealed, kms: current.driver, kmsKey });
      rewrapped.push(row.kid);
    }
    if (rewrapped.length > 0) {
      const details = { change: 'rewrapped', keys: rewrapped.length, kms: current.driver };
      await deps.audit.record(tx, { type: 'signing_key_changed', details });
    }
    return { rewrapped };
  });
