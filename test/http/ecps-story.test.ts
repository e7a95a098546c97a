import { beforeAll, describe, expect, it } from 'vitest';
import { approveByNumber, PIN, startEcpsSite, type EcpsSite } from '../support/ecps-site.ts';

describe('the story of one phone', () => {
  let site: EcpsSite;
  beforeAll(async () => {
    site = await startEcpsSite();
  });

  it('activates by mail and SMS, approves a sign-in by its number, and is served once', async () => {
    const person = site.person();
    const phone = await site.activated(person);
    const me = await phone.me();
    expect(me).toMatchObject({ nationalId: person.nationalId, gen: 1, pin: { triesLeft: 5 } });
    expect(me.device).toMatchObject({ state: 'active', via: 'contact', current: true });

    const page = await site.start({ nationalId: person.nationalId });
    expect(page.number).toMatch(/^[1-9]\d$/);
    const answer = await approveByNumber(phone, page, PIN);
    expect(answer.wrongTriesSince).toBe(0);
    expect(answer.receipt.split('.')).toHaveLength(3);

    const { approvals } = site.ecps;
    expect(await approvals.status(page.txn, page.browserToken)).toBe('approved');
    const approved = await approvals.finish(page.txn, page.browserToken);
    expect(approved).toMatchObject({
      nationalId: person.nationalId,
      flow: 'cross',
      amr: ['pop', 'pin', 'mfa', 'swk'],
      acr: 'eidas1',
    });
    expect(await approvals.finish(page.txn, page.browserToken)).toBeUndefined();
    expect(await site.audited(person.nationalId)).toContain('ecps.approval_given');
  });
});
