import { describe, expect, test } from 'vitest';
import type { Story } from './story.ts';
import { OTHER_PIN, wrong, refused, only, byNumber } from './story.ts';

export const lostAndCopiedTests = ({ server, upToPin, enrolled }: Story): void => {
  describe('lost answers and copies', () => {
    test('a lost evaluation is asked again for nothing, a lost approval gets its answer', async () => {
      const { phone, nationalId } = await enrolled();
      const page = await server.page(nationalId);
      server.loseAnswer(/\/evaluate$/);
      server.loseAnswer(/\/approve$/);
      await expect(byNumber(phone, page)).resolves.toMatchObject({ wrongTriesSince: 0 });
      await expect(page.finish()).resolves.toMatchObject({ nationalId });
      await server.page(nationalId);
      expect((await only(phone)).pin).toEqual({ triesLeft: 5 });
    });

    test('a wrong PIN whose answer was lost is counted once', async () => {
      const { phone, nationalId } = await enrolled();
      const page = await server.page(nationalId);
      server.loseAnswer(/\/evaluate$/);
      server.loseAnswer(/\/approve$/);
      await expect(byNumber(phone, page, wrong(0))).rejects.toEqual(refused('pin_wrong', { triesLeft: 4 }));
      expect((await only(phone)).pin).toEqual({ triesLeft: 4 });
    });

    test('a nonce gone stale costs nothing', async () => {
      const { phone, nationalId } = await enrolled();
      await phone.pending();
      server.clock.advance(61);
      const page = await server.page(nationalId);
      await expect(byNumber(phone, page)).resolves.toBeDefined();
    });

    test('a call replayed as it was is refused', async () => {
      const { phone, nationalId } = await enrolled();
      await server.page(nationalId);
      server.record(/\/pending$/);
      await only(phone);
      const replayed = await server.replay();
      expect(replayed).toMatchObject({ status: 401, body: { code: 'proof_invalid' } });
      expect(replayed.nonce).toMatch(/./);
    });

    test('two copies of one phone freeze it; its owner is told, and a new proof of identity thaws it', async () => {
      const { phone, nationalId, device } = await enrolled();
      const copy = await phone.clone();
      await byNumber(phone, await server.page(nationalId));
      const page = await server.page(nationalId);
      await expect(byNumber(copy, page)).rejects.toEqual(refused('device_frozen'));
      expect(await page.finish()).toBeUndefined();
      const next = await server.page(nationalId);
      await expect(phone.scan((await next.qr()) ?? '')).rejects.toEqual(refused('device_frozen'));
      expect(await phone.me()).toMatchObject({ device: { id: device.id, state: 'frozen' } });
      expect(await server.alerts(nationalId)).toContain('device_frozen');
      await upToPin(phone, nationalId);
      await phone.enrol(OTHER_PIN);
      server.clock.advance(3_601);
      const thawed = await server.page(nationalId);
      await expect(byNumber(phone, thawed, OTHER_PIN)).resolves.toBeDefined();
    });
  });
};
