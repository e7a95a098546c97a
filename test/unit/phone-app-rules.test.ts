import { describe, expect, test } from 'vitest';
import { labelsOf } from '../../src/phone/app/device.ts';
import { compact } from '../../src/phone/app/screens/identifier.ts';
import { normalize } from '../../src/registry/national-id.ts';

describe('how a phone is named', () => {
  test.each([
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 Version/18.3 Mobile Safari/604.1',
      { name: 'iPhone', model: 'iPhone', os: 'iOS 18.3' },
    ],
    [
      'Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36',
      { name: 'Android', model: 'Android', os: 'Android 14' },
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36',
      { name: 'PC', model: 'PC', os: 'Windows' },
    ],
    ['something else', { name: 'Web', model: 'Web', os: 'Web' }],
  ])('%s', (userAgent, labels) => {
    expect(labelsOf(userAgent)).toEqual(labels);
  });
});

describe('an identifier as it is typed', () => {
  test.each([
    '810 0012 34567',
    '81 00 01 23 45 67',
    '10001234567',
    '8100.0123.4567',
    '8\u00a010001234567',
    '02a9300017',
  ])('%s is sent as the server reads it', (typed) => {
    const read = normalize(typed);
    expect(read.ok && read.nationalId).toBe(compact(typed));
  });
});
