import { beforeAll, describe, expect, it } from 'vitest';
import {
  approveByNumber,
  PIN,
  refusal,
  startEcpsSite,
  type EcpsSite,
  type Person,
  type TestPhone,
} from '../support/ecps-site.ts';
import { HttpClient } from '../support/http-client.ts';

const HOUR = 3600;
const DAY = 86_400;

describe('phones', () => {
  let site: EcpsSite;
  beforeAll(async () => {
    site = await startEcpsSite();
  });

  const enrolled = async (person: Person = site.person()) => {
    const phone = await site.activated(person);
    return { person, phone, deviceId: (await phone.me()).device.id };
  };
  /** A person with an active phone and one just added. */
  const twoPhones = async () => {
    const first = await enrolled();
    site.clock.advance(1);
    const second = await enrolled(first.person);
    return { person: first.person, first, second };
  };
  const stopLink = async (person: Person): Promise<string> => {
    const mail = (await site.mails(person)).find(({ text }) => text.includes('/telephone/arreter/'));
    return /https?:\S+\/telephone\/arreter\/[\w-]+/.exec(mail?.text ?? '')?.[0] ?? 'no link';
  };
  const stateOf = async (phone: TestPhone) => (await phone.me()).device.state;

  describe('a second one', () => {
    it('waits an hour of waking time, sees nothing of its owner’s, and then works', async () => {
      const { person, first, second } = await twoPhones();
      const { device } = await second.phone.me();
      expect(device.state).toBe('quarantine');
      const until = new Date(device.quarantineUntil ?? 0);
      expect(until.getTime() - site.clock.now().getTime()).toBe(HOUR * 1000);

      const page = await site.start({ nationalId: person.nationalId });
      expect(await second.phone.pending()).toEqual({ requests: [], newPhones: [] });
      for (const work of [
        () => second.phone.devices(),
        () => second.phone.history(),
        () => second.phone.revoke(first.deviceId),
        () => second.phone.rename(first.deviceId, 'à moi'),
        () => second.phone.deny(page.txn),
        () => second.phone.renew(PIN),
      ]) {
        const refused = await refusal(work());
        expect(refused).toMatchObject({ code: 'device_quarantined', availableAt: until.toISOString() });
      }
      expect((await first.phone.devices()).map(({ state }) => state)).toEqual(['active', 'quarantine']);
      site.clock.advance(HOUR);
      const next = await site.start({ nationalId: person.nationalId });
      expect((await approveByNumber(second.phone, next)).wrongTriesSince).toBe(0);
      expect(await stateOf(second.phone)).toBe('active');
    });

    it('asked in the evening waits until the morning', async () => {
      const evening = await startEcpsSite({ at: '2021-01-14T20:30:00Z' });
      const person = evening.person();
      await evening.activated(person);
      const { device } = await (await evening.activated(person)).me();
      expect(device.quarantineUntil).toBe('2021-01-15T06:30:00.000Z');
    });

    it('waits an hour of the clock when no phone of the owner can answer', async () => {
      const { person, phone, deviceId } = await enrolled();
      await site.db.query(`UPDATE ecps_device SET state = 'locked' WHERE id = $1`, [deviceId]);
      site.clock.set('2021-01-14T22:30:00Z');
      const second = await site.activated(person);
      expect((await second.me()).device.quarantineUntil).toBe('2021-01-14T23:30:00.000Z');
      site.clock.set('2021-01-15T09:00:00Z');
      expect(await stateOf(phone)).toBe('locked');
    });

    it('is let in at once by the first, with its PIN', async () => {
      const { person, first, second } = await twoPhones();
      const { newPhones } = await first.phone.pending();
      expect(newPhones).toMatchObject([{ deviceId: second.deviceId, place: 'Lyon' }]);
      expect((await refusal(first.phone.approveNewPhone(second.deviceId, '274918'))).code).toBe('pin_wrong');
      await first.phone.approveNewPhone(second.deviceId, PIN);
      expect(await stateOf(second.phone)).toBe('active');
      expect((await first.phone.pending()).newPhones).toEqual([]);
      expect((await refusal(first.phone.approveNewPhone(second.deviceId, PIN))).code).toBe('not_found');
      const page = await site.start({ nationalId: person.nationalId });
      await approveByNumber(second.phone, page);
    });

    it('is removed at once by the first, without PIN', async () => {
      const { first, second } = await twoPhones();
      await first.phone.denyNewPhone(second.deviceId);
      expect((await refusal(second.phone.me())).code).toBe('device_revoked');
      expect(site.revoked).toContain(second.deviceId);
    });

    it('cannot let itself or a stranger’s phone in', async () => {
      const { second } = await twoPhones();
      const { phone: stranger } = await enrolled();
      const self = second.phone.approveNewPhone(second.deviceId, PIN);
      expect((await refusal(self)).code).toBe('device_quarantined');
      expect((await refusal(stranger.approveNewPhone(second.deviceId, PIN))).code).toBe('not_found');
      expect((await refusal(stranger.denyNewPhone(second.deviceId))).code).toBe('not_found');
      expect(await stateOf(second.phone)).toBe('quarantine');
    });
  });

  describe('the stop link', () => {
    it('is in the mail that announces the phone; opening it changes nothing, its button ends the phone', async () => {
      const { person, second } = await twoPhones();
      const url = await stopLink(person);
      const browser = new HttpClient(site.origin);
      const path = new URL(url).pathname;
      const page = await browser.get(path);
      expect(page.status).toBe(200);
      const html = await page.text();
      expect(html).toContain('Mon téléphone');
      expect(await stateOf(second.phone)).toBe('quarantine');

      const jeton = /name="jeton" value="([^"]+)"/.exec(html)?.[1] ?? '';
      expect((await browser.post(path, { jeton: 'wrong' })).status).toBe(403);
      expect(await stateOf(second.phone)).toBe('quarantine');
      const done = await browser.post(path, { jeton });
      expect(done.status).toBe(200);
      expect(await done.text()).toContain('Ce téléphone est retiré');
      expect((await refusal(second.phone.me())).code).toBe('device_revoked');
      expect(await (await browser.get(path)).text()).toContain('Ce téléphone est retiré');
    });

    it('made up leads nowhere', async () => {
      const page = await new HttpClient(site.origin).get(
        '/telephone/arreter/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      );
      expect(page.status).toBe(404);
    });
  });

  describe('the printed code', () => {
    it('ends the phone from a page or by program, however it is typed', async () => {
      const person = site.person();
      const phone = site.phone();
      const { reachPin } = await import('../support/ecps-site.ts');
      await reachPin(site, person, phone);
      const { revocationCode, device } = await phone.enrol(PIN);
      const browser = new HttpClient(site.origin);
      const html = await (await browser.get('/telephone/retirer')).text();
      const jeton = /name="jeton" value="([^"]+)"/.exec(html)?.[1] ?? '';
      const empty = await browser.post('/telephone/retirer', { jeton, code: ' ' });
      expect(empty.status).toBe(400);
      const wrong = await browser.post('/telephone/retirer', { jeton, code: 'AAAA-AAAA-AAAA-AAAA' });
      const code = revocationCode.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o');
      const right = await browser.post('/telephone/retirer', { jeton, code });
      const strip = (text: string) => text.replaceAll(/nonce="[^"]*"/g, '');
      expect([right.status, strip(await right.text())]).toEqual([wrong.status, strip(await wrong.text())]);
      expect((await refusal(phone.me())).code).toBe('device_revoked');
      expect(site.revoked).toContain(device.id);
    });

    it('is answered the same by the API whether it exists or not', async () => {
      const answers = await Promise.all(
        ['AAAA-AAAA-AAAA-AAAA', 'x', '\u0000'].map((revocationCode) =>
          fetch(`${site.origin}/ecps/v1/revocations`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ revocationCode }),
          }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    });
  });

  describe('its owner', () => {
    it('lists, renames and removes them; someone else’s are not there', async () => {
      const { person, first, second } = await twoPhones();
      site.clock.advance(HOUR);
      const renamed = await first.phone.rename(second.deviceId, '  Tablette du cabinet ');
      expect(renamed).toMatchObject({ name: 'Tablette du cabinet', current: false });
      const listed = await second.phone.devices();
      expect(listed.map(({ name, current }) => [name, current])).toEqual([
        ['Mon téléphone', false],
        ['Tablette du cabinet', true],
      ]);
      const { phone: stranger } = await enrolled();
      expect((await refusal(stranger.revoke(first.deviceId))).code).toBe('not_found');
      expect((await refusal(stranger.rename(first.deviceId, 'x'))).code).toBe('not_found');
      await first.phone.revoke(second.deviceId);
      expect(await first.phone.devices()).toHaveLength(1);
      expect((await first.phone.history()).map(({ kind }) => kind)).toEqual([
        'device_removed',
        'device_added',
        'device_added',
      ]);
      expect(
        (await site.messages.fate({ deviceId: second.deviceId })).map(({ template }) => template),
      ).toContain('device_removed');
      expect(await site.audited(person.nationalId)).toContain('ecps.device_revoked');
    });

    it('must make new keys after a revocation', async () => {
      const { person, phone, deviceId } = await enrolled();
      await phone.revoke(deviceId);
      const device = { name: 'x', model: 'x', os: 'x' };
      expect((await refusal(phone.activate({ nationalId: person.nationalId, device }))).code).toBe(
        'device_revoked',
      );
      expect((await phone.activate({ nationalId: person.nationalId, device, newKeys: true })).state).toBe(
        'mail_sent',
      );
    });
  });

  describe('jobs', () => {
    const run = (name: string) => site.ecps.jobs.find((job) => job.name === name)?.run();

    it('leave the phones of who is inactive at rest, until they are back in the registry', async () => {
      const { person, phone, deviceId } = await enrolled();
      const { id = '' } = (await site.registry.find(person.nationalId)) ?? {};
      const page = await site.start({ nationalId: person.nationalId });
      await site.registry.setStatus(id, 'inactive');
      await run('ecps-registry');
      expect((await refusal(approveByNumber(phone, page))).code).toBe('practitioner_inactive');
      expect(site.revoked).not.toContain(deviceId);
      await site.registry.setStatus(id, 'active');
      const again = await site.start({ nationalId: person.nationalId });
      await approveByNumber(phone, again);
      expect(await site.ecps.approvals.finish(again.txn, again.browserToken)).toMatchObject({
        nationalId: person.nationalId,
      });
    });

    it('revoke the phones of who was struck off, and end their sessions', async () => {
      const { person, phone, deviceId } = await enrolled();
      const { id = '' } = (await site.registry.find(person.nationalId)) ?? {};
      await site.registry.setStatus(id, 'struck_off');
      await run('ecps-registry');
      expect((await refusal(phone.me())).code).toBe('device_revoked');
      expect(site.revoked).toContain(deviceId);
    });

    it('keep the phones of who got another identifier', async () => {
      const { person, phone } = await enrolled();
      const other = `8${'9'.repeat(11)}`;
      await site.db.query('UPDATE practitioner SET national_id = $2 WHERE national_id = $1', [
        person.nationalId,
        other,
      ]);
      await run('ecps-registry');
      expect((await phone.me()).nationalId).toBe(other);
      const page = await site.start({ nationalId: other });
      await approveByNumber(phone, page);
      expect(await site.ecps.approvals.finish(page.txn, page.browserToken)).toMatchObject({
        nationalId: other,
      });
    });

    it('end the sessions of a phone revoked elsewhere', async () => {
      const { deviceId } = await enrolled();
      await site.db.query(`UPDATE ecps_device SET state = 'revoked', ended_at = $2 WHERE id = $1`, [
        deviceId,
        site.clock.now(),
      ]);
      await run('ecps-sessions');
      await run('ecps-sessions');
      expect(site.revoked.filter((id) => id === deviceId)).toHaveLength(1);
    });

    it('write down what time did', async () => {
      const { second } = await twoPhones();
      site.clock.advance(HOUR);
      await run('ecps-phones');
      const stored = async () =>
        (
          await site.db.query<{ state: string }>('SELECT state FROM ecps_device WHERE id = $1', [
            second.deviceId,
          ])
        ).rows[0]?.state;
      expect(await stored()).toBe('active');
      site.clock.advance(366 * DAY);
      await run('ecps-phones');
      expect(await stored()).toBe('expired');
      await run('ecps-sweep');
      const { rows } = await site.db.query('SELECT 1 FROM ecps_activation WHERE enrol_sealed IS NOT NULL');
      expect(rows).toEqual([]);
    });
  });
});
