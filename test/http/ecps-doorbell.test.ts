import { beforeAll, describe, expect, it } from 'vitest';
import { contextOf, startEcpsSite, type EcpsSite, type Person } from '../support/ecps-site.ts';

describe('pushes', () => {
  let site: EcpsSite;
  beforeAll(async () => {
    site = await startEcpsSite({ push: true });
  });

  const enrolled = async () => {
    const someone = site.person();
    return { person: someone, phone: await site.activated(someone) };
  };

  describe('the doorbell', () => {
    const subscription = {
      endpoint: 'https://push.example.test/send/abc',
      keys: { p256dh: `B${'A'.repeat(86)}`, auth: 'A'.repeat(22) },
    };
    const rings = async (someone: Person): Promise<number> => {
      await site.ecps.approvals.idle();
      const { id = '' } = (await site.registry.find(someone.nationalId)) ?? {};
      const { rows } = await site.db.query<{ n: number }>(
        `SELECT count(*) AS n FROM outbox_message WHERE kind = 'push' AND practitioner_id = $1`,
        [id],
      );
      return rows[0]?.n ?? 0;
    };
    const subscribed = async () => {
      const someone = await enrolled();
      await someone.phone.push(subscription);
      return someone;
    };
    const signIn = async ({ person: { nationalId } }: { person: Person }, known = false) =>
      site.start({ nationalId, context: contextOf(site.clock, { known }) });

    it('rings once until answered or over', async () => {
      const someone = await subscribed();
      const page = await signIn(someone);
      await site.ecps.approvals.idle();
      await signIn(someone);
      expect(await rings(someone.person)).toBe(1);
      await someone.phone.deny(page.txn);
      await signIn(someone);
      expect(await rings(someone.person)).toBe(2);
      site.clock.advance(120);
      await signIn(someone);
      expect(await rings(someone.person)).toBe(3);
    });

    it('rings three times in a quarter of an hour, ten times a day; the list still shows the request', async () => {
      const someone = await subscribed();
      const counts: number[] = [];
      for (let quarter = 0; quarter < 5; quarter += 1) {
        for (let count = 0; count < 4; count += 1) {
          await signIn(someone);
          await site.ecps.approvals.idle();
          site.clock.advance(120);
        }
        counts.push(await rings(someone.person));
        site.clock.advance(900);
      }
      expect(counts).toEqual([3, 6, 9, 10, 10]);
      const page = await signIn(someone);
      expect((await someone.phone.pending()).requests.map(({ txn }) => txn)).toEqual([page.txn]);
    });

    it('keeps a budget of its own for browsers known to the person', async () => {
      const someone = await subscribed();
      for (let count = 0; count < 4; count += 1) {
        await signIn(someone);
        await site.ecps.approvals.idle();
        site.clock.advance(120);
      }
      expect(await rings(someone.person)).toBe(3);
      await signIn(someone, true);
      expect(await rings(someone.person)).toBe(4);
    });

    it('does not ring for an origin reported that day; who opens the app still sees the request', async () => {
      const someone = await subscribed();
      const { nationalId } = someone.person;
      const startFrom = async (address: string) => {
        const page = await site.start({ nationalId, address });
        await site.ecps.approvals.idle();
        return page;
      };
      const reported = await startFrom('203.0.113.9');
      await someone.phone.report(reported.txn);
      const silent = await startFrom('203.0.113.9');
      expect(await rings(someone.person)).toBe(1);
      expect((await someone.phone.pending()).requests.map(({ txn }) => txn)).toEqual([silent.txn]);
      await startFrom('203.0.113.10');
      expect(await rings(someone.person)).toBe(2);
      site.clock.advance(86_400);
      await startFrom('203.0.113.9');
      expect(await rings(someone.person)).toBe(3);
    });

    it('does not ring a phone that gave its subscription back', async () => {
      const someone = await subscribed();
      await someone.phone.push(null);
      await signIn(someone);
      expect(await rings(someone.person)).toBe(0);
    });
  });
});
