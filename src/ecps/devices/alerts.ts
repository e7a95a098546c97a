import type { PushSubscription } from '../../messages/service.ts';
import type { Queryable } from '../../platform/postgres.ts';
import type { MailData, MailTemplate } from '../../../views/mails/data.ts';
import type { Ecps, EcpsDeps } from '../deps.ts';
import type { DeviceRow } from './repository.ts';

/** Tells a person what happens to his phones, in the transaction in which it happens. */
export interface Alerts {
  mail<T extends MailTemplate>(
    tx: Queryable,
    template: T,
    data: MailData[T],
    about: { locale: 'fr' | 'en'; deviceId?: string; dedupeKey?: string },
  ): Promise<void>;
}

/**
 * Reads a person's channels. Call it before the transaction: inside, it would take a second connection while holding
 * the first, and a full pool would wait for itself.
 */
export const openAlerts = async (
  ecps: Pick<Ecps, 'registry' | 'messages'>,
  practitionerId: string,
): Promise<Alerts> => {
  const { email } = await ecps.registry.channels(practitionerId);
  return {
    async mail(tx, template, data, about) {
      if (email === undefined) return;
      await ecps.messages.enqueue(tx, {
        kind: 'mail',
        template,
        to: email,
        locale: about.locale,
        data,
        practitionerId,
        ...(about.deviceId === undefined ? {} : { deviceId: about.deviceId }),
        ...(about.dedupeKey === undefined ? {} : { dedupeKey: about.dedupeKey }),
      } as Parameters<typeof ecps.messages.enqueue>[1]); // template and data go together by the signature above
    },
  };
};

const PUSH = 'ecps/push-subscription';

/** A push subscription as it is stored: an address that only this server should know. */
export const sealPush = (deps: Pick<EcpsDeps, 'keyring'>, deviceId: string, subscription: PushSubscription) =>
  deps.keyring.encrypt(PUSH, Buffer.from(JSON.stringify(subscription)), deviceId);

/** Rings a phone's doorbell; nothing when it has none. */
export const ring = async (
  deps: Pick<EcpsDeps, 'keyring' | 'messages'>,
  tx: Queryable,
  device: Pick<DeviceRow, 'id' | 'practitioner_id' | 'push_sealed'>,
  expiresAt: Date,
): Promise<void> => {
  if (device.push_sealed === null) return;
  const subscription = JSON.parse(
    deps.keyring.decrypt(PUSH, device.push_sealed, device.id).toString('utf8'),
  ) as PushSubscription;
  await deps.messages.enqueue(tx, {
    kind: 'push',
    subscription,
    deviceId: device.id,
    practitionerId: device.practitioner_id,
    expiresAt,
  });
};
