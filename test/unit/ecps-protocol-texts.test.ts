import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ENDPOINTS, pathOf } from '../../src/ecps/protocol/api.ts';
import { toBase64url } from '../../src/ecps/protocol/encoding.ts';
import { pinProblem } from '../../src/ecps/protocol/pin.ts';
import {
  mailQr,
  normalizeSmsCode,
  normalizeTypedCode,
  parseMailQr,
  parseSameLink,
  parseSignInQr,
  sameLink,
  signInQr,
} from '../../src/ecps/protocol/qr.ts';

const rules = { minLength: 4, maxLength: 8, nationalId: '810002673899' };

describe('PIN block list', () => {
  test.each([
    ['12a4', 'not_digits'],
    ['１２３４', 'not_digits'],
    ['123', 'too_short'],
    ['123456789', 'too_long'],
    ['0000', 'equal_digits'],
    ['77777777', 'equal_digits'],
    ['1234', 'sequence'],
    ['987654', 'sequence'],
    ['7890', 'sequence'],
    ['2109', 'sequence'],
    ['4747', 'repeated'],
    ['47474', 'repeated'],
    ['474747', 'repeated'],
    ['493493', 'repeated'],
    ['112233', 'repeated'],
    ['49304930', 'repeated'],
    ['2512', 'date'],
    ['2902', 'date'],
    ['1987', 'date'],
    ['140789', 'date'],
    ['071989', 'date'],
    ['14071989', 'date'],
    ['19890714', 'date'],
    ['2673', 'identifier_digits'],
    ['100026', 'identifier_digits'],
  ])('%s: %s', (pin, problem) => {
    expect(pinProblem(pin, rules)).toBe(problem);
  });

  test.each(['4930', '493027', '3004930', '8261', '3204', '1122', '83640275', '9999128'])(
    '%s is accepted',
    (pin) => {
      expect(pinProblem(pin, rules)).toBeUndefined();
    },
  );

  test('31 April, 30 February and month 13 are no dates', () => {
    for (const pin of ['3104', '3002', '1413']) expect(pinProblem(pin, rules)).toBeUndefined();
  });

  test('blocks few PINs of four digits, since the card’s may be reused, and fewer of six', () => {
    const share = (length: number, step: number) => {
      let blocked = 0;
      let total = 0;
      for (let value = 0; value < 10 ** length; value += step) {
        total += 1;
        if (pinProblem(String(value).padStart(length, '0'), rules)) blocked += 1;
      }
      return blocked / total;
    };
    expect(share(4, 1)).toBeLessThan(0.07);
    expect(share(6, 7)).toBeLessThan(0.05);
  });

  test('the minimum is configuration', () => {
    expect(pinProblem('4930', { ...rules, minLength: 6 })).toBe('too_short');
  });
});

const ticket = fc.record({
  id: fc.stringMatching(/^(act|txn)_[0-9A-HJKMNP-TV-Z]{26}$/),
  secret: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toBase64url),
});

describe('QR codes and links', () => {
  test('are read back as they were made', () => {
    fc.assert(
      fc.property(ticket, (value) => {
        expect(parseMailQr(`  ${mailQr(value)}\n`)).toEqual(value);
        expect(parseSignInQr(signInQr(value))).toEqual(value);
        const link = sameLink('https://app.example', value);
        expect(link).toMatch(/^https:\/\/app\.example\/l#t=[\w-]+$/);
        expect(parseSameLink(link)).toEqual(value);
        expect(parseSameLink(link.slice(link.indexOf('=') + 1))).toEqual(value);
      }),
    );
  });

  test('one kind is not taken for another, and nonsense is refused', () => {
    fc.assert(
      fc.property(ticket, fc.string(), (value, noise) => {
        expect(() => parseMailQr(signInQr(value))).toThrow(/another kind/);
        expect(() => parseSignInQr(mailQr(value))).toThrow(/another kind/);
        expect(() => parseMailQr(`ECPS1:${noise}!`)).toThrow(
          expect.objectContaining({ code: 'request_invalid' }),
        );
        expect(() => parseSameLink(`https://app.example/l#x=${noise}`)).toThrow(/unreadable/);
      }),
    );
  });
});

describe('typed codes', () => {
  test('forgive case, spaces, hyphens, and I, L, O', () => {
    expect(normalizeTypedCode(' k7qf-2m9a ')).toBe('K7QF2M9A');
    expect(normalizeTypedCode('oILl 0000')).toBe('01110000');
    for (const bad of ['', 'K7QF2M9', 'K7QF2M9AA', 'U7QF2M9A', 'K7QF2M9é']) {
      expect(normalizeTypedCode(bad)).toBeUndefined();
    }
    expect(normalizeSmsCode('493 027')).toBe('493027');
    expect(normalizeSmsCode('49302')).toBeUndefined();
    expect(normalizeSmsCode('49302a')).toBeUndefined();
  });
});

describe('paths', () => {
  test('are built from the table, with their parameter when they have one', () => {
    expect(pathOf('pending')).toBe('/ecps/v1/pending');
    expect(pathOf('approve', 'txn_1')).toBe('/ecps/v1/transactions/txn_1/approve');
    expect(pathOf('revoke', '../x')).toBe('/ecps/v1/devices/..%2Fx/revoke');
    expect(() => pathOf('approve')).toThrow(TypeError);
    expect(() => pathOf('pending', 'x')).toThrow(TypeError);
  });

  test('name each call once', () => {
    const calls = Object.values(ENDPOINTS).map(({ method, path }) => `${method} ${path}`);
    expect(new Set(calls).size).toBe(calls.length);
  });
});
