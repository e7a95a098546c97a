import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createGeo } from '../../src/platform/geo.ts';
import { mmdb } from '../support/mmdb.ts';

const folder = mkdtempSync(join(tmpdir(), 'caducee-geo-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the approximate place of an address', () => {
  const file = join(folder, 'places.mmdb');
  const france = { iso_code: 'FR', names: { en: 'France', fr: 'France' } };
  writeFileSync(
    file,
    mmdb({
      '192.0.2.0/24': { city: { names: { en: 'Lyons', fr: 'Lyon' } }, country: france },
      '198.51.100.128/25': { country: { iso_code: 'DE', names: { en: 'Germany', fr: 'Allemagne' } } },
      '203.0.113.7/32': { city: { names: { en: 'Nowhere' } } },
    }),
  );

  test.each([
    ['192.0.2.55', 'Lyon, France', 'Lyons, France'],
    ['::ffff:192.0.2.55', 'Lyon, France', 'Lyons, France'],
    ['198.51.100.200', 'Allemagne', 'Germany'],
    ['203.0.113.7', 'Nowhere', 'Nowhere'],
    ['198.51.100.1', '', ''],
    ['10.0.0.1', '', ''],
    ['2001:db8::1', '', ''],
    ['not an address', '', ''],
    ['', '', ''],
  ])('of %s is %s', async (address, french, english) => {
    const geo = await createGeo(file);
    expect(geo.place(address)).toBe(french);
    expect(geo.place(address, 'en')).toBe(english);
  });

  test('without a file is never known', async () => {
    expect((await createGeo(undefined)).place('192.0.2.55')).toBe('');
  });

  test('a file that is none is told at once', async () => {
    writeFileSync(join(folder, 'text.mmdb'), 'hello');
    await expect(createGeo(join(folder, 'text.mmdb'))).rejects.toThrow(
      'text.mmdb is not a readable MMDB file',
    );
    await expect(createGeo(join(folder, 'absent.mmdb'))).rejects.toThrow(
      'absent.mmdb is not a readable MMDB file',
    );
  });
});
