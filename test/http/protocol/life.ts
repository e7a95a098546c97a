import { describe, expect, test } from 'vitest';
import type { Story } from './story.ts';
import { PIN, OTHER_PIN, wrong, refused, byNumber } from './story.ts';

export const lifeTests = ({ server, makePhone, upToPin, enrolled }: Story): void => {
  describe('life of a phone', () => {
    test('a PIN is changed, and undone within ten minutes', async () => {
      const { phone, nationalId } = await enrolled();
      await expect(phone.changePin(wrong(0), OTHER_PIN)).rejects.toEqual(
        refused('pin_wrong', { triesLeft: 4 }),
      );
      const { gen } = await phone.changePin(PIN, OTHER_PIN);
      expect(gen).toBeGreaterThan(1);
      await expect(phone.rollbackPin(wrong(1))).rejects.toEqual(refused('pin_wrong', { triesLeft: 4 }));
      await expect(phone.rollbackPin(PIN)).resolves.toMatchObject({ gen: 1 });
      const page = await server.page(nationalId);
      await expect(byNumber(phone, page, OTHER_PIN)).rejects.toEqual(refused('pin_wrong'));
      await expect(byNumber(phone, page)).resolves.toBeDefined();
      const again = await phone.changePin(PIN, OTHER_PIN);
      expect(again.gen).toBeGreaterThan(gen);
      server.clock.advance(601);
      await expect(phone.rollbackPin(PIN)).rejects.toEqual(refused('gone'));
    });

    test('the first approval with the new PIN ends the way back', async () => {
      const { phone, nationalId } = await enrolled();
      await phone.changePin(PIN, OTHER_PIN);
      await byNumber(phone, await server.page(nationalId), OTHER_PIN);
      await expect(phone.rollbackPin(PIN)).rejects.toEqual(
        expect.objectContaining({ code: expect.stringMatching(/^(gone|step_wrong)$/) }),
      );
    });

    test('a lost answer does not undo a PIN change', async () => {
      const { phone, nationalId } = await enrolled();
      server.loseAnswer(/\/prove$/);
      server.loseAnswer(/\/complete$/);
      await phone.changePin(PIN, OTHER_PIN);
      await expect(byNumber(phone, await server.page(nationalId), OTHER_PIN)).resolves.toBeDefined();
    });

    test('is renewed with its PIN, and expires otherwise', async () => {
      const { phone, nationalId, device } = await enrolled();
      server.clock.advance(300 * 86_400);
      await expect(phone.renew(wrong(0))).rejects.toEqual(refused('pin_wrong'));
      const renewed = await phone.renew(PIN);
      expect(Date.parse(renewed.renewBy)).toBeGreaterThan(Date.parse(device.renewBy));
      server.clock.advance(400 * 86_400);
      const page = await server.page(nationalId);
      await expect(phone.scan((await page.qr()) ?? '')).rejects.toEqual(refused('device_expired'));
    });

    test('a second phone waits until the first lets it in, with the PIN', async () => {
      const { phone, nationalId } = await enrolled();
      const second = await makePhone();
      await upToPin(second, nationalId);
      const { device } = await second.enrol(OTHER_PIN);
      expect(device.state).toBe('quarantine');
      const page = await server.page(nationalId);
      await expect(second.scan((await page.qr()) ?? '')).rejects.toEqual(
        refused('device_quarantined', { availableAt: device.quarantineUntil }),
      );
      const { newPhones } = await phone.pending();
      expect(newPhones).toMatchObject([{ deviceId: device.id }]);
      await expect(phone.approveNewPhone(device.id, wrong(0))).rejects.toEqual(refused('pin_wrong'));
      await phone.approveNewPhone(device.id, PIN);
      await byNumber(second, page, OTHER_PIN);
      await expect(page.finish()).resolves.toMatchObject({ deviceId: device.id });
      expect((await phone.devices()).map(({ state }) => state)).toEqual(['active', 'active']);
    });

    test('a second phone that the first refuses is gone at once', async () => {
      const { phone, nationalId } = await enrolled();
      const second = await makePhone();
      await upToPin(second, nationalId);
      const { device } = await second.enrol(OTHER_PIN);
      await phone.denyNewPhone(device.id);
      await expect(second.pending()).rejects.toEqual(
        expect.objectContaining({ code: expect.stringMatching(/^device_(revoked|unknown)$/) }),
      );
      expect(await phone.devices()).toHaveLength(1);
    });

    test('a fourth phone is refused after the SMS code', async () => {
      const { nationalId } = await enrolled();
      for (const _ of [2, 3]) {
        server.clock.advance(86_401);
        const phone = await makePhone();
        await upToPin(phone, nationalId);
        await phone.enrol(PIN);
      }
      server.clock.advance(86_401);
      const fourth = await makePhone();
      await expect(upToPin(fourth, nationalId)).rejects.toEqual(refused('phone_limit'));
    });

    test('is renamed, and revoked by another phone or by the printed code', async () => {
      const { phone, nationalId, device, revocationCode } = await enrolled();
      await expect(phone.rename(device.id, 'Bleu')).resolves.toMatchObject({ name: 'Bleu' });
      const stranger = await enrolled();
      await expect(stranger.phone.rename(device.id, 'X')).rejects.toEqual(refused('not_found'));
      await expect(stranger.phone.revoke(device.id)).rejects.toEqual(refused('not_found'));
      const second = await makePhone();
      await upToPin(second, nationalId);
      const { device: added } = await second.enrol(OTHER_PIN);
      await phone.revoke(added.id);
      await expect(second.pending()).rejects.toEqual(refused('device_revoked'));
      await expect(server.revokeByCode('0000-0000-0000-0000')).resolves.toBe(204);
      await expect(phone.pending()).resolves.toBeDefined();
      await expect(server.revokeByCode(revocationCode.toLowerCase().replaceAll('-', ' '))).resolves.toBe(204);
      await expect(phone.pending()).rejects.toEqual(refused('device_revoked'));
      await upToPin(phone, nationalId, { newKeys: true });
      await expect(phone.enrol(PIN)).resolves.toMatchObject({ device: { state: 'active' } });
    });
  });
};
