import { beforeAll, describe, expect, it } from 'vitest';
import { DEVICE, refusal, startEcpsSite, type EcpsSite } from '../support/ecps-site.ts';

describe('channels of a person and of a phone', () => {
  let site: EcpsSite;
  beforeAll(async () => {
    site = await startEcpsSite();
  });

  it('are all told that a phone was added, with the same link that stops it', async () => {
    const person = site.person();
    await site.activated(person);
    const link = /https?:\S+\/telephone\/arreter\/[\w-]+/;
    const [sms] = await site.sms(person);
    expect(sms?.text).toContain('Un téléphone a été ajouté à votre e-CPS.');
    const stop = link.exec(sms?.text ?? '')?.[0];
    const mails = await site.mails(person);
    expect(mails.map(({ text }) => link.exec(text)?.[0]).filter(Boolean)).toEqual([stop]);
  });

  it('answer a mail asked again alike, whether or not it leaves', async () => {
    const person = site.person();
    const phone = site.phone();
    await phone.activate({ nationalId: person.nationalId, device: DEVICE });
    const waits: number[] = [];
    for (let count = 0; count < 7; count += 1) {
      // What is being sent arrives before time moves, or its lease would seem to run out.
      await site.messages.drain();
      site.clock.advance(60);
      const { state, expiresAt } = await phone.resendMail();
      expect(state).toBe('mail_sent');
      waits.push(new Date(expiresAt).getTime() - site.clock.now().getTime());
    }
    expect(await site.mails(person)).toHaveLength(6);
    expect(waits).toEqual(Array.from({ length: 7 }, () => 30 * 60 * 1000));
  });

  it('to ring a phone must be of a push service, not of the operator’s network', async () => {
    const phone = await site.activated(site.person());
    const keys = { p256dh: `B${'A'.repeat(86)}`, auth: 'A'.repeat(22) };
    for (const endpoint of [
      'http://push.example.test/x',
      'https://127.0.0.1/x',
      'https://[::1]/x',
      'https://localhost/x',
      'https://metadata.internal/x',
      'https://push.example.test:8443/x',
      'https://user@push.example.test/x',
    ]) {
      expect((await refusal(phone.push({ endpoint, keys }))).code, endpoint).toBe('request_invalid');
    }
    await phone.push({ endpoint: 'https://push.example.test/x', keys });
    await phone.push(null);
  });
});
