import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { REFUSAL_CODES } from '../../src/ecps/protocol/refusals.ts';
import { dayAndHour } from '../../views/locales/dates.ts';
import { errors as en } from '../../views/locales/en/errors.ts';
import { errorText, isErrorCode, waysOn, type ErrorCode } from '../../views/locales/errors.ts';
import { errors as fr } from '../../views/locales/fr/errors.ts';

const facts = { ordreUrl: 'https://ordre.example', timeZone: 'Europe/Paris' };
const codes = Object.keys(fr) as ErrorCode[];

describe('the catalogue of refusals', () => {
  test('has every code that the source refuses with', () => {
    const used = globSync('src/**/*.ts').flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/(?:new Refusal|refuse)\(\s*'([a-z_]+)'/g)].map(
        (match) => match[1] ?? '',
      ),
    );
    expect(used.length).toBeGreaterThan(10);
    const missing = [...new Set([...used, ...REFUSAL_CODES])].filter((code) => !isErrorCode(code));
    expect(missing).toEqual([]);
  });

  test('has the same codes in both languages', () => {
    expect(Object.keys(en)).toEqual(Object.keys(fr));
  });

  test.each(codes)('%s says what happened, why and what to do, and has a way on', (code) => {
    for (const locale of ['fr', 'en'] as const) {
      for (const more of [
        {},
        { retryAfter: 90, triesLeft: 2, availableAt: new Date(0), service: 'Vaccin Covid' },
      ]) {
        const said = errorText(locale, code, { ...facts, ...more });
        for (const sentence of [said.title, said.text, said.action]) {
          expect(sentence.length).toBeGreaterThan(8);
          expect(sentence).not.toMatch(/undefined|null|\[object/);
        }
        expect(said.action).toMatch(/[.!]$/);
      }
      expect(waysOn(code).length).toBeGreaterThan(0);
    }
  });

  test('keeps the words of the Ordre for missing contact details', () => {
    const said = errorText('fr', 'contact_missing', facts);
    expect(said.text).toBe(
      'Nous n’avons pas reçu la mise à jour de votre courriel ou de votre numéro de téléphone dans nos référentiels.',
    );
    expect(said.action).toContain('72 heures');
  });

  test('tells the day and hour from which it works, in the time zone of the house', () => {
    const availableAt = new Date('2021-01-12T08:05:00Z');
    expect(errorText('fr', 'contact_too_recent', { ...facts, availableAt }).action).toContain(
      'mardi 12 janvier à 9 h 05',
    );
    expect(dayAndHour(availableAt, 'en', 'Europe/Paris')).toMatch(/Tuesday,? 12 January at 09:05/);
  });
});
