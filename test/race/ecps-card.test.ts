import { beforeAll, describe, expect, test } from 'vitest';
import { Refusal } from '../../src/http/errors.ts';
import { token } from '../../src/platform/random.ts';
import { DEVICE, PIN, atOnce, startEcpsSite, type EcpsSite, type Person } from '../support/ecps-site.ts';

describe.each(['postgres', 'redis'] as const)('activation by card, all at once, on %s', (store) => {
  let site: EcpsSite;

  beforeAll(async () => {
    site = await startEcpsSite({ store });
  });

  const present = async (person: Person) => {
    const browserToken = token();
    const { card } = site.ecps.activations;
    const at = Math.floor(site.clock.now().getTime() / 1000);
    const id = await card.open({ nationalId: person.nationalId, serial: 'c0ffee', at }, browserToken);
    if (id === undefined) throw new Error('the card was not accepted');
    return {
      id,
      qr: (await card.qr(id, browserToken)) ?? '',
      view: () => card.view(id, browserToken),
      confirm: () => card.confirm(id, browserToken),
      decline: () => card.decline(id, browserToken),
    };
  };

  /** Codes of those that were refused, and how many were not. */
  const answers = async (works: readonly (() => Promise<void>)[]) => {
    const settled = await Promise.allSettled(works.map((work) => work()));
    const refused = settled.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    expect(refused.every((reason) => reason instanceof Refusal)).toBe(true);
    return {
      done: settled.length - refused.length,
      codes: refused.map((reason) => (reason as Refusal).code),
    };
  };

  test('16 phones scan one QR: one is shown on the computer, the others are told that they came second', async () => {
    const person = site.person();
    const page = await present(person);
    const phones = Array.from({ length: 16 }, () => site.phone());
    const { done, refused } = await atOnce(16, async (index) =>
      phones[index]?.activateByCard({ qr: page.qr, device: { ...DEVICE, name: `Téléphone ${index}` } }),
    );
    expect(done).toHaveLength(1);
    expect(refused).toEqual(Array.from({ length: 15 }, () => 'scanned_elsewhere'));
    const shown = await page.view();
    expect(shown).toMatchObject({ state: 'compare', letters: done[0]?.letters, others: true });
    expect(await site.audited(person.nationalId)).toEqual(
      expect.arrayContaining(['ecps.activation_started', 'ecps.activation_scanned_twice']),
    );
  });

  test('one phone that scans 16 times is one phone', async () => {
    const page = await present(site.person());
    const phone = site.phone();
    await phone.vault.createKeys();
    const { done, refused } = await atOnce(16, () => phone.activateByCard({ qr: page.qr, device: DEVICE }));
    expect(refused).toEqual([]);
    expect(new Set(done.map(({ letters, deviceId }) => `${letters} ${deviceId}`)).size).toBe(1);
    expect(await page.view()).toMatchObject({ state: 'compare', others: false });
  });

  test('16 confirmations are one, and its PIN has one generation', async () => {
    const page = await present(site.person());
    const phone = site.phone();
    await phone.activateByCard({ qr: page.qr, device: DEVICE });
    const { done, codes } = await answers(Array.from({ length: 16 }, () => page.confirm));
    expect(done).toBe(1);
    expect(new Set(codes)).toEqual(new Set(['already_used']));
    expect(await phone.activation()).toMatchObject({ state: 'pin_due', gen: 1 });
    await expect(phone.enrol(PIN)).resolves.toMatchObject({ device: { state: 'active', via: 'card' } });
  });

  test('yes and no at once: one of them counts', async () => {
    const page = await present(site.person());
    const phone = site.phone();
    await phone.activateByCard({ qr: page.qr, device: DEVICE });
    const { done } = await answers(
      Array.from({ length: 16 }, (_, index) => (index % 2 === 0 ? page.confirm : page.decline)),
    );
    expect(done).toBe(1);
    const { state } = await phone.activation();
    expect((await page.view())?.state).toBe(state === 'pin_due' ? 'pin' : 'refused');
  });

  test('a card presented more than a minute ago, or of who practises no more, opens no page', async () => {
    const { nationalId } = site.person();
    const { card } = site.ecps.activations;
    const now = Math.floor(site.clock.now().getTime() / 1000);
    expect(await card.open({ nationalId, serial: 'c0ffee', at: now - 60 }, token())).toBeDefined();
    expect(await card.open({ nationalId, serial: 'c0ffee', at: now - 61 }, token())).toBeUndefined();
    const { id } = (await site.registry.find(nationalId)) ?? { id: '' };
    await site.registry.setStatus(id, 'struck_off');
    expect(await card.open({ nationalId, serial: 'c0ffee', at: now }, token())).toBeUndefined();
  });
});
