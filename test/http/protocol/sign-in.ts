import { describe, expect, test } from 'vitest';
import type { Bind, PendingRequest } from '../../../src/ecps/protocol/api.ts';
import type { Story } from './story.ts';
import { PIN, refused, number, other, only, byNumber } from './story.ts';

export const signInTests = ({ server, enrolled }: Story): void => {
  describe('signing in', () => {
    test('by the number: the page opens once, for the browser that started', async () => {
      const { phone, nationalId, device } = await enrolled();
      const page = await server.page(nationalId);
      const request = await only(phone);
      expect(request.context).toEqual(page.context);
      expect(request.bindings).toContain('number');
      expect(request.pin).toEqual({ triesLeft: 5 });
      expect(await page.status()).toBe('waiting');
      const answer = await byNumber(phone, page);
      expect(answer).toMatchObject({ wrongTriesSince: 0 });
      expect(answer.returnTo).toBeUndefined();
      expect(await page.status()).toBe('approved');
      expect(await page.finish({ browserToken: 'another browser' })).toBeUndefined();
      const approved = await page.finish();
      expect(approved).toMatchObject({ nationalId, deviceId: device.id, flow: 'cross', acr: 'eidas1' });
      expect(approved?.amr).toEqual(expect.arrayContaining(['pop', 'pin', 'mfa', 'swk']));
      expect(approved?.amr).not.toContain('phr');
      expect(await page.finish()).toBeUndefined();
      expect((await phone.pending()).requests).toEqual([]);
      expect((await phone.history())[0]).toMatchObject({ kind: 'sign_in', service: 'Vaccin Covid' });
    });

    test('by the QR, however long the PIN takes, with or without a typed identifier', async () => {
      const { phone, nationalId } = await enrolled();
      for (const named of [nationalId, undefined]) {
        const page = await server.page(named);
        const scanned = await phone.scan((await page.qr()) ?? '');
        expect(scanned.bind.m).toBe('qr');
        server.clock.advance(60);
        await phone.approve({ ...scanned, pin: PIN });
        await expect(page.finish()).resolves.toMatchObject({ nationalId, flow: 'cross' });
      }
    });

    test('a QR older than 15 seconds is refused, and the sign-in goes on', async () => {
      const { phone, nationalId } = await enrolled();
      const page = await server.page(nationalId);
      const old = (await page.qr()) ?? '';
      server.clock.advance(20);
      await expect(phone.scan(old)).rejects.toEqual(refused('gone'));
      await phone.approve({ ...(await phone.scan((await page.qr()) ?? '')), pin: PIN });
      await expect(page.finish()).resolves.toMatchObject({ nationalId });
    });

    test('by the link: only the verifier, in the browser that started, opens', async () => {
      const { phone, nationalId } = await enrolled();
      const page = await server.page(nationalId);
      const opened = await phone.scan((await page.link()) ?? '');
      expect(opened.bind.m).toBe('link');
      const { returnTo } = await phone.approve({ ...opened, pin: PIN });
      const verifier = new URL(returnTo ?? '').searchParams.get('v') ?? '';
      expect(verifier).toMatch(/^[\w-]{43}$/);
      expect(await page.status()).toBe('waiting');
      expect(await page.finish()).toBeUndefined();
      expect(await page.finish({ verifier: 'A'.repeat(43) })).toBeUndefined();
      expect(await page.finish({ verifier, browserToken: 'another browser' })).toBeUndefined();
      const approved = await page.finish({ verifier });
      expect(approved).toMatchObject({ nationalId, flow: 'same' });
      expect(approved?.amr).toContain('phr');
      expect(await page.finish({ verifier })).toBeUndefined();
    });

    test('a wrong number ends the sign-in and touches no PIN counter', async () => {
      const { phone, nationalId } = await enrolled();
      const page = await server.page(nationalId);
      const request = await only(phone);
      const attempt = (bind: Bind) => phone.approve({ request, bind, pin: PIN });
      await expect(attempt(other(page.number))).rejects.toEqual(refused('bind_wrong'));
      await expect(attempt(number(page.number))).rejects.toEqual(refused('gone'));
      expect(await page.status()).not.toBe('approved');
      const next = await server.page(nationalId);
      expect((await only(phone)).pin).toEqual({ triesLeft: 5 });
      await expect(byNumber(phone, next)).resolves.toMatchObject({ wrongTriesSince: 0 });
    });

    test('asked by a service without a page: what it shows is typed, and not on the phone before', async () => {
      const { phone, nationalId } = await enrolled();
      const approved = await server.service(nationalId, 'Dossier 12');
      const request = await only(phone);
      expect(request.bindings).toEqual(['message']);
      expect(JSON.stringify(request)).not.toContain('ossier 12');
      await phone.approve({ request, bind: { m: 'message', v: 'dossier  12' }, pin: PIN });
      expect(approved()).toBe('approved');

      const failed = await server.service(nationalId, 'Dossier 12');
      const again = {
        request: await only(phone),
        bind: { m: 'message', v: 'Dossier 13' },
        pin: PIN,
      } as const;
      await expect(phone.approve(again)).rejects.toEqual(refused('bind_wrong'));
      expect(failed()).toBe('failed');

      const digits = await server.service(nationalId, '47');
      const numbered = await only(phone);
      expect(numbered.bindings).toEqual(['number']);
      await phone.approve({ request: numbered, bind: { m: 'number', v: '47' }, pin: PIN });
      expect(digits()).toBe('approved');
    });

    test('nobody else’s phone sees, scans by number, or approves it', async () => {
      const { nationalId } = await enrolled();
      const stranger = await enrolled();
      const page = await server.page(nationalId);
      expect((await stranger.phone.pending()).requests).toEqual([]);
      await expect(stranger.phone.scan((await page.qr()) ?? '')).rejects.toEqual(refused('gone'));
      await expect(stranger.phone.deny(page.txn)).rejects.toEqual(refused('gone'));
      expect(await page.status()).toBe('waiting');
    });

    test('deny and report end it; the page only learns that time went by', async () => {
      const { phone, nationalId } = await enrolled();
      for (const action of ['deny', 'report'] as const) {
        const page = await server.page(nationalId);
        await phone[action](page.txn);
        expect(await page.status()).toBe('waiting');
        expect(await page.finish()).toBeUndefined();
        expect((await phone.pending()).requests).toEqual([]);
        await expect(phone.deny(page.txn)).rejects.toEqual(refused('gone'));
      }
      const kinds = (await phone.history()).map(({ kind }) => kind);
      expect(kinds.slice(0, 2)).toEqual(['reported', 'denied']);
    });

    test('two minutes later it is over', async () => {
      const { phone, nationalId } = await enrolled();
      const page = await server.page(nationalId);
      const request = await only(phone);
      server.clock.advance(121);
      expect((await phone.pending()).requests).toEqual([]);
      await expect(phone.approve({ request, bind: number(page.number), pin: PIN })).rejects.toEqual(
        refused('gone'),
      );
      expect(await page.status()).toBe('expired');
    });

    test('a phone that listens hears of it at once', async () => {
      const { phone, nationalId } = await enrolled();
      const heard = phone.nextEvent();
      const page = await server.page(nationalId, { afterListening: true });
      await heard;
      expect((await only(phone)).txn).toBe(page.txn);
    });

    test('an approval is of what was shown, and of nothing else', async () => {
      const { phone, nationalId } = await enrolled();
      const page = await server.page(nationalId);
      const request = await only(phone);
      const shown = { ...request.context, service: { ...request.context.service, name: 'Autre service' } };
      const attempt = (changed: PendingRequest) =>
        phone.approve({ request: changed, bind: number(page.number), pin: PIN });
      await expect(attempt({ ...request, context: shown })).rejects.toEqual(refused('payload_mismatch'));
      await expect(attempt({ ...request, challenge: 'A'.repeat(43) })).rejects.toEqual(
        refused('payload_mismatch'),
      );
      expect(await page.status()).toBe('waiting');
    });
  });
};
