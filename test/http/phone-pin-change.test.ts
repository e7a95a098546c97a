import { beforeAll, describe, expect, test } from 'vitest';
import { type Phone, createPhone } from '../../src/phone/client.ts';
import { createMemoryVault } from '../support/phone-vault.ts';
import { type ProtocolServer, startProtocolServer } from './protocol/server.ts';
import { OTHER_PIN, PIN, refused, wrong } from './protocol/story.ts';

/** A PIN change in two times, as the app asks for it: the old one is judged before the new one is chosen. */

let server: ProtocolServer;
let phone: Phone;

beforeAll(async () => {
  server = await startProtocolServer();
  phone = createPhone({ origin: server.origin, vault: createMemoryVault(), locale: 'fr' });
  const nationalId = await server.person();
  const device = { name: 'Téléphone de test', model: 'Virtuel', os: 'Node' };
  const { activationId } = await phone.activate({ nationalId, device });
  await phone.scanMail((await server.mail(activationId)).qr);
  await phone.smsCode(await server.smsCode(nationalId));
  await phone.enrol(PIN);
}, 60_000);

describe('a PIN change', () => {
  test('is refused at the old PIN, and that is one try', async () => {
    await expect(phone.startPinChange(wrong(0))).rejects.toEqual(refused('pin_wrong', { triesLeft: 4 }));
  });

  test('goes on after a new PIN that is too easy, at the cost of no try', async () => {
    const change = await phone.startPinChange(PIN);
    expect(change.minLength).toBeGreaterThanOrEqual(4);
    await expect(change.complete('123456')).rejects.toEqual(
      refused('pin_refused', { pinProblem: 'sequence' }),
    );
    const { gen } = await change.complete(OTHER_PIN);
    await expect(phone.me()).resolves.toMatchObject({ gen, pin: { triesLeft: 5 } });
    await expect(phone.startPinChange(PIN)).rejects.toEqual(refused('pin_wrong'));
    await expect(phone.startPinChange(OTHER_PIN)).resolves.toBeDefined();
  });
});
