import { describe, expect, test } from 'vitest';
import type { Story } from './story.ts';
import { PIN, OTHER_PIN, byNumber, refused } from './story.ts';

const LETTERS = /^[BCDFGHJKLMNPQRSTVWXZ]{4}$/;

export const cardTests = ({ server, makePhone, enrolled }: Story): void => {
  describe('activation by card', () => {
    test('scans, compares, chooses a PIN: active at once, vouched for by the card, and no mail or SMS before', async () => {
      const nationalId = await server.person({ contact: 'recent' });
      const page = await server.card(nationalId);
      expect(await page.view()).toMatchObject({ state: 'waiting', nationalId, others: false });
      const phone = await makePhone();
      const scanned = await phone.activateByCard(await page.qr());
      expect(scanned).toMatchObject({ activationId: page.id, state: 'confirm_due' });
      expect(scanned.letters).toMatch(LETTERS);
      expect(scanned.nationalId).toBeUndefined();
      expect(await page.view()).toMatchObject({
        state: 'compare',
        letters: scanned.letters,
        phone: { name: expect.stringMatching(/./), model: expect.stringMatching(/./) },
      });
      await expect(phone.enrol(PIN)).rejects.toEqual(expect.objectContaining({ code: 'no_activation' }));
      await page.confirm();
      expect(await phone.activation()).toMatchObject({ state: 'pin_due', nationalId, gen: 1 });
      expect(await page.view()).toMatchObject({ state: 'pin' });
      expect(await server.smsCount(nationalId)).toBe(0);
      const { device, revocationCode } = await phone.enrol(PIN);
      expect(device).toMatchObject({ state: 'active', via: 'card', current: true });
      expect(revocationCode).toMatch(/[0-9A-Z]{4}/);
      expect(await page.view()).toMatchObject({ state: 'done' });
      const signIn = await server.page(nationalId);
      await byNumber(phone, signIn);
      await expect(signIn.finish()).resolves.toMatchObject({ nationalId, deviceId: device.id });
    });

    test('a second phone is active at once too, and its owner is told', async () => {
      const { phone: first, nationalId } = await enrolled();
      const page = await server.card(nationalId);
      const second = await makePhone();
      await second.activateByCard(await page.qr());
      await page.confirm();
      const { device } = await second.enrol(OTHER_PIN);
      expect(device).toMatchObject({ state: 'active', via: 'card' });
      const told = await server.alerts(nationalId);
      // Each phone is told by mail and by SMS.
      expect(told.filter((template) => template === 'device_added')).toHaveLength(4);
      expect((await first.devices()).map(({ via }) => via).toSorted()).toEqual(['card', 'contact']);
    });

    test('a forgotten PIN is chosen anew on the same phone, which serves at once', async () => {
      const { phone, nationalId, device } = await enrolled();
      const page = await server.card(nationalId);
      expect(await phone.activateByCard(await page.qr())).toMatchObject({ deviceId: device.id });
      await page.confirm();
      expect((await phone.enrol(OTHER_PIN)).device).toMatchObject({ id: device.id, state: 'active' });
      const signIn = await server.page(nationalId);
      await byNumber(phone, signIn, OTHER_PIN);
      await expect(signIn.finish()).resolves.toMatchObject({ deviceId: device.id });
    });

    test('a QR photographed and scanned elsewhere first shows another phone, and is refused on the computer', async () => {
      const nationalId = await server.person();
      const page = await server.card(nationalId);
      const photographed = await page.qr();
      const [owner, thief] = [await makePhone(), await makePhone()];
      const stolen = await thief.activateByCard(photographed);
      await expect(owner.activateByCard(photographed)).rejects.toEqual(refused('scanned_elsewhere'));
      const shown = await page.view();
      expect(shown).toMatchObject({ state: 'compare', letters: stolen.letters, others: true });
      await page.decline();
      expect(await thief.activation()).toMatchObject({ state: 'closed' });
      await expect(thief.enrol(PIN)).rejects.toEqual(expect.objectContaining({ code: 'no_activation' }));
      expect(await page.view()).toMatchObject({ state: 'refused' });
      await expect(page.confirm()).rejects.toEqual(refused('gone'));
      const again = await server.card(nationalId);
      const mine = await owner.activateByCard(await again.qr());
      expect(mine.letters).not.toBe(stolen.letters);
      await again.confirm();
      await expect(owner.enrol(PIN)).resolves.toMatchObject({ device: { via: 'card' } });
    });

    test('a QR photographed and scanned elsewhere afterwards is worth nothing, and the page says that it was tried', async () => {
      const nationalId = await server.person();
      const page = await server.card(nationalId);
      const photographed = await page.qr();
      const [owner, thief] = [await makePhone(), await makePhone()];
      const { letters } = await owner.activateByCard(photographed);
      await expect(thief.activateByCard(photographed)).rejects.toEqual(refused('scanned_elsewhere'));
      expect(await page.view()).toMatchObject({ state: 'compare', letters, others: true });
      await page.confirm();
      await expect(thief.activateByCard(photographed)).rejects.toEqual(refused('scanned_elsewhere'));
      await expect(owner.enrol(PIN)).resolves.toMatchObject({ device: { state: 'active' } });
    });

    test('only the browser that presented the card sees and answers', async () => {
      const page = await server.card(await server.person());
      const phone = await makePhone();
      await phone.activateByCard(await page.qr());
      expect(await page.view('another browser')).toBeUndefined();
      await expect(page.confirm('another browser')).rejects.toEqual(refused('gone'));
      expect(await phone.activation()).toMatchObject({ state: 'confirm_due' });
    });

    test('the QR changes every 10 s, each drawing holds for 30, and none after 90', async () => {
      const page = await server.card(await server.person());
      const first = await page.qr();
      server.clock.advance(10);
      const second = await page.qr();
      expect(second).not.toBe(first);
      server.clock.advance(20);
      const phone = await makePhone();
      await expect(phone.activateByCard(first)).rejects.toEqual(refused('qr_stale', { status: 410 }));
      await expect(phone.activateByCard(second)).resolves.toMatchObject({ state: 'confirm_due' });
      const other = await server.card(await server.person());
      server.clock.advance(89);
      const last = await other.qr();
      server.clock.advance(1);
      await expect(other.qr()).rejects.toThrow('no QR');
      await expect((await makePhone()).activateByCard(last)).rejects.toEqual(refused('qr_stale'));
      expect(await other.view()).toMatchObject({ state: 'expired' });
    });

    test('nobody who compares within three minutes: it is over', async () => {
      const page = await server.card(await server.person());
      const phone = await makePhone();
      await phone.activateByCard(await page.qr());
      server.clock.advance(181);
      expect(await page.view()).toMatchObject({ state: 'expired' });
      await expect(page.confirm()).rejects.toEqual(refused('code_expired'));
      expect(await phone.activation()).toMatchObject({ state: 'closed' });
    });

    test('a fourth phone is refused when the computer confirms', async () => {
      const nationalId = await server.person();
      for (const _ of [1, 2, 3]) {
        const page = await server.card(nationalId);
        const phone = await makePhone();
        await phone.activateByCard(await page.qr());
        await page.confirm();
        await phone.enrol(PIN);
      }
      const page = await server.card(nationalId);
      const fourth = await makePhone();
      await fourth.activateByCard(await page.qr());
      await expect(page.confirm()).rejects.toEqual(refused('phone_limit'));
      expect(await fourth.activation()).toMatchObject({ state: 'closed' });
    });

    test('a lost answer at any step loses nothing', async () => {
      const page = await server.card(await server.person());
      const phone = await makePhone();
      const before = server.lost();
      server.loseAnswer(/\/card-activations$/);
      const { letters } = await phone.activateByCard(await page.qr());
      expect(await page.view()).toMatchObject({ letters, others: false });
      await page.confirm();
      await page.view();
      server.loseAnswer(/\/evaluate$/);
      server.loseAnswer(/\/enrol$/);
      await expect(phone.enrol(PIN)).resolves.toMatchObject({ device: { state: 'active' } });
      expect(server.lost()).toBe(before + 3);
    });

    test('takes no QR of another kind', async () => {
      const { phone, nationalId } = await enrolled();
      const signIn = await server.page(nationalId);
      await expect(phone.activateByCard((await signIn.qr()) ?? '')).rejects.toEqual(
        expect.objectContaining({ code: 'request_invalid' }),
      );
      const page = await server.card(nationalId);
      await expect(phone.scan(await page.qr())).rejects.toEqual(
        expect.objectContaining({ code: 'request_invalid' }),
      );
    });
  });
};
