import { beforeAll, describe, expect, it } from 'vitest';
import { blindPin } from '../../src/ecps/protocol/keys.ts';
import { PhoneError } from '../../src/phone/errors.ts';
import {
  approveByNumber,
  DEVICE,
  PIN,
  refusal,
  smsCodeOf,
  startEcpsSite,
  typedCodeOf,
  type EcpsSite,
  type Person,
  type TestPhone,
} from '../support/ecps-site.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const WRONG = '274918';

describe('the PIN', () => {
  let site: EcpsSite;
  beforeAll(async () => {
    site = await startEcpsSite();
  });

  const enrolled = async () => {
    const person = site.person();
    const phone = await site.activated(person);
    return { person, phone, deviceId: (await phone.me()).device.id };
  };
  const tryPin = async (phone: TestPhone, person: Person, pin: string) =>
    approveByNumber(phone, await site.start({ nationalId: person.nationalId }), pin);
  const wrong = (phone: TestPhone, person: Person) => refusal(tryPin(phone, person, WRONG));
  const reactivate = async (phone: TestPhone, person: Person, pin = PIN) => {
    await phone.activate({ nationalId: person.nationalId, device: DEVICE });
    await phone.typeMailCode(typedCodeOf((await site.mails(person))[0]));
    await phone.smsCode(smsCodeOf((await site.sms(person))[0]));
    return phone.enrol(pin);
  };
  const templates = async (deviceId: string) =>
    (await site.messages.fate({ deviceId })).map(({ template }) => template);

  const evaluate = (phone: TestPhone, txn: string, number: string | undefined, blinded: string) =>
    phone.call('evaluate', { id: txn, body: { blinded, bind: { m: 'number', v: number ?? '' } } });
  const element = (fill: number) => blindPin(new Uint8Array(32).fill(fill)).blinded;

  describe('wrong', () => {
    it('is told with the tries left, and the next right one tells how many there were', async () => {
      const { person, phone } = await enrolled();
      expect(await wrong(phone, person)).toMatchObject({ code: 'pin_wrong', triesLeft: 4 });
      expect(await wrong(phone, person)).toMatchObject({ code: 'pin_wrong', triesLeft: 3 });
      expect((await phone.me()).pin).toEqual({ triesLeft: 3 });
      expect((await tryPin(phone, person, PIN)).wrongTriesSince).toBe(2);
      expect((await phone.me()).pin).toEqual({ triesLeft: 5 });
      expect((await tryPin(phone, person, PIN)).wrongTriesSince).toBe(0);
    });

    it('may be corrected within one sign-in', async () => {
      const { person, phone } = await enrolled();
      const page = await site.start({ nationalId: person.nationalId });
      expect((await refusal(approveByNumber(phone, page, WRONG))).code).toBe('pin_wrong');
      expect((await approveByNumber(phone, page, PIN)).wrongTriesSince).toBe(1);
    });

    it('waits a minute after the third, five after the fourth, and locks at the fifth', async () => {
      const { person, phone, deviceId } = await enrolled();
      for (const left of [4, 3, 2]) expect((await wrong(phone, person)).triesLeft).toBe(left);
      expect(await wrong(phone, person)).toMatchObject({ code: 'pin_wait', status: 429, retryAfter: 60 });
      expect((await phone.me()).pin).toEqual({ triesLeft: 2, wait: 60 });
      site.clock.advance(MINUTE);
      expect(await wrong(phone, person)).toMatchObject({ code: 'pin_wrong', triesLeft: 1 });
      site.clock.advance(2 * MINUTE);
      expect(await wrong(phone, person)).toMatchObject({ code: 'pin_wait', retryAfter: 3 * MINUTE });
      site.clock.advance(3 * MINUTE);
      expect(await wrong(phone, person)).toMatchObject({ code: 'device_locked', status: 403 });
      expect((await refusal(phone.pending())).code).toBe('device_locked');
      expect((await phone.me()).device.state).toBe('locked');
      expect(await templates(deviceId)).toContain('device_locked');
    });

    it('counts from zero after a right fifth', async () => {
      const { person, phone } = await enrolled();
      for (let count = 0; count < 3; count += 1) await wrong(phone, person);
      site.clock.advance(MINUTE);
      await wrong(phone, person);
      site.clock.advance(5 * MINUTE);
      expect((await tryPin(phone, person, PIN)).wrongTriesSince).toBe(4);
      expect((await phone.me()).pin).toEqual({ triesLeft: 5 });
    });

    it('locks at the thirtieth under one generation, right ones in between or not', async () => {
      const { person, phone, deviceId } = await enrolled();
      for (let round = 0; round < 14; round += 1) {
        const page = await site.start({ nationalId: person.nationalId });
        for (const fill of [1, 2]) await evaluate(phone, page.txn, page.number, element(fill));
        expect((await approveByNumber(phone, page)).wrongTriesSince).toBe(2);
        site.clock.advance(3 * MINUTE);
      }
      expect((await wrong(phone, person)).code).toBe('pin_wrong');
      expect((await wrong(phone, person)).code).toBe('device_locked');
      expect((await phone.me()).device).toMatchObject({ id: deviceId, state: 'locked' });
    });

    it('is forgotten by proving oneself again: same phone, new generation, quarantine', async () => {
      const { person, phone, deviceId } = await enrolled();
      for (const wait of [0, 0, MINUTE, 5 * MINUTE, 0]) {
        await wrong(phone, person);
        site.clock.advance(wait);
      }
      const { device } = await reactivate(phone, person, '830264');
      expect(device).toMatchObject({ id: deviceId, state: 'quarantine' });
      site.clock.advance(HOUR);
      expect((await phone.me()).gen).toBe(2);
      expect((await tryPin(phone, person, '830264')).wrongTriesSince).toBe(0);
      expect(await refusal(tryPin(phone, person, PIN))).toMatchObject({ code: 'pin_wrong', triesLeft: 4 });
    });
  });

  describe('evaluations', () => {
    it('of the same blinded PIN in the same sign-in are one, and give the same answer', async () => {
      const { person, phone } = await enrolled();
      const { txn, number } = await site.start({ nationalId: person.nationalId });
      const blinded = element(1);
      const first = await evaluate(phone, txn, number, blinded);
      expect(first.triesLeft).toBe(4);
      expect(await evaluate(phone, txn, number, blinded)).toEqual(first);
      expect((await phone.me()).pin.triesLeft).toBe(4);
      expect((await evaluate(phone, txn, number, element(2))).triesLeft).toBe(3);
      const other = await site.start({ nationalId: person.nationalId });
      expect((await evaluate(phone, other.txn, other.number, blinded)).triesLeft).toBe(2);
    });

    it('stay counted when no approval follows', async () => {
      const { person, phone } = await enrolled();
      const { txn, number } = await site.start({ nationalId: person.nationalId });
      await evaluate(phone, txn, number, element(3));
      site.clock.advance(DAY);
      expect((await phone.me()).pin.triesLeft).toBe(4);
    });

    it('refuse what is no group element', async () => {
      const { person, phone } = await enrolled();
      const { txn, number } = await site.start({ nationalId: person.nationalId });
      const refused = await refusal(
        evaluate(phone, txn, number, Buffer.alloc(32, 255).toString('base64url')),
      );
      expect(refused.code).toBe('request_invalid');
    });
  });

  describe('changed', () => {
    it('needs the old one, gives a new generation, and tells the owner', async () => {
      const { person, phone, deviceId } = await enrolled();
      expect((await refusal(phone.changePin(WRONG, '830264'))).code).toBe('pin_wrong');
      const changed = await phone.changePin(PIN, '830264');
      expect(changed.gen).toBeGreaterThan(1);
      expect(await templates(deviceId)).toContain('pin_changed');
      expect((await tryPin(phone, person, '830264')).wrongTriesSince).toBe(0);
      expect((await refusal(tryPin(phone, person, PIN))).code).toBe('pin_wrong');
    });

    it('can be undone for ten minutes, with the old PIN; tries are shared meanwhile', async () => {
      const { person, phone } = await enrolled();
      await phone.changePin(PIN, '830264');
      expect((await refusal(tryPin(phone, person, WRONG))).triesLeft).toBe(4);
      expect((await refusal(phone.rollbackPin(WRONG))).triesLeft).toBe(3);
      expect((await phone.me()).rollback).toBeDefined();
      expect((await phone.rollbackPin(PIN)).gen).toBe(1);
      expect((await phone.me()).rollback).toBeUndefined();
      expect((await tryPin(phone, person, PIN)).wrongTriesSince).toBe(0);
      expect((await refusal(tryPin(phone, person, '830264'))).code).toBe('pin_wrong');
    });

    it('cannot be undone after ten minutes, nor once the new one served', async () => {
      const { person, phone } = await enrolled();
      await phone.changePin(PIN, '830264');
      await tryPin(phone, person, '830264');
      expect((await refusal(phone.rollbackPin(PIN))).code).toBe('step_wrong');

      const { phone: late } = await enrolled();
      await late.changePin(PIN, '830264');
      site.clock.advance(10 * MINUTE);
      expect((await refusal(late.rollbackPin(PIN))).code).toBe('gone');
    });

    it('never uses a generation again, even an abandoned one', async () => {
      const { phone } = await enrolled();
      const gens: number[] = [];
      for (let count = 0; count < 3; count += 1) {
        gens.push((await phone.call('startPinChange', { body: {} })).newGen);
      }
      gens.push((await phone.changePin(PIN, '830264')).gen);
      await phone.rollbackPin(PIN);
      gens.push((await phone.changePin(PIN, '615038')).gen);
      expect(gens).toEqual([2, 3, 4, 5, 6]);
    });

    it('does not open the new generation before the old PIN was judged right', async () => {
      const { person, phone } = await enrolled();
      const { id } = await phone.call('startPinChange', { body: {} });
      const body = { blinded: blindPin(new Uint8Array(32)).blinded };
      expect((await refusal(phone.call('newEvaluate', { id, body }))).code).toBe('step_wrong');
      expect(await site.audited(person.nationalId)).toContain('ecps.step_illegal');
    });

    it('is nothing another phone can touch', async () => {
      const { phone } = await enrolled();
      const { phone: other } = await enrolled();
      const { id } = await phone.call('startPinChange', { body: {} });
      const body = { blinded: blindPin(new Uint8Array(32)).blinded };
      expect((await refusal(other.call('oldEvaluate', { id, body }))).code).toBe('not_found');
    });
  });

  describe('renewal', () => {
    it('gives twelve months from now, with the PIN', async () => {
      const { phone } = await enrolled();
      const before = (await phone.me()).device.renewBy;
      site.clock.advance(300 * DAY);
      expect((await refusal(phone.renew(WRONG))).code).toBe('pin_wrong');
      const device = await phone.renew(PIN);
      expect(new Date(device.renewBy).getTime() - new Date(before).getTime()).toBe(300 * DAY * 1000);
      expect((await phone.history()).map(({ kind }) => kind)).toContain('renewed');
    });

    it('is reminded at 30, 7 and 1 days, once each, and then the phone has expired', async () => {
      const { person, phone, deviceId } = await enrolled();
      const job = site.ecps.jobs.find(({ name }) => name === 'ecps-reminders');
      const sent = async () => (await templates(deviceId)).filter((name) => name === 'renewal_due').length;
      const counts: number[] = [];
      for (const days of [334, 2, 21, 2, 4, 1]) {
        site.clock.advance(days * DAY);
        await job?.run();
        await job?.run();
        counts.push(await sent());
      }
      expect(counts).toEqual([0, 1, 1, 2, 2, 3]);
      site.clock.advance(DAY);
      expect((await refusal(phone.pending())).code).toBe('device_expired');
      expect((await phone.me()).device.state).toBe('expired');
      expect((await refusal(phone.renew(PIN))).code).toBe('device_expired');
      await reactivate(phone, person);
      site.clock.advance(HOUR);
      expect((await phone.me()).device.state).toBe('active');
    });
  });

  describe('seq', () => {
    it('below the last freezes the phone: two copies of it speak', async () => {
      const { person, phone, deviceId } = await enrolled();
      const copy = site.phone(phone.vault.copy());
      await tryPin(phone, person, PIN);
      await tryPin(phone, person, PIN);
      expect(await refusal(tryPin(copy, person, PIN))).toMatchObject({ code: 'device_frozen', status: 403 });
      expect((await refusal(phone.pending())).code).toBe('device_frozen');
      expect(await templates(deviceId)).toContain('device_frozen');
      expect(await site.audited(person.nationalId)).toContain('ecps.device_frozen');
    });

    it('equal to the last with another payload freezes it too', async () => {
      const { person, phone } = await enrolled();
      const copy = site.phone(phone.vault.copy());
      await tryPin(phone, person, PIN);
      expect((await refusal(tryPin(copy, person, PIN))).code).toBe('device_frozen');
    });

    it('of a frozen phone starts again with a new proof of identity', async () => {
      const { person, phone } = await enrolled();
      const copy = site.phone(phone.vault.copy());
      await tryPin(phone, person, PIN);
      await refusal(tryPin(copy, person, PIN));
      await reactivate(phone, person, '830264');
      site.clock.advance(HOUR);
      expect((await tryPin(phone, person, '830264')).wrongTriesSince).toBe(0);
    });

    it.each([
      ['a right PIN', PIN, 1],
      ['a wrong PIN', WRONG, 0],
    ])('with the same payload gets the answer that was lost: %s', async (_name, pin, signIns) => {
      const person = site.person();
      const answers: string[] = [];
      let lose = true;
      const phone = site.phone(undefined, {
        fetch: async (url, init) => {
          const answer = await fetch(url, init);
          if (!url.endsWith('/approve')) return answer;
          const { support_id: _support, ...body } = (await answer.clone().json()) as Record<string, unknown>;
          answers.push(JSON.stringify([answer.status, body]));
          if (lose) {
            lose = false;
            throw new TypeError('connection lost');
          }
          return answer;
        },
      });
      await phone.activate({ nationalId: person.nationalId, device: DEVICE });
      await phone.typeMailCode(typedCodeOf((await site.mails(person))[0]));
      await phone.smsCode(smsCodeOf((await site.sms(person))[0]));
      await phone.enrol(PIN);
      const page = await site.start({ nationalId: person.nationalId });
      await approveByNumber(phone, page, pin).catch((error: unknown) => {
        if (error instanceof PhoneError) throw error;
      });
      expect(answers).toHaveLength(2);
      expect(answers[1]).toBe(answers[0]);
      expect((await phone.me()).pin.triesLeft).toBe(pin === PIN ? 5 : 4);
      const kinds = (await phone.history()).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'sign_in')).toHaveLength(signIns);
    });
  });
});
