import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldTown, nameWords, slips, soundOf, wordsOf } from '../../src/directory/words.ts';
import { fold } from '../../src/registry/fold.ts';

describe('the words of a name', () => {
  it.each([
    ['bernard', [['bernard', 0]]],
    [
      'd artimon',
      [
        ['dartimon', 0],
        ['d', 1],
        ['artimon', 2],
      ],
    ],
    [
      'de la fontaine',
      [
        ['delafontaine', 0],
        ['de', 1],
        ['la', 2],
        ['fontaine', 2],
      ],
    ],
    ['', []],
  ])('%s', (family, expected) => {
    expect(nameWords(family).map(({ word, place }) => [word, place])).toEqual(expected);
  });

  it('holds letters and digits only, of any alphabet: they stand in patterns (property)', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
        for (const word of wordsOf(fold(text))) expect(word).toMatch(/^[\p{L}\p{N}]+$/u);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('towns', () => {
  it.each([
    ['ST-ÉTIENNE', 'saint etienne'],
    ['SAINT ETIENNE CEDEX 2', 'saint etienne'],
    ['Ste Foy-lès-Lyon', 'sainte foy les lyon'],
    ['Paris 9e Arrondissement', 'paris'],
    ['Marseille 1er Arrondissement', 'marseille'],
    ['L’HAŸ-LES-ROSES', 'l hay les roses'],
    ['CEDEX', ''],
  ])('%s', (town, expected) => {
    expect(foldTown(town)).toBe(expected);
  });
});

describe('sounds', () => {
  it.each([
    ['gauthier', 'gautier'],
    ['gautier', 'gotier'],
    ['philippe', 'filipe'],
    ['thibault', 'thibaud'],
    ['meyer', 'meier'],
    ['lefevre', 'lefaivre'],
    ['mathieu', 'matthieu'],
    ['durand', 'durant'],
    ['schmitt', 'shmit'],
    ['jacques', 'jacque'],
    ['catherine', 'katerine'],
  ])('%s is heard as %s', (one, other) => {
    expect(soundOf(one)).toBe(soundOf(other));
  });

  it.each([
    ['bernard', 'bertrand'],
    ['martin', 'marin'],
    ['petit', 'potin'],
    ['leroy', 'leblanc'],
  ])('%s is not heard as %s', (one, other) => {
    expect(soundOf(one)).not.toBe(soundOf(other));
  });
});

/** Damerau and Levenshtein's distance, made the slow and plain way. */
const distance = (a: string, b: string): number => {
  const d = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_x, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const row = d[i] as number[];
      const above = d[i - 1] as number[];
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, ((d[i - 2] as number[])[j - 2] ?? 0) + 1);
      row[j] = best;
    }
  }
  return d[a.length]?.[b.length] ?? Infinity;
};

describe('slips', () => {
  const word = fc.string({
    unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'),
    minLength: 4,
    maxLength: 12,
  });

  it('are at distance one, all of them (property)', () => {
    fc.assert(
      fc.property(word, (text) => {
        for (const slip of slips(text)) expect(distance(text, slip)).toBe(1);
      }),
      { numRuns: 30 },
    );
  });

  it('lead back: a word is among the slips of each of its slips (property)', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'abcdefghij'), minLength: 5, maxLength: 8 }),
        (text) => {
          for (const slip of slips(text).slice(0, 60)) expect(slips(slip)).toContain(text);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('are none for words too short or too long', () => {
    expect(slips('luc')).toEqual([]);
    expect(slips('a'.repeat(40))).toEqual([]);
  });
});
