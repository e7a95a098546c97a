import { beforeAll, describe, expect, it } from 'vitest';
import { QR_PREFIX } from '../../src/ecps/protocol/qr.ts';
import { token } from '../../src/platform/random.ts';
import {
  approveByNumber,
  contextOf,
  PIN,
  refusal,
  startEcpsSite,
  type EcpsSite,
  type Page,
  type Person,
  type TestPhone,
} from '../support/ecps-site.ts';

const other = (number: string | undefined): string => (number === '10' ? '11' : '10');

describe('sign-ins', () => {
  let site: EcpsSite;
  let person: Person;
  let phone: TestPhone;
  beforeAll(async () => {
    site = await startEcpsSite({ push: true });
    person = site.person();
    phone = await site.activated(person);
  });

  const enrolled = async () => {
    const someone = site.person();
    return { person: someone, phone: await site.activated(someone) };
  };
  const status = (page: Page) => site.ecps.approvals.status(page.txn, page.browserToken);
  const finish = (page: Page, verifier?: string) =>
    site.ecps.approvals.finish(page.txn, page.browserToken, verifier);
  const qrOf = async (page: Page) => (await site.ecps.approvals.qr(page.txn, page.browserToken)) ?? 'no QR';
  const linkOf = async (page: Page) =>
    (await site.ecps.approvals.link(page.txn, page.browserToken)) ?? 'no link';
  const triesLeft = async () => (await phone.me()).pin.triesLeft;

  describe('what the phone is shown', () => {
    it('is the context of the page, to be approved as it is', async () => {
      const context = contextOf(site.clock, { bindingMessage: 'Dossier 12', known: true });
      const page = await site.start({ nationalId: person.nationalId, context });
      const { requests } = await phone.pending();
      const request = requests.find(({ txn }) => txn === page.txn);
      expect(request).toMatchObject({
        aud: site.config.issuer,
        context,
        bindings: ['number', 'qr', 'link'],
        pin: { triesLeft: 5 },
      });
      const changed = { ...request, context: { ...context, place: 'Paris' } } as typeof request;
      if (!request || !changed) throw new Error('the sign-in does not wait');
      const bind = { m: 'number', v: page.number ?? '' } as const;
      expect((await refusal(phone.approve({ request: changed, bind, pin: PIN }))).code).toBe(
        'payload_mismatch',
      );
      await phone.approve({ request, bind, pin: PIN });
    });

    it('is nothing of someone else’s', async () => {
      const page = await site.start({ nationalId: site.person().nationalId });
      expect((await phone.pending()).requests.map(({ txn }) => txn)).not.toContain(page.txn);
      expect((await refusal(phone.deny(page.txn))).code).toBe('gone');
      expect((await refusal(phone.scanSignIn(await qrOf(page)))).code).toBe('gone');
    });

    it('is told at once to a phone that listens', async () => {
      const stop = new AbortController();
      const news = phone.events(stop.signal);
      await news.next();
      const next = news.next();
      await site.start({ nationalId: person.nationalId });
      expect((await next).done).toBe(false);
      stop.abort();
    });
  });

  describe('a number', () => {
    it('that is wrong ends the sign-in and touches no PIN counter', async () => {
      const page = await site.start({ nationalId: person.nationalId });
      const wrong = await refusal(approveByNumber(phone, { ...page, number: other(page.number) }));
      expect(wrong).toMatchObject({ code: 'bind_wrong', status: 403 });
      expect(await triesLeft()).toBe(5);
      expect((await phone.pending()).requests.map(({ txn }) => txn)).not.toContain(page.txn);
      expect(await status(page)).toBe('waiting');
      site.clock.advance(120);
      expect(await status(page)).toBe('expired');
      expect(await site.audited(person.nationalId)).toContain('ecps.approval_bound_wrong');
    });

    it('differs from the others open for one person; the sixth page shows the QR only', async () => {
      const nationalId = site.person().nationalId;
      const pages: Page[] = [];
      for (let count = 0; count < 6; count += 1) pages.push(await site.start({ nationalId }));
      const numbers = pages.map(({ number }) => number);
      expect(new Set(numbers.slice(0, 5)).size).toBe(5);
      expect(numbers.slice(0, 5).every((number) => /^[1-9]\d$/.test(number ?? ''))).toBe(true);
      expect(numbers[5]).toBeUndefined();
      expect(await qrOf(pages[5] as Page)).toMatch(/^ECPS2:/);
      site.clock.advance(120);
      expect((await site.start({ nationalId })).number).toBeDefined();
    });

    it('is given back by the page that starts again, and by the one that is served', async () => {
      const someone = await enrolled();
      const { nationalId } = someone.person;
      const interactionId = token(12);
      const browserToken = token();
      const again: Page[] = [];
      for (let count = 0; count < 8; count += 1) {
        again.push(await site.start({ nationalId, interactionId, browserToken }));
      }
      expect(again.every(({ number }) => number !== undefined)).toBe(true);
      expect((await someone.phone.pending()).requests.map(({ txn }) => txn)).toEqual([again[7]?.txn]);
      expect((await refusal(someone.phone.deny(again[0]?.txn ?? ''))).code).toBe('gone');
      for (let count = 0; count < 6; count += 1) {
        const page = await site.start({ nationalId });
        await approveByNumber(someone.phone, page);
        expect(await finish(page)).toBeDefined();
      }
    });
  });

  describe('a QR', () => {
    it('signs in who typed nothing', async () => {
      const page = await site.start();
      expect(page.number).toBeUndefined();
      const bound = await phone.scanSignIn(await qrOf(page));
      expect((await phone.pending()).requests.map(({ txn }) => txn)).toContain(page.txn);
      site.clock.advance(60);
      await phone.approve({ ...bound, pin: PIN });
      expect(await status(page)).toBe('approved');
      expect(await finish(page)).toMatchObject({ nationalId: person.nationalId, flow: 'cross' });
    });

    it('is redrawn every five seconds and refused after fifteen', async () => {
      const page = await site.start();
      const first = await qrOf(page);
      site.clock.advance(5);
      expect(await qrOf(page)).not.toBe(first);
      site.clock.advance(10);
      expect((await refusal(phone.scanSignIn(first))).code).toBe('gone');
      await phone.scanSignIn(await qrOf(page));
    });

    it('belongs to the first phone that scans it', async () => {
      const page = await site.start();
      const qr = await qrOf(page);
      await phone.scanSignIn(qr);
      const thief = await enrolled();
      expect((await refusal(thief.phone.scanSignIn(qr))).code).toBe('gone');
    });

    it('does not open what another identifier was typed for', async () => {
      const thief = await enrolled();
      const page = await site.start({ nationalId: person.nationalId });
      expect((await refusal(thief.phone.scanSignIn(await qrOf(page)))).code).toBe('gone');
      expect((await phone.scanSignIn(await qrOf(page))).request.txn).toBe(page.txn);
    });

    it('made up, or of another kind, is refused', async () => {
      const page = await site.start();
      const qr = await qrOf(page);
      const at = qr.length - 8;
      const forged = qr.slice(0, at) + (qr[at] === 'A' ? 'B' : 'A') + qr.slice(at + 1);
      expect((await refusal(phone.scanSignIn(forged))).code).toBe('gone');
      const body = { qr: qr.replace(QR_PREFIX.signIn, QR_PREFIX.mail) };
      expect((await refusal(phone.call('scan', { body }))).code).toBe('request_invalid');
    });
  });

  describe('the same phone', () => {
    const approveLink = async (page: Page) => {
      const bound = await phone.openLink(await linkOf(page));
      const { returnTo = '' } = await phone.approve({ ...bound, pin: PIN });
      return new URL(returnTo);
    };

    it('opens nothing by waiting: the verifier must come, once, in the browser that started', async () => {
      const page = await site.start({ nationalId: person.nationalId });
      const returnTo = await approveLink(page);
      const verifier = returnTo.searchParams.get('v') ?? '';
      expect(returnTo.origin + returnTo.pathname).toBe(
        `${site.origin}/connexion/${page.interactionId}/retour`,
      );
      expect(await status(page)).toBe('waiting');
      expect(await finish(page)).toBeUndefined();
      expect(await finish(page, token())).toBeUndefined();
      expect(await finish({ ...page, browserToken: token() }, verifier)).toBeUndefined();
      expect(await finish(page, verifier)).toMatchObject({
        flow: 'same',
        amr: ['pop', 'pin', 'mfa', 'swk', 'phr'],
      });
      expect(await finish(page, verifier)).toBeUndefined();
    });

    it('works without an identifier typed', async () => {
      const page = await site.start();
      const verifier = (await approveLink(page)).searchParams.get('v') ?? '';
      expect(await finish(page, verifier)).toMatchObject({ nationalId: person.nationalId });
    });
  });

  describe('an approval', () => {
    it('is only for the browser that started', async () => {
      const page = await site.start({ nationalId: person.nationalId });
      await approveByNumber(phone, page);
      const elsewhere = { ...page, browserToken: token() };
      expect(await status(elsewhere)).toBe('expired');
      expect(await finish(elsewhere)).toBeUndefined();
      expect(await qrOf(elsewhere)).toBe('no QR');
      expect(await finish(page)).toBeDefined();
    });

    it('serves once, whoever signs', async () => {
      const page = await site.start({ nationalId: person.nationalId });
      await approveByNumber(phone, page);
      const body = { blinded: token(32), bind: { m: 'number', v: page.number ?? '' } } as const;
      expect((await refusal(phone.call('evaluate', { id: page.txn, body }))).code).toBe('already_used');
    });

    it('comes too late after two minutes', async () => {
      const page = await site.start({ nationalId: person.nationalId });
      const { requests } = await phone.pending();
      const request = requests.find(({ txn }) => txn === page.txn);
      site.clock.advance(120);
      expect((await phone.pending()).requests).toEqual([]);
      if (!request) throw new Error('the sign-in does not wait');
      const bind = { m: 'number', v: page.number ?? '' } as const;
      expect((await refusal(phone.approve({ request, bind, pin: PIN }))).code).toBe('gone');
      expect(await triesLeft()).toBe(5);
    });

    it('is told to the page that listens', async () => {
      const page = await site.start({ nationalId: person.nationalId });
      let changes = 0;
      const heard = new Promise<void>((resolve) => {
        void site.ecps.approvals.watch(page.txn, () => {
          changes += 1;
          resolve();
        });
      });
      await approveByNumber(phone, page);
      await heard;
      expect(changes).toBe(1);
    });

    it('opens nothing when the phone was revoked, or its owner struck off, in between', async () => {
      const first = await enrolled();
      const page = await site.start({ nationalId: first.person.nationalId });
      await approveByNumber(first.phone, page);
      await first.phone.revoke((await first.phone.me()).device.id);
      expect(await finish(page)).toBeUndefined();

      const second = await enrolled();
      const later = await site.start({ nationalId: second.person.nationalId });
      await approveByNumber(second.phone, later);
      const { id = '' } = (await site.registry.find(second.person.nationalId)) ?? {};
      await site.registry.setStatus(id, 'struck_off');
      expect(await finish(later)).toBeUndefined();
      const next = await site.start({ nationalId: second.person.nationalId });
      expect((await refusal(approveByNumber(second.phone, next))).code).toBe('device_revoked');
    });

    it('leaves its proof: the JWS with both signatures, a receipt that the published key verifies', async () => {
      const { compactVerify, createLocalJWKSet } = await import('jose');
      const page = await site.start({ nationalId: person.nationalId });
      const { receipt } = await approveByNumber(phone, page);
      const jwks = await phone.call('keys');
      const verified = await compactVerify(receipt, createLocalJWKSet(jwks as never));
      const claims = JSON.parse(new TextDecoder().decode(verified.payload)) as Record<string, unknown>;
      expect(claims).toMatchObject({ iss: site.config.issuer, scope: page.txn, kind: 'sign_in' });
      const { rows } = await site.db.query<{ jws: { signatures: unknown[] } }>(
        'SELECT jws FROM ecps_receipt WHERE scope = $1',
        [page.txn],
      );
      expect(rows[0]?.jws.signatures).toHaveLength(2);
    });
  });

  describe('denied or reported', () => {
    it.each(['deny', 'report'] as const)(
      '%s looks like waiting, then expiry, to an unknown browser',
      async (verb) => {
        const page = await site.start({ nationalId: person.nationalId });
        let told = 0;
        await site.ecps.approvals.watch(page.txn, () => {
          told += 1;
        });
        const before = await qrOf(page);
        await phone[verb](page.txn);
        expect(await status(page)).toBe('waiting');
        expect(await qrOf(page)).toBe(before);
        site.clock.advance(119);
        expect(await status(page)).toBe('waiting');
        site.clock.advance(1);
        expect(await status(page)).toBe('expired');
        expect(told).toBe(0);
        expect((await phone.history())[0]).toMatchObject({
          kind: verb === 'deny' ? 'denied' : 'reported',
          service: 'Vaccin Covid',
        });
      },
    );

    it('tells a known browser at once', async () => {
      const key = token();
      const { approvals } = site.ecps;
      expect(await approvals.isKnown(person.nationalId, key)).toBe(false);
      await approvals.rememberBrowser(person.nationalId, key);
      expect(await approvals.isKnown(person.nationalId, key)).toBe(true);
      expect(await approvals.isKnown(site.person().nationalId, key)).toBe(false);
      const context = contextOf(site.clock, { known: true, place: 'Nantes' });
      const page = await site.start({ nationalId: person.nationalId, context });
      const heard = new Promise<void>((resolve) => {
        void approvals.watch(page.txn, resolve);
      });
      await phone.deny(page.txn);
      await heard;
      expect(await status(page)).toBe('stopped');
    });

    it('a report tells the owner by mail', async () => {
      const someone = await enrolled();
      const page = await site.start({ nationalId: someone.person.nationalId });
      await someone.phone.report(page.txn);
      const { device } = await someone.phone.me();
      const told = (await site.messages.fate({ deviceId: device.id })).map(({ template }) => template);
      expect(told).toContain('sign_in_reported');
      expect(await site.audited(someone.person.nationalId)).toContain('ecps.approval_reported');
    });
  });

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
