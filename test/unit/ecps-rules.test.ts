import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFresh, linkSecret, qrSecret } from '../../src/ecps/approvals/secrets.ts';
import { afterWakingTime } from '../../src/ecps/devices/quarantine.ts';
import { isFreshNonce, makeNonce } from '../../src/ecps/http/nonce.ts';
import { nextRung } from '../../src/ecps/pin/ladder.ts';
import { addMonths } from '../../src/ecps/pin/renewal.ts';
import { smsCode } from '../../src/ecps/activation/secrets.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { token } from '../../src/platform/random.ts';

const PARIS = 'Europe/Paris';
const HOUR = 3600;
const keyring = createKeyRing(Buffer.alloc(32, 7));

describe('the quarantine clock', () => {
  it.each([
    ['by day', '2021-01-14T09:00:00Z', '2021-01-14T10:00:00.000Z'],
    ['until closing time exactly', '2021-01-14T20:00:00Z', '2021-01-14T21:00:00.000Z'],
    ['over the night', '2021-01-14T20:30:00Z', '2021-01-15T06:30:00.000Z'],
    ['asked at night', '2021-01-14T23:30:00Z', '2021-01-15T07:00:00.000Z'],
    ['asked before dawn', '2021-01-14T03:00:00Z', '2021-01-14T07:00:00.000Z'],
    ['over the night in which summer time begins', '2021-03-27T20:30:00Z', '2021-03-28T05:30:00.000Z'],
    ['over the night in which summer time ends', '2021-10-30T19:30:00Z', '2021-10-31T06:30:00.000Z'],
    ['over the end of a year', '2021-12-31T20:45:00Z', '2022-01-01T06:45:00.000Z'],
  ])('counts an hour %s', (_name, start, end) => {
    expect(afterWakingTime(new Date(start), HOUR, PARIS).toISOString()).toBe(end);
  });

  it('counts longer times over several days', () => {
    const end = afterWakingTime(new Date('2021-01-14T06:00:00Z'), 31 * HOUR, PARIS);
    expect(end.toISOString()).toBe('2021-01-16T07:00:00.000Z');
  });

  it('always ends in waking hours, no sooner than asked, and later for a later start', () => {
    const hourIn = (instant: Date) =>
      Number(
        new Intl.DateTimeFormat('en-GB', { timeZone: PARIS, hour: '2-digit', hourCycle: 'h23' }).format(
          instant,
        ),
      );
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5 * 365 * 86_400 }),
        fc.integer({ min: 1, max: 7200 }),
        (s, gap) => {
          const start = new Date(Date.UTC(2020, 0, 1) + s * 1000);
          const end = afterWakingTime(start, HOUR, PARIS);
          const later = afterWakingTime(new Date(start.getTime() + gap * 1000), HOUR, PARIS);
          expect(end.getTime() - start.getTime()).toBeGreaterThanOrEqual(HOUR * 1000);
          expect(end.getTime() - start.getTime()).toBeLessThanOrEqual(11 * HOUR * 1000);
          expect(hourIn(new Date(end.getTime() - 1))).toBeGreaterThanOrEqual(7);
          expect(hourIn(new Date(end.getTime() - 1))).toBeLessThan(22);
          expect(later.getTime()).toBeGreaterThanOrEqual(end.getTime());
        },
      ),
    );
  });
});

describe('the PIN ladder', () => {
  const last = new Date('2021-01-14T09:00:00Z');
  const at = (seconds: number) => new Date(last.getTime() + seconds * 1000);

  it('gives three evaluations freely', () => {
    expect([0, 1, 2].map((tries) => nextRung(tries, last, last).kind)).toEqual(['go', 'go', 'go']);
  });

  it('gives the fourth a minute after the third, the fifth five minutes after the fourth', () => {
    expect(nextRung(3, last, at(0))).toEqual({ kind: 'wait', seconds: 60 });
    expect(nextRung(3, last, at(59))).toEqual({ kind: 'wait', seconds: 1 });
    expect(nextRung(3, last, at(60))).toEqual({ kind: 'go' });
    expect(nextRung(4, last, at(60))).toEqual({ kind: 'wait', seconds: 240 });
    expect(nextRung(4, last, at(300))).toEqual({ kind: 'go' });
  });

  it('never gives a sixth, however long one waits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 1000 }), fc.nat(1e9), (tries, seconds) => {
        expect(nextRung(tries, last, at(seconds))).toEqual({ kind: 'lock' });
      }),
    );
  });
});

describe('the secrets of the sign-in page', () => {
  const transaction = { seed: token(32) };
  const start = new Date('2021-01-14T09:00:00Z');
  const at = (seconds: number) => new Date(start.getTime() + seconds * 1000);

  it('redraws the QR every five seconds', () => {
    expect(qrSecret(transaction, at(4.9))).toBe(qrSecret(transaction, start));
    expect(qrSecret(transaction, at(5))).not.toBe(qrSecret(transaction, start));
  });

  it('accepts a QR for fifteen seconds from when it was first drawn, and not before', () => {
    const scanned = { m: 'qr', v: qrSecret(transaction, at(30)) } as const;
    expect([29.9, 30, 44.9, 45].map((seconds) => isFresh(transaction, scanned, at(seconds)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('keeps QR and link apart, and those of two sign-ins', () => {
    const link = linkSecret(transaction);
    expect(isFresh(transaction, { m: 'link', v: link }, at(100))).toBe(true);
    expect(isFresh(transaction, { m: 'qr', v: link }, start)).toBe(false);
    expect(isFresh({ seed: token(32) }, { m: 'link', v: link }, start)).toBe(false);
  });
});

describe('nonces', () => {
  it('are good for a minute, on any node with the same key, and cannot be made up', () => {
    const clock = new ManualClock('2021-01-14T09:00:00Z');
    const nonce = makeNonce({ keyring, clock });
    clock.advance(60);
    expect(isFreshNonce({ keyring: createKeyRing(Buffer.alloc(32, 7)), clock }, nonce)).toBe(true);
    expect(isFreshNonce({ keyring: createKeyRing(Buffer.alloc(32, 8)), clock }, nonce)).toBe(false);
    clock.advance(1);
    expect(isFreshNonce({ keyring, clock }, nonce)).toBe(false);
    clock.advance(-62);
    expect(isFreshNonce({ keyring, clock }, nonce)).toBe(false);
    expect(['', 'x', token(22)].map((text) => isFreshNonce({ keyring, clock }, text))).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('SMS codes', () => {
  it('have six digits, differ by activation and by SMS, and depend on the key outside the database', () => {
    const other = createKeyRing(Buffer.alloc(32, 9));
    const codes = [
      smsCode({ keyring }, 'act_A', 1),
      smsCode({ keyring }, 'act_A', 2),
      smsCode({ keyring }, 'act_B', 1),
      smsCode({ keyring: other }, 'act_A', 1),
    ];
    expect(codes.every((code) => /^\d{6}$/.test(code))).toBe(true);
    expect(new Set(codes).size).toBe(4);
    expect(smsCode({ keyring }, 'act_A', 1)).toBe(codes[0]);
  });
});

describe('renewal dates', () => {
  it.each([
    ['2021-01-14T09:00:00Z', 12, '2022-01-14T09:00:00.000Z'],
    ['2024-02-29T09:00:00Z', 12, '2025-02-28T09:00:00.000Z'],
    ['2021-08-31T09:00:00Z', 6, '2022-02-28T09:00:00.000Z'],
  ])('%s plus %i months', (from, months, to) => {
    expect(addMonths(new Date(from), months).toISOString()).toBe(to);
  });
});
