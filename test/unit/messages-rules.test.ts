import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PATIENCE, backoffMs } from '../../src/messages/backoff.ts';
import { maskEmail, maskPhone, maskRecipient, scrub } from '../../src/messages/mask.ts';
import { isPublicAddress, isPushEndpoint } from '../../src/messages/push-address.ts';
import { retryAfterSeconds } from '../../src/messages/transport.ts';

describe('masked recipients', () => {
  it.each([
    ['jean.martin@example.test', 'j•••@e•••.test'],
    ['é@hôpital.fr', 'é•••@h•••.fr'],
    ['x@localhost', 'x•••@l•••'],
    ['nonsense', '•••'],
  ])('%s is shown as %s', (email, masked) => expect(maskEmail(email)).toBe(masked));

  it.each([
    ['+33612345612', '+33 6 •• •• •• 12'],
    ['+33 6 12 34 56 12', '+33 6 •• •• •• 12'],
    ['+262692123456', '+26 ••• 56'],
    ['112', '•••'],
  ])('%s is shown as %s', (phone, masked) => expect(maskPhone(phone)).toBe(masked));

  it('never show more than the first letters of an address and the end of a number', () => {
    const part = fc.stringMatching(/^[a-z]{2,12}$/);
    fc.assert(
      fc.property(part, part, fc.stringMatching(/^[1-9]\d{8}$/), (name, domain, number) => {
        const email = maskEmail(`${name}@${domain}.test`);
        expect(email.replaceAll(/[•@]|\.test/g, '')).toHaveLength(2);
        expect(maskPhone(`+33${number}`).replaceAll(/\D/g, '')).toHaveLength(5);
      }),
    );
  });

  it('show of a push the service only', () => {
    const subscription = {
      endpoint: 'https://push.example.test/wpush/v2/SECRET',
      keys: { p256dh: '', auth: '' },
    };
    expect(maskRecipient({ kind: 'push', subscription, deviceId: 'dev_1', expiresAt: new Date() })).toBe(
      'push.example.test',
    );
  });
});

describe('error texts', () => {
  it('lose addresses, numbers, links and the message’s own secrets', () => {
    const said = scrub(
      '5.1.1 <jean@x.test>: unknown; +33 6 12 34 56 12 K7QF-2M9A see https://x.test/?a=1\nnow',
      ['K7QF-2M9A'],
    );
    expect(said).toBe('5.1.1 <…>: unknown; … … see … now');
  });

  it('stay short', () => expect(scrub('word '.repeat(200))).toHaveLength(160));
});

describe('back-off', () => {
  it('doubles with equal jitter, up to the longest wait', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(PATIENCE)),
        fc.integer({ min: 1, max: 200 }),
        (patience, n) => {
          const whole = Math.min(patience.firstSeconds * 2 ** (n - 1), patience.longestSeconds) * 1000;
          const wait = backoffMs(patience, n);
          expect(wait).toBeGreaterThanOrEqual(whole / 2);
          expect(wait).toBeLessThanOrEqual(whole);
        },
      ),
    );
  });

  it('spreads processes that failed together', () => {
    const waits = new Set(Array.from({ length: 50 }, () => backoffMs(PATIENCE.mail, 6)));
    expect(waits.size).toBeGreaterThan(40);
  });

  it('waits as long as the other side asks, an hour at most', () => {
    expect(backoffMs(PATIENCE.sms, 1, 90)).toBe(90_000);
    expect(backoffMs(PATIENCE.sms, 1, 1e9)).toBe(3_600_000);
  });

  it('reads Retry-After in both its forms', () => {
    const now = new Date('2021-01-14T07:30:00Z');
    expect(retryAfterSeconds('120', now)).toBe(120);
    expect(retryAfterSeconds('Thu, 14 Jan 2021 07:31:00 GMT', now)).toBe(60);
    expect(retryAfterSeconds('Thu, 14 Jan 2021 07:29:00 GMT', now)).toBe(0);
    expect(retryAfterSeconds('soon', now)).toBe(0);
    expect(retryAfterSeconds(undefined, now)).toBe(0);
  });
});

describe('addresses of push services', () => {
  it.each([
    'https://fcm.googleapis.com/fcm/send/abc',
    'https://updates.push.services.mozilla.com/wpush/v2/abc',
    'https://web.push.apple.com/abc',
  ])('%s is accepted', (endpoint) => expect(isPushEndpoint(endpoint)).toBe(true));

  it.each([
    'http://push.example.test/x',
    'https://localhost/x',
    'https://127.0.0.1/x',
    'https://[::1]/x',
    'https://2130706433/x',
    'https://0x7f.1/x',
    'https://redis.internal/x',
    'https://push.example.test:6379/x',
    'https://user@push.example.test/x',
    'https://intranet/x',
    `https://push.example.test/${'x'.repeat(2100)}`,
    'nonsense',
  ])('%s is refused', (endpoint) => expect(isPushEndpoint(endpoint)).toBe(false));

  it.each(['8.8.8.8', '2001:4860:4860::8888', '::ffff:8.8.8.8'])('%s is public', (address) =>
    expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '::',
    '::1',
    'fd00::1',
    'fe80::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    'name',
  ])('%s is not', (address) => expect(isPublicAddress(address)).toBe(false));
});
