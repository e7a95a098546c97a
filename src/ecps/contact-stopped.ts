import type { Ecps } from './deps.ts';
import { closeOthers } from './activation/repository.ts';
import { listDevices } from './devices/repository.ts';
import { revokeDevice } from './devices/service.ts';

/**
 * A change of contact details was stopped by whom the former ones reach: the activations under way end, and so do the
 * phones activated with details since then.
 */
export const endContactActivations = async (
  ecps: Ecps,
  { nationalId, since }: { nationalId: string; since: Date },
): Promise<void> => {
  const { registry, db, clock, audit } = ecps;
  const person = await registry.find(nationalId);
  if (!person || since > clock.now()) return;
  await db.transaction(async (tx) => {
    for (const closed of await closeOthers(tx, person.id, '', clock.now())) {
      // oxlint-disable-next-line no-await-in-loop -- one connection
      await audit.record(tx, {
        type: 'ecps.activation_closed',
        nationalId,
        details: { activation: closed.id, reason: 'contact_change_stopped' },
      });
    }
  });
  for (const device of await listDevices(db, nationalId)) {
    const doubtful = device.via === 'contact' && device.added_at >= since;
    // oxlint-disable-next-line no-await-in-loop -- each is a transaction of its own
    if (doubtful) await revokeDevice(ecps, device, 'stop_link');
  }
};
