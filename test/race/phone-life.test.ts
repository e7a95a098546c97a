import { beforeAll, describe, expect, it } from 'vitest';
import {
  approveByNumber,
  atOnce,
  PIN,
  startEcpsSite,
  type EcpsSite,
  type Page,
  type Person,
  type TestPhone,
} from '../support/ecps-site.ts';

/** What a person does to the e-CPS while a sign-in is being approved: history read, phone removed, PIN changed. */
describe.each(['postgres', 'redis'] as const)(
  'approvals at the same moment as, %s',
  { timeout: 90_000 },
  (store) => {
    const OTHER_PIN = '830264';
    const ROUNDS = 4;
    let site: EcpsSite;
    beforeAll(async () => {
      site = await startEcpsSite({ store });
    });

    const twoPhones = async (): Promise<{
      person: Person;
      first: TestPhone;
      second: TestPhone;
      id: string;
    }> => {
      const person = site.person();
      const first = await site.activated(person);
      const second = await site.activated(person);
      const { device } = await second.me();
      await first.approveNewPhone(device.id, PIN);
      return { person, first, second, id: device.id };
    };
    const asked = ({ nationalId }: Person): Promise<Page> => site.start({ nationalId });
    const opened = (page: Page) => site.ecps.approvals.finish(page.txn, page.browserToken);
    const receipts = async (txn: string): Promise<number> =>
      (await site.db.query('SELECT 1 FROM ecps_receipt WHERE scope = $1', [txn])).rows.length;

    it('its removal: opened and receipted, or refused and closed, never half', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const { person, first, second, id } = await twoPhones();
        const page = await asked(person);
        const { done, refused } = await atOnce(2, async (index) => {
          if (index === 0) return first.revoke(id);
          await approveByNumber(second, page);
        });
        const approved = done.length === 2;
        expect(refused.every((code) => code === 'device_revoked' || code === 'device_unknown')).toBe(true);
        expect(await receipts(page.txn)).toBe(approved ? 1 : 0);
        expect((await opened(page)) !== undefined).toBe(approved);
        expect((await first.devices()).map((device) => device.id)).not.toContain(id);
        // Once removed it approves nothing more, whichever came first.
        const next = await asked(person);
        await expect(approveByNumber(second, next)).rejects.toMatchObject({
          code: expect.stringMatching(/^device_(revoked|unknown)$/),
        });
        await approveByNumber(first, next);
        expect(await opened(next)).toBeDefined();
      }
    });

    it('a PIN change: one PIN is in use afterwards, and no try is lost or counted twice', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const person = site.person();
        const phone = await site.activated(person);
        const page = await asked(person);
        const { requests } = await phone.pending();
        const request = requests.find(({ txn }) => txn === page.txn);
        if (!request) throw new Error('nothing waits');
        const bind = { m: 'number' as const, v: page.number ?? '' };
        const outcome = await Promise.allSettled([
          phone.changePin(PIN, OTHER_PIN),
          phone.approve({ request, bind, pin: PIN }),
        ]);
        const [change, approval] = outcome.map(({ status }) => status === 'fulfilled');
        // The approval may meet a generation that is no longer in use: it is refused, not judged wrong.
        expect(change || approval).toBe(true);
        expect((await opened(page)) !== undefined).toBe(approval);
        const inUse = change ? OTHER_PIN : PIN;
        const next = await asked(person);
        await approveByNumber(phone, next, inUse);
        expect(await opened(next)).toBeDefined();
        expect((await phone.me()).device.state).toBe('active');
        expect((await phone.me()).pin.triesLeft).toBe(5);
        const last = await asked(person);
        await expect(approveByNumber(phone, last, change ? PIN : OTHER_PIN)).rejects.toMatchObject({
          code: 'pin_wrong',
          triesLeft: 4,
        });
      }
    });

    it('the history: every reading is whole, and the approval is in it once', async () => {
      const person = site.person();
      const phone = await site.activated(person);
      for (let round = 1; round <= ROUNDS; round += 1) {
        const page = await asked(person);
        const { done, refused } = await atOnce(8, async (index) => {
          if (index === 3) {
            await approveByNumber(phone, page);
            return -1;
          }
          return (await phone.history()).filter(({ kind }) => kind === 'sign_in').length;
        });
        expect(refused).toEqual([]);
        expect(
          done.filter((count) => count >= 0).every((count) => count === round - 1 || count === round),
        ).toBe(true);
        expect((await phone.history()).filter(({ kind }) => kind === 'sign_in')).toHaveLength(round);
        expect(await opened(page)).toBeDefined();
      }
    });

    it('its renewal and its renaming: both happen, and the phone stays one', async () => {
      const person = site.person();
      const phone = await site.activated(person);
      const { device } = await phone.me();
      const page = await asked(person);
      const { refused } = await atOnce(3, async (index) => {
        if (index === 0) await approveByNumber(phone, page);
        else if (index === 1) await phone.renew(PIN);
        else await phone.rename(device.id, 'Cabinet');
      });
      expect(refused).toEqual([]);
      expect(await opened(page)).toBeDefined();
      expect((await phone.me()).device).toMatchObject({ id: device.id, name: 'Cabinet', state: 'active' });
    });
  },
);
