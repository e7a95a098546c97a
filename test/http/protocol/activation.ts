import { describe, expect, test } from 'vitest';
import type { Story } from './story.ts';
import { PIN, OTHER_PIN, refused, byNumber } from './story.ts';

export const activationTests = ({ server, makePhone, upToPin, enrolled }: Story): void => {
  describe('activation', () => {
    test('by the QR of the mail, then the SMS, then a PIN', async () => {
      const nationalId = await server.person();
      const phone = await makePhone();
      const started = await phone.activate(`8 ${nationalId.slice(1, 5)} ${nationalId.slice(5)}`);
      expect(started).toMatchObject({ state: 'mail_sent' });
      expect(await server.smsCount(nationalId)).toBe(0);
      const { qr } = await server.mail(started.activationId);
      const scanned = await phone.scanMail(qr);
      expect(scanned).toMatchObject({ state: 'sms_sent', activationId: started.activationId });
      expect(scanned.smsExpiresAt).toBeDefined();
      const due = await phone.smsCode(await server.smsCode(nationalId));
      expect(due).toMatchObject({ state: 'pin_due', deviceId: started.deviceId, pin: { maxLength: 8 } });
      const { device, revocationCode, receipt } = await phone.enrol(PIN);
      expect(device).toMatchObject({
        id: started.deviceId,
        state: 'active',
        via: 'contact',
        current: true,
      });
      expect(revocationCode).toMatch(/[0-9A-Z]{4}/);
      expect(receipt.split('.')).toHaveLength(3);
      expect(await phone.devices()).toMatchObject([{ id: device.id, state: 'active' }]);
    });

    test('by the eight characters of the mail, typed carelessly, with 11 digits of identifier', async () => {
      const nationalId = await server.person();
      const phone = await makePhone();
      const { activationId } = await phone.activate(nationalId.slice(1));
      const { typedCode } = await server.mail(activationId);
      const careless = ` ${typedCode.slice(0, 4).toLowerCase()}-${typedCode.slice(4)} `.replaceAll('0', 'o');
      await expect(phone.typeMailCode(careless)).resolves.toMatchObject({ state: 'sms_sent' });
    });

    test('is refused with its reason: identifier, contact details', async () => {
      const phone = await makePhone();
      await expect(phone.activate('12')).rejects.toEqual(refused('identifier_malformed', { status: 400 }));
      await expect(phone.activate(server.nobody())).rejects.toEqual(refused('identifier_unknown'));
      await expect(phone.activate(server.nobody({ luhn: false }))).rejects.toEqual(
        refused('identifier_check'),
      );
      const missing = await server.person({ contact: 'missing' });
      await expect(phone.activate(missing)).rejects.toEqual(refused('contact_missing'));
      const recent = await server.person({ contact: 'recent' });
      await expect(phone.activate(recent)).rejects.toEqual(
        refused('contact_too_recent', { availableAt: expect.stringMatching(/^20\d\d-/) }),
      );
    });

    test('a QR serves once, on the phone that asked, within 30 minutes', async () => {
      const nationalId = await server.person();
      const phone = await makePhone();
      const { activationId } = await phone.activate(nationalId);
      const { qr } = await server.mail(activationId);
      const thief = await makePhone();
      await thief.activate(nationalId);
      await expect(thief.scanMail(qr)).rejects.toEqual(refused('code_wrong'));
      await phone.scanMail(qr);
      await expect(phone.scanMail(qr)).rejects.toEqual(refused('already_used'));
      const late = await makePhone();
      const again = await late.activate(nationalId);
      const mail = await server.mail(again.activationId);
      server.clock.advance(30 * 60 + 1);
      await expect(late.scanMail(mail.qr)).rejects.toEqual(refused('code_expired'));
    });

    test('three wrong SMS codes and five wrong typed codes are one too many', async () => {
      const nationalId = await server.person();
      const phone = await makePhone();
      const { activationId } = await phone.activate(nationalId);
      await phone.scanMail((await server.mail(activationId)).qr);
      const right = await server.smsCode(nationalId);
      const bad = right === '000000' ? '000001' : '000000';
      for (const triesLeft of [2, 1, 0]) {
        await expect(phone.smsCode(bad)).rejects.toEqual(refused('code_wrong', { triesLeft }));
      }
      await expect(phone.smsCode(right)).rejects.toEqual(refused('code_expired'));
      const typist = await makePhone();
      const started = await typist.activate(nationalId);
      const { typedCode } = await server.mail(started.activationId);
      const wrongCode = typedCode === '00000000' ? '11111111' : '00000000';
      for (const triesLeft of [4, 3, 2, 1, 0]) {
        await expect(typist.typeMailCode(wrongCode)).rejects.toEqual(refused('code_wrong', { triesLeft }));
      }
      await expect(typist.typeMailCode(typedCode)).rejects.toEqual(refused('gone'));
    });

    test('a second one by the same phone supersedes the first; by another phone it does not', async () => {
      const nationalId = await server.person();
      const [phone, stranger] = [await makePhone(), await makePhone()];
      const first = await phone.activate(nationalId);
      const former = await phone.clone();
      const { qr } = await server.mail(first.activationId);
      await stranger.activate(nationalId);
      await expect(phone.activation()).resolves.toMatchObject({ state: 'mail_sent' });
      await phone.activate(nationalId);
      await expect(former.scanMail(qr)).rejects.toEqual(refused('superseded'));
      await expect(phone.activation()).resolves.toMatchObject({ state: 'mail_sent' });
    });

    test('a lost answer at any step loses nothing', async () => {
      const nationalId = await server.person();
      const phone = await makePhone();
      const { activationId } = await phone.activate(nationalId);
      const { qr } = await server.mail(activationId);
      server.loseAnswer(/\/scan$/);
      await expect(phone.scanMail(qr)).resolves.toMatchObject({ state: 'sms_sent' });
      server.loseAnswer(/\/sms-code$/);
      await expect(phone.smsCode(await server.smsCode(nationalId))).resolves.toMatchObject({
        state: 'pin_due',
      });
      server.loseAnswer(/\/evaluate$/);
      server.loseAnswer(/\/enrol$/);
      await expect(phone.enrol(PIN)).resolves.toMatchObject({ device: { state: 'active' } });
      expect(server.lost()).toBe(4);
      const page = await server.page(nationalId);
      await byNumber(phone, page);
      await expect(page.finish()).resolves.toMatchObject({ nationalId });
    });

    test('a forgotten PIN is chosen anew on the same phone, which then waits as a new one would', async () => {
      const { phone, nationalId, device } = await enrolled();
      const due = await upToPin(phone, nationalId);
      expect(due).toMatchObject({ deviceId: device.id, gen: 2 });
      const again = await phone.enrol(OTHER_PIN);
      expect(again.device).toMatchObject({ id: device.id, state: 'quarantine' });
      server.clock.advance(3_601);
      const page = await server.page(nationalId);
      await expect(byNumber(phone, page, PIN)).rejects.toEqual(refused('pin_wrong'));
      await byNumber(phone, page, OTHER_PIN);
      await expect(page.finish()).resolves.toMatchObject({ deviceId: device.id });
    });
  });
};
