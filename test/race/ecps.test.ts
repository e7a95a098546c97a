import { beforeAll, describe, expect, it } from 'vitest';
import { blindPin } from '../../src/ecps/protocol/keys.ts';
import { token } from '../../src/platform/random.ts';
import {
  approveByNumber,
  atOnce,
  DEVICE,
  PIN,
  reachPin,
  smsCodeOf,
  startEcpsSite,
  typedCodeOf,
  type EcpsSite,
  type Page,
  type Person,
  type TestPhone,
} from '../support/ecps-site.ts';
import { readQr } from '../support/mail.ts';

/** Sixteen at once, on both stores: what serves once serves once, what is counted is never exceeded. */
describe.each(['postgres', 'redis'] as const)('sixteen at once, %s', (store) => {
  const TIMES = 16;
  let site: EcpsSite;
  beforeAll(async () => {
    site = await startEcpsSite({ store });
  });

  const asked = async () => {
    const person = site.person();
    const phone = site.phone();
    const view = await phone.activate({ nationalId: person.nationalId, device: DEVICE });
    return { person, phone, id: view.activationId };
  };
  const enrolled = async (person: Person = site.person()) => {
    const phone = await site.activated(person);
    return { person, phone, deviceId: (await phone.me()).device.id };
  };
  const only = (codes: string[], ...allowed: string[]) => codes.filter((code) => !allowed.includes(code));

  it('the QR of the mail sends one SMS', async () => {
    const { person, phone, id } = await asked();
    const [mail] = await site.mails(person);
    const image = mail?.attachments.find(({ contentType }) => contentType === 'image/png');
    const qr = readQr(Buffer.from(image?.content ?? '', 'base64'));
    const { done, refused } = await atOnce(TIMES, () => phone.call('scanMail', { id, body: { qr } }));
    expect(done).toHaveLength(1);
    expect(only(refused, 'already_used')).toEqual([]);
    expect(await site.sms(person)).toHaveLength(1);
  });

  it('the typed code sends one SMS', async () => {
    const { person, phone, id } = await asked();
    const typedCode = typedCodeOf((await site.mails(person))[0]);
    const { done } = await atOnce(TIMES, () => phone.call('scanMail', { id, body: { typedCode } }));
    expect(done).toHaveLength(1);
    expect(await site.sms(person)).toHaveLength(1);
  });

  it('typed codes are judged five times', async () => {
    const { person, phone, id } = await asked();
    const right = typedCodeOf((await site.mails(person))[0]);
    const typedCode = right === '00000000' ? '00000001' : '00000000';
    const { refused } = await atOnce(TIMES, () => phone.call('scanMail', { id, body: { typedCode } }));
    expect(refused.filter((code) => code === 'code_wrong')).toHaveLength(5);
    expect(only(refused, 'code_wrong', 'gone')).toEqual([]);
  });

  it('the SMS code opens one PIN step, with one generation', async () => {
    const { person, phone, id } = await asked();
    await phone.typeMailCode(typedCodeOf((await site.mails(person))[0]));
    const code = smsCodeOf((await site.sms(person))[0]);
    const { done } = await atOnce(TIMES, () => phone.call('smsCode', { id, body: { code } }));
    expect(done.map(({ gen }) => gen)).toEqual([1]);
  });

  it('SMS codes are judged three times', async () => {
    const { person, phone, id } = await asked();
    await phone.typeMailCode(typedCodeOf((await site.mails(person))[0]));
    const right = smsCodeOf((await site.sms(person))[0]);
    const code = right === '000000' ? '000001' : '000000';
    const { refused } = await atOnce(TIMES, () => phone.call('smsCode', { id, body: { code } }));
    expect(refused.filter((wrong) => wrong === 'code_wrong')).toHaveLength(3);
    expect(only(refused, 'code_wrong', 'code_expired')).toEqual([]);
  });

  it('activations of one person send three mails', async () => {
    const person = site.person();
    const { done } = await atOnce(TIMES, () =>
      site.phone().activate({ nationalId: person.nationalId, device: DEVICE }),
    );
    expect(done).toHaveLength(TIMES);
    expect(await site.mails(person)).toHaveLength(3);
  });

  it('a PIN being chosen is evaluated three times', async () => {
    const person = site.person();
    const phone = site.phone();
    await reachPin(site, person, phone);
    const { activationId: id, gen = 0 } = await phone.activation();
    const { done, refused } = await atOnce(TIMES, (index) => {
      const { blinded } = blindPin(new Uint8Array(32).fill(index));
      return phone.call('enrolEvaluate', { id, body: { blinded, gen } });
    });
    expect(done).toHaveLength(3);
    expect(only(refused, 'evaluations_spent')).toEqual([]);
  });

  it('evaluations of the PIN never pass the ladder, and are counted before they are answered', async () => {
    const { person, phone, deviceId } = await enrolled();
    const { txn, number = '' } = await site.start({ nationalId: person.nationalId });
    const round = () =>
      atOnce(TIMES, () => {
        const { blinded } = blindPin(new Uint8Array(32).fill(Math.floor(Math.random() * 256)));
        return phone.call('evaluate', { id: txn, body: { blinded, bind: { m: 'number', v: number } } });
      });
    const counted = async () =>
      (
        await site.db.query<{ pin_tries: number }>('SELECT pin_tries FROM ecps_device WHERE id = $1', [
          deviceId,
        ])
      ).rows[0]?.pin_tries;

    const first = await round();
    expect(first.done).toHaveLength(3);
    expect(only(first.refused, 'pin_wait')).toEqual([]);
    expect(await counted()).toBe(3);
    site.clock.advance(60);
    expect((await round()).done).toHaveLength(1);
    expect(await counted()).toBe(4);
  });

  it('the same blinded PIN is one evaluation', async () => {
    const { person, phone } = await enrolled();
    const { txn, number = '' } = await site.start({ nationalId: person.nationalId });
    const { blinded } = blindPin(new Uint8Array(32).fill(1));
    const { done } = await atOnce(TIMES, () =>
      phone.call('evaluate', { id: txn, body: { blinded, bind: { m: 'number', v: number } } }),
    );
    expect(done).toHaveLength(TIMES);
    expect(new Set(done.map(({ evaluated }) => evaluated)).size).toBe(1);
    expect((await phone.me()).pin.triesLeft).toBe(4);
  });

  it('one of two phones approves a sign-in', async () => {
    const { person, phone: first, deviceId } = await enrolled();
    const { phone: second, deviceId: secondId } = await enrolled(person);
    await first.approveNewPhone(secondId, PIN);
    const page = await site.start({ nationalId: person.nationalId });
    const { done, refused } = await atOnce(2, (index) => approveByNumber(index === 0 ? first : second, page));
    expect(done).toHaveLength(1);
    expect(only(refused, 'already_used', 'step_wrong')).toEqual([]);
    const { rows } = await site.db.query<{ device_id: string }>(
      'SELECT device_id FROM ecps_receipt WHERE scope = $1',
      [page.txn],
    );
    expect(rows).toHaveLength(1);
    expect([deviceId, secondId]).toContain(rows[0]?.device_id);
  });

  /** A phone whose signed approval is caught before it leaves. */
  const caught = async (): Promise<{ phone: TestPhone; person: Person; jws: () => string }> => {
    let body = '';
    const person = site.person();
    const phone = site.phone(undefined, {
      fetch: async (url, init) => {
        if (url.endsWith('/approve') && body === '') {
          body = String(init.body);
          return new Response(JSON.stringify({ receipt: 'kept', wrongTriesSince: 0 }));
        }
        return fetch(url, init);
      },
    });
    await reachPin(site, person, phone);
    await phone.enrol(PIN);
    return { phone, person, jws: () => body };
  };

  it('the same signed approval, sent sixteen times, is one approval with one answer', async () => {
    const { phone, person, jws } = await caught();
    const page = await site.start({ nationalId: person.nationalId });
    await approveByNumber(phone, page);
    const body = JSON.parse(jws()) as never;
    const { done, refused } = await atOnce(TIMES, () => phone.call('approve', { id: page.txn, body }));
    expect(refused).toEqual([]);
    expect(new Set(done.map(({ receipt }) => receipt)).size).toBe(1);
    expect((await phone.me()).device.state).toBe('active');
    expect(await site.ecps.approvals.status(page.txn, page.browserToken)).toBe('approved');
  });

  it('an approval is served to one of sixteen tabs', async () => {
    const { person, phone } = await enrolled();
    const page = await site.start({ nationalId: person.nationalId });
    await approveByNumber(phone, page);
    const { done } = await atOnce(TIMES, () => site.ecps.approvals.finish(page.txn, page.browserToken));
    expect(done.filter((approved) => approved !== undefined)).toHaveLength(1);
  });

  it('a same-phone approval is served once to its verifier', async () => {
    const { phone } = await enrolled();
    const page = await site.start();
    const link = (await site.ecps.approvals.link(page.txn, page.browserToken)) ?? '';
    const { returnTo = '' } = await phone.approve({ ...(await phone.openLink(link)), pin: PIN });
    const verifier = new URL(returnTo).searchParams.get('v') ?? '';
    const { done } = await atOnce(TIMES, (index) =>
      site.ecps.approvals.finish(page.txn, page.browserToken, index % 2 === 0 ? verifier : token()),
    );
    expect(done.filter((approved) => approved !== undefined)).toHaveLength(1);
  });

  it('a QR that names nobody is claimed by one person', async () => {
    const phones = await Promise.all([0, 1, 2].map(async () => (await enrolled()).phone));
    const page = await site.start();
    const qr = (await site.ecps.approvals.qr(page.txn, page.browserToken)) ?? '';
    const { done, refused } = await atOnce(3, (index) => (phones[index] as TestPhone).scanSignIn(qr));
    expect(done).toHaveLength(1);
    expect(refused).toHaveLength(2);
  });

  it('sign-ins for one identifier have five numbers, all different', async () => {
    const { nationalId } = site.person();
    const { done } = await atOnce(TIMES, () => site.start({ nationalId }));
    const numbers = done.flatMap(({ number }) => (number === undefined ? [] : [number]));
    expect(numbers).toHaveLength(5);
    expect(new Set(numbers).size).toBe(5);
  });

  it('two copies of one phone that speak at once freeze it, and one signature at most was good', async () => {
    const { person, phone } = await enrolled();
    const copy = site.phone(phone.vault.copy());
    const pages = [
      await site.start({ nationalId: person.nationalId }),
      await site.start({ nationalId: person.nationalId }),
    ];
    const { done, refused } = await atOnce(2, (index) =>
      approveByNumber(index === 0 ? phone : copy, pages[index] as Page),
    );
    expect(done).toHaveLength(1);
    expect(refused).toEqual(['device_frozen']);
    expect((await phone.me()).device.state).toBe('frozen');
  });
});
