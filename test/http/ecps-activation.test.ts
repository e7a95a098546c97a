import { beforeAll, describe, expect, it } from 'vitest';
import type { MailData } from '../../views/mails/data.ts';
import {
  DEVICE,
  PIN,
  reachPin,
  refusal,
  smsCodeOf,
  SPECIAL,
  startEcpsSite,
  typedCodeOf,
  type EcpsSite,
  type Person,
  type TestPhone,
} from '../support/ecps-site.ts';
import { readQr } from '../support/mail.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

describe('activation by mail and SMS', () => {
  let site: EcpsSite;
  beforeAll(async () => {
    site = await startEcpsSite();
  });

  const ask = (phone: TestPhone, nationalId: string) => phone.activate({ nationalId, device: DEVICE });
  const asked = async (person: Person = site.person()) => {
    const phone = site.phone();
    const view = await ask(phone, person.nationalId);
    return { person, phone, view };
  };
  const lastTypedCode = async (person: Person) => typedCodeOf((await site.mails(person))[0]);
  const lastSmsCode = async (person: Person) => smsCodeOf((await site.sms(person))[0]);
  const wrongCode = (right: string) => (right === '000000' ? '111111' : '000000');
  const subjects = async (person: Person) => (await site.mails(person)).map((mail) => mail.subject);

  describe('who may ask', () => {
    it.each([
      ['too short', '8100012', 'identifier_malformed', 400],
      ['a letter', '81000123456A', 'identifier_malformed', 400],
      ['unknown to the registry', SPECIAL.unknown, 'identifier_unknown', 404],
      ['unknown, and its key is wrong', '899799999990', 'identifier_check', 404],
      ['struck off', SPECIAL.struckOff, 'identifier_unknown', 404],
      ['inactive', SPECIAL.inactive, 'identifier_unknown', 404],
      ['without e-mail', SPECIAL.noEmail, 'contact_missing', 409],
      ['without phone', SPECIAL.noPhone, 'contact_missing', 409],
    ])('refuses an identifier %s', async (_name, nationalId, code, status) => {
      const refused = await refusal(ask(site.phone(), nationalId));
      expect(refused).toMatchObject({ code, status });
      expect(refused.message.length).toBeGreaterThan(20);
    });

    it('refuses contact details declared yesterday, with the instant from which they serve', async () => {
      const refused = await refusal(ask(site.phone(), SPECIAL.changedYesterday));
      expect(refused.code).toBe('contact_too_recent');
      const expected = new Date(site.clock.now().getTime() + (72 - 24) * HOUR * 1000);
      expect(refused.availableAt).toBe(expected.toISOString());
      expect(refused.message).toContain('16 janvier');
    });

    it('accepts the eleven digits of the RPPS number, with spaces', async () => {
      const person = site.person();
      const typed = person.nationalId.slice(1).replace(/(\d{3})/g, '$1 ');
      const view = await ask(site.phone(), typed);
      expect(view.state).toBe('mail_sent');
      expect(await site.mails(person)).toHaveLength(1);
    });
  });

  describe('the mail', () => {
    it('carries a QR that works once, read from the image as received; then, not before, the SMS leaves', async () => {
      const { person, phone, view } = await asked();
      expect(new Date(view.expiresAt).getTime() - site.clock.now().getTime()).toBe(30 * MINUTE * 1000);
      const [mail] = await site.mails(person);
      const image = mail?.attachments.find(({ contentType }) => contentType === 'image/png');
      const qr = readQr(Buffer.from(image?.content ?? '', 'base64'));
      expect(qr).toMatch(/^ECPS1:[A-Za-z0-9_-]+$/);
      expect(await site.sms(person)).toHaveLength(0);

      const after = await phone.scanMail(qr);
      expect(after).toMatchObject({ state: 'sms_sent', activationId: view.activationId });
      expect(await site.sms(person)).toHaveLength(1);
      expect((await refusal(phone.scanMail(qr))).code).toBe('already_used');
      expect(await site.sms(person)).toHaveLength(1);
    });

    it('is worth nothing on another phone, even one that asked for the same person', async () => {
      const { person, phone } = await asked();
      const code = await lastTypedCode(person);
      const thief = site.phone();
      await ask(thief, person.nationalId);
      expect((await refusal(thief.typeMailCode(code))).code).toBe('code_wrong');
      expect((await phone.typeMailCode(code)).state).toBe('sms_sent');
    });

    it('cannot be used on an activation of another key, which does not even exist for it', async () => {
      const { view } = await asked();
      const { phone: other } = await asked();
      const refused = await refusal(other.call('activation', { id: view.activationId }));
      expect(refused).toMatchObject({ code: 'not_found', status: 404 });
    });

    it('gives five tries of the typed code, however it is typed, and then ends', async () => {
      const { person, phone } = await asked();
      const left: (number | undefined)[] = [];
      for (let count = 0; count < 5; count += 1) {
        const refused = await refusal(phone.typeMailCode('0000-0000'));
        expect(refused.code).toBe('code_wrong');
        left.push(refused.triesLeft);
      }
      expect(left).toEqual([4, 3, 2, 1, 0]);
      const code = await lastTypedCode(person);
      expect((await refusal(phone.typeMailCode(code))).code).toBe('gone');
      expect((await phone.activation()).state).toBe('closed');
      expect(await site.sms(person)).toHaveLength(0);
    });

    it('reads the typed code in lower case with O for 0 and spaces', async () => {
      const { person, phone } = await asked();
      const code = (await lastTypedCode(person)).toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l');
      expect((await phone.typeMailCode(` ${code.slice(0, 3)} ${code.slice(3)} `)).state).toBe('sms_sent');
    });

    it('expires after thirty minutes; a new one can be asked before', async () => {
      const { person, phone } = await asked();
      const first = await lastTypedCode(person);
      site.clock.advance(20 * MINUTE);
      await phone.resendMail();
      const second = await lastTypedCode(person);
      expect(second).not.toBe(first);
      site.clock.advance(15 * MINUTE);
      expect((await refusal(phone.typeMailCode(first))).code).toBe('code_expired');
      expect((await phone.typeMailCode(second)).state).toBe('sms_sent');

      const late = await asked();
      const code = await lastTypedCode(late.person);
      site.clock.advance(30 * MINUTE);
      expect((await refusal(late.phone.typeMailCode(code))).code).toBe('code_expired');
      expect((await late.phone.activation()).state).toBe('closed');
    });

    it('may be asked again: every mail of an activation works, one use for all', async () => {
      const { person, phone } = await asked();
      const first = await lastTypedCode(person);
      await phone.resendMail();
      const second = await lastTypedCode(person);
      await phone.typeMailCode(first);
      expect((await refusal(phone.typeMailCode(second))).code).toBe('already_used');
    });
  });

  describe('quotas tell nothing', () => {
    it('sends no fourth mail while three phones have one open, with the same answer', async () => {
      const person = site.person();
      const views = [];
      for (let count = 0; count < 4; count += 1) views.push((await asked(person)).view);
      expect(await site.mails(person)).toHaveLength(3);
      const shape = (view: object) => Object.keys(view).sort().join();
      expect(shape(views[3] ?? {})).toBe(shape(views[0] ?? {}));
      expect(views[3]).toMatchObject({ state: 'mail_sent' });
    });

    it('sends six mails a day to one person, and again the next day', async () => {
      const { person, phone } = await asked();
      for (let count = 0; count < 8; count += 1) expect((await phone.resendMail()).state).toBe('mail_sent');
      expect(await site.mails(person)).toHaveLength(6);
      site.clock.advance(DAY);
      await asked(person);
      expect(await site.mails(person)).toHaveLength(7);
    });

    it('sends ten a day for one key, whoever it asks for', async () => {
      const phone = site.phone();
      const people = [1, 2, 3].map(() => site.person());
      for (let count = 0; count < 12; count += 1) {
        await ask(phone, people[count % 3]?.nationalId ?? '');
      }
      const mails = await Promise.all(people.map((person) => site.mails(person)));
      expect(mails.flat()).toHaveLength(10);
    });

    it('sends no mail for an address that asked too much, and refuses one that goes on, whoever it asks for', async () => {
      const address = '203.0.113.7';
      const victim = site.person();
      for (let count = 0; count < 60; count += 1) {
        await ask(site.phone(undefined, { address }), victim.nationalId);
      }
      const other = site.person();
      expect((await ask(site.phone(undefined, { address }), other.nationalId)).state).toBe('mail_sent');
      expect(await site.mails(other)).toHaveLength(0);
      await ask(site.phone(undefined, { address: '203.0.113.8' }), other.nationalId);
      expect(await site.mails(other)).toHaveLength(1);
    });
  });

  describe('the SMS', () => {
    const scanned = async (person: Person = site.person()) => {
      const { phone } = await asked(person);
      await phone.typeMailCode(await lastTypedCode(person));
      return { person, phone };
    };

    it('ends with the line by which the app fills the code in, for the app’s own host', async () => {
      const { person } = await scanned();
      const [sms] = await site.sms(person);
      expect(sms?.text.split('\n').at(-1)).toBe(`@app.localhost #${smsCodeOf(sms)}`);
    });

    it('gives three tries, then needs another SMS, whose code alone works', async () => {
      const { person, phone } = await scanned();
      const first = await lastSmsCode(person);
      const left: (number | undefined)[] = [];
      for (let count = 0; count < 3; count += 1) {
        left.push((await refusal(phone.smsCode(wrongCode(first)))).triesLeft);
      }
      expect(left).toEqual([2, 1, 0]);
      expect((await refusal(phone.smsCode(first))).code).toBe('code_expired');
      await phone.resendSms();
      const second = await lastSmsCode(person);
      expect(second).not.toBe(first);
      expect((await refusal(phone.smsCode(first))).code).toBe('code_wrong');
      expect((await phone.smsCode(second)).state).toBe('pin_due');
      expect((await refusal(phone.smsCode(second))).code).toBe('already_used');
    });

    it('expires after ten minutes', async () => {
      const { person, phone } = await scanned();
      site.clock.advance(10 * MINUTE);
      expect((await refusal(phone.smsCode(await lastSmsCode(person)))).code).toBe('code_expired');
      await phone.resendSms();
      expect((await phone.smsCode(await lastSmsCode(person))).state).toBe('pin_due');
    });

    it('leaves three times a day, then says when the next may', async () => {
      const { person, phone } = await scanned();
      site.clock.advance(MINUTE);
      await phone.resendSms();
      await phone.resendSms();
      const refused = await refusal(phone.resendSms());
      expect(refused).toMatchObject({ code: 'too_many_requests', retryAfter: DAY - MINUTE });
      expect(await site.sms(person)).toHaveLength(3);

      const { phone: other } = await asked(person);
      const code = await lastTypedCode(person);
      expect((await refusal(other.typeMailCode(code))).code).toBe('too_many_requests');
      site.clock.advance(DAY);
      await ask(other, person.nationalId);
      await other.typeMailCode(await lastTypedCode(person));
      expect(await site.sms(person)).toHaveLength(4);
    });

    it('does not leave when the contact details changed meanwhile', async () => {
      const { person, phone } = await asked();
      const code = await lastTypedCode(person);
      const { id = '' } = (await site.registry.find(person.nationalId)) ?? {};
      await site.registry.setContact(id, { phone: '+33639980099' }, { declaredAt: site.clock.now() });
      expect((await refusal(phone.typeMailCode(code))).code).toBe('contact_too_recent');
      expect(await site.sms(person)).toHaveLength(0);
    });
  });

  describe('several at once', () => {
    it('isolates activations by key; the same key supersedes its own', async () => {
      const person = site.person();
      const { phone: first, view } = await asked(person);
      const firstCode = await lastTypedCode(person);
      const { phone: second } = await asked(person);
      const secondCode = await lastTypedCode(person);
      await ask(second, person.nationalId);
      const thirdCode = await lastTypedCode(person);

      expect((await first.typeMailCode(firstCode)).activationId).toBe(view.activationId);
      expect((await refusal(second.typeMailCode(secondCode))).code).toBe('code_wrong');
      expect((await second.typeMailCode(thirdCode)).state).toBe('sms_sent');
    });

    it('tells superseded to a call about the former one', async () => {
      const { person, phone, view } = await asked();
      await ask(phone, person.nationalId);
      const refused = await refusal(phone.call('resendSms', { id: view.activationId, body: {} }));
      expect(refused).toMatchObject({ code: 'superseded', status: 409 });
      expect(await site.audited(person.nationalId)).toContain('ecps.step_illegal');
    });

    it('closes the others when one comes to its end, and tells the owner', async () => {
      const { person, phone: left } = await asked();
      const leftCode = await lastTypedCode(person);
      await site.activated(person);
      expect((await refusal(left.typeMailCode(leftCode))).code).toBe('gone');
      const told = await subjects(person);
      expect(told).toHaveLength(4);
      const types: (keyof MailData)[] = ['activation_closed'];
      const fates = await site.messages.fate({});
      expect(fates.map(({ template }) => template)).toEqual(expect.arrayContaining(types));
    });
  });

  describe('the PIN step', () => {
    it('refuses steps out of order, each with its audit row', async () => {
      const { person, phone, view } = await asked();
      expect((await refusal(phone.smsCode('123456'))).code).toBe('step_wrong');
      const body = { blinded: Buffer.alloc(32, 1).toString('base64url'), gen: 1 };
      const refused = await refusal(phone.call('enrolEvaluate', { id: view.activationId, body }));
      expect(refused).toMatchObject({ code: 'step_wrong', status: 409 });
      const rows = (await site.audited(person.nationalId)).filter((type) => type === 'ecps.step_illegal');
      expect(rows).toHaveLength(2);
    });

    it('evaluates three PINs, then no more', async () => {
      const person = site.person();
      const phone = site.phone();
      await reachPin(site, person, phone);
      const { activationId: id, gen = 0 } = await phone.activation();
      const { blindPin } = await import('../../src/ecps/protocol/keys.ts');
      const codes: string[] = [];
      for (let count = 0; count < 4; count += 1) {
        const { blinded } = blindPin(new Uint8Array(32).fill(count + 1));
        const body = { blinded, gen };
        const call = () => phone.call('enrolEvaluate', { id, body });
        if (count === 3) codes.push((await refusal(call())).code);
        else expect(await call()).toEqual(await call());
      }
      expect(codes).toEqual(['evaluations_spent']);
    });

    it('ends when left for too long', async () => {
      const person = site.person();
      const phone = site.phone();
      await reachPin(site, person, phone);
      site.clock.advance(31 * MINUTE);
      await expect(phone.enrol(PIN)).rejects.toThrow();
      expect((await phone.activation()).state).toBe('closed');
    });

    it('gives the same answer again to who lost it, and to nobody else', async () => {
      const person = site.person();
      const bodies: string[] = [];
      const phone = site.phone(undefined, {
        fetch: async (url, init) => {
          const answer = await fetch(url, init);
          if (!url.endsWith('/enrol')) return answer;
          bodies.push(await answer.clone().text());
          // The first answer is lost on its way: the phone sends the same payload again.
          if (bodies.length === 1) throw new TypeError('connection lost');
          return answer;
        },
      });
      await reachPin(site, person, phone);
      const { revocationCode, device } = await phone.enrol(PIN);
      expect(bodies).toHaveLength(2);
      expect(bodies[1]).toBe(bodies[0]);
      expect(revocationCode).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
      expect(device.state).toBe('active');
      expect(await phone.devices()).toHaveLength(1);
    });

    it('keeps no code in clear: neither in the activation nor in its answer', async () => {
      const person = site.person();
      const phone = site.phone();
      await phone.activate({ nationalId: person.nationalId, device: DEVICE });
      const typed = await lastTypedCode(person);
      await phone.typeMailCode(typed);
      const sms = await lastSmsCode(person);
      await phone.smsCode(sms);
      const { revocationCode } = await phone.enrol(PIN);
      const dump = async (table: string) =>
        JSON.stringify((await site.db.query(`SELECT t::text FROM ${table} t`)).rows);
      const tables = [
        'ecps_activation',
        'ecps_activation_send',
        'ecps_device',
        'ecps_receipt',
        'outbox_message',
      ];
      const all = (await Promise.all([...tables, 'audit_event'].map(dump))).join('\n');
      expect(all).toContain(person.nationalId);
      for (const secret of [typed, revocationCode, revocationCode.replaceAll('-', ''), person.email]) {
        expect(all.includes(secret)).toBe(false);
      }
      expect(new RegExp(`(?<![0-9a-f])${sms}(?![0-9a-f])`).test(all)).toBe(false);
    });
  });

  it('refuses a fourth phone, after the SMS code and not before', async () => {
    const person = site.person();
    for (let count = 0; count < 3; count += 1) {
      site.clock.advance(DAY);
      await site.activated(person);
    }
    site.clock.advance(DAY);
    const { phone } = await asked(person);
    await phone.typeMailCode(await lastTypedCode(person));
    const refused = await refusal(phone.smsCode(await lastSmsCode(person)));
    expect(refused).toMatchObject({ code: 'phone_limit', status: 409 });
    expect((await phone.activation()).state).toBe('closed');
  });
});
