import { describe, expect, test } from 'vitest';
import type { Story } from './story.ts';
import { PIN, OTHER_PIN, wrong, refused, number, only, byNumber } from './story.ts';

export const wrongPinTests = ({ server, upToPin, enrolled }: Story): void => {
  describe('wrong PINs', () => {
    test('three are free, then a minute, then five; the fifth, right, starts again', async () => {
      const { phone, nationalId } = await enrolled();
      let page = await server.page(nationalId);
      for (const [index, triesLeft] of [4, 3, 2].entries()) {
        await expect(byNumber(phone, page, wrong(index))).rejects.toEqual(
          refused('pin_wrong', { triesLeft }),
        );
      }
      await expect(byNumber(phone, page, wrong(3))).rejects.toEqual(
        refused('pin_wait', { retryAfter: 60, triesLeft: 2 }),
      );
      expect((await only(phone)).pin).toEqual({ triesLeft: 2, wait: 60 });
      server.clock.advance(61);
      page = await server.page(nationalId, { replaces: page });
      await expect(byNumber(phone, page, wrong(4))).rejects.toEqual(refused('pin_wrong', { triesLeft: 1 }));
      await expect(byNumber(phone, page)).rejects.toEqual(refused('pin_wait', { retryAfter: 300 }));
      server.clock.advance(301);
      page = await server.page(nationalId);
      await expect(byNumber(phone, page)).resolves.toMatchObject({ wrongTriesSince: 4 });
      page = await server.page(nationalId);
      await expect(byNumber(phone, page)).resolves.toMatchObject({ wrongTriesSince: 0 });
    });

    test('the fifth wrong one locks; a new proof of identity unlocks', async () => {
      const { phone, nationalId } = await enrolled();
      for (const [index, wait] of [0, 0, 0, 61, 301].entries()) {
        server.clock.advance(wait);
        const page = await server.page(nationalId);
        const code = index === 4 ? 'device_locked' : 'pin_wrong';
        await expect(byNumber(phone, page, wrong(index))).rejects.toEqual(refused(code));
        await phone.deny(page.txn).catch(() => undefined);
      }
      server.clock.advance(600);
      const page = await server.page(nationalId);
      await expect(phone.scan((await page.qr()) ?? '')).rejects.toEqual(refused('device_locked'));
      expect(await phone.me()).toMatchObject({ device: { state: 'locked' } });
      await upToPin(phone, nationalId);
      await phone.enrol(OTHER_PIN);
      server.clock.advance(3_601);
      const next = await server.page(nationalId);
      await expect(byNumber(phone, next, OTHER_PIN)).resolves.toMatchObject({ wrongTriesSince: 0 });
    });

    test('an evaluation that no approval follows stays counted', async () => {
      const { phone, nationalId } = await enrolled();
      const page = await server.page(nationalId);
      const request = await only(phone);
      const foreign = { ...request, challenge: 'A'.repeat(43) };
      await phone.approve({ request: foreign, bind: number(page.number), pin: PIN }).catch(() => undefined);
      expect((await only(phone)).pin).toEqual({ triesLeft: 4 });
    });
  });
};
