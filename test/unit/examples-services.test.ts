import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, openKey } from '../../examples/shared/database.ts';
import {
  addDays,
  ageOn,
  dayOf,
  mondayOf,
  readDay,
  showDay,
  yearsBefore,
} from '../../examples/shared/dates.ts';
import { toCsv } from '../../examples/shared/open-data.ts';
import { ageBandOn, departmentOf, fold, matchKey, pseudonym } from '../../examples/shared/patient.ts';
import { POPULATION, samplePeople } from '../../examples/shared/sample.ts';
import { createSigner, isHealthProfessional } from '../../examples/shared/signature.ts';
import { ownPath } from '../../examples/shared/visit.ts';
import {
  type Cells,
  type TestResult,
  countCells,
  estimate,
  onePerPerson,
} from '../../examples/vaccin-covid/effectiveness.ts';

/** The rules of the example services, without a server. */

describe('days as people type them', () => {
  it.each([
    ['31/01/1948', '1948-01-31'],
    ['31011948', '1948-01-31'],
    ['1-2-1960', '1960-02-01'],
    [' 1 2 1960 ', '1960-02-01'],
    ['1960-02-01', '1960-02-01'],
    ['29/02/2024', '2024-02-29'],
  ])('%s is %s', (typed, day) => expect(readDay(typed)).toBe(day));

  it.each(['', '31/02/1948', '29/02/2023', '01/13/1948', '010160', '1948', 'hier', '00/01/1948'])(
    '%j is none',
    (typed) => expect(readDay(typed)).toBeUndefined(),
  );

  it('are read again as they are shown', () => {
    const days = fc.date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(days, (date) => {
        const day = date.toISOString().slice(0, 10);
        expect(readDay(showDay(day))).toBe(day);
        expect(new Date(mondayOf(day)).getUTCDay()).toBe(1);
        expect(mondayOf(day) <= day && day < addDays(mondayOf(day), 7)).toBe(true);
      }),
    );
  });

  it('begin at midnight in France', () => {
    expect(dayOf(new Date('2021-01-31T22:59:59Z'))).toBe('2021-01-31');
    expect(dayOf(new Date('2021-01-31T23:00:00Z'))).toBe('2021-02-01');
    expect(dayOf(new Date('2021-07-31T22:00:00Z'))).toBe('2021-08-01');
  });

  it('tell an age to the day', () => {
    expect([ageOn('1948-01-31', '2021-01-30'), ageOn('1948-01-31', '2021-01-31')]).toEqual([72, 73]);
    expect(yearsBefore('2024-02-29', 1)).toBe('2023-03-01');
  });
});

describe('who a record is about', () => {
  it('is the same person whatever the accents, capitals and hyphens', () => {
    expect(fold("  D'Été-Noël  cœur ")).toBe('D ETE NOEL COEUR');
    expect(matchKey({ familyName: 'Le Goff', givenName: 'Maëlle', birthDate: '1948-01-31' })).toBe(
      matchKey({ familyName: 'LE-GOFF', givenName: 'maelle', birthDate: '1948-01-31' }),
    );
  });

  it('is somebody else with another key or another day', () => {
    const match = matchKey({ familyName: 'Le Goff', givenName: 'Maëlle', birthDate: '1948-01-31' });
    expect(pseudonym('a', match)).toBe(pseudonym('a', match));
    expect(pseudonym('b', match)).not.toBe(pseudonym('a', match));
    expect(pseudonym('a', match.replace('31', '30'))).not.toBe(pseudonym('a', match));
  });

  it.each([
    ['69003', '69'],
    ['20000', '2A'],
    ['20167', '2A'],
    ['20200', '2B'],
    ['97400', '974'],
    ['01000', '01'],
  ])('lives, with %s, in %s', (code, department) => expect(departmentOf(code)).toBe(department));

  it.each([
    ['2003-06-02', '0-17'],
    ['2003-06-01', '18-49'],
    ['1946-06-02', '65-74'],
    ['1946-06-01', '75+'],
  ])('born on %s, is of %s', (birth, band) => expect(ageBandOn(birth, '2021-06-01')).toBe(band));
});

describe('who may record', () => {
  it.each([
    ['899700000011', true],
    ['0999300012', true],
    ['3990000001/CPET00001', false],
    ['599900001200012/CPAT00045', false],
    ['', false],
  ])('%s: %s', (nationalId, may) => expect(isHealthProfessional(nationalId)).toBe(may));
});

describe('an address to open after sign-in', () => {
  const origin = 'https://vaccin-covid.example';
  it.each([
    ['/vaccinations?page=2', '/vaccinations?page=2'],
    [`${origin}/vaccinations`, '/vaccinations'],
  ])('%s is ours', (target, path) => expect(ownPath(origin, target)).toBe(path));
  it.each([
    'https://evil.example/',
    '//evil.example/x',
    'https://vaccin-covid.example.evil.example/',
    'http://vaccin-covid.example/',
    'javascript:alert(1)',
    '\\\\evil.example',
    'https://vaccin-covid.example@evil.example/',
    undefined,
    ['/a'],
  ])('%s is not', (target) => expect(ownPath(origin, target)).toBeUndefined());
});

describe('a signature', () => {
  it('covers every value and its name, whatever their order', () => {
    const { sign, verify } = createSigner(Buffer.from('key'));
    const signature = sign({ a: 'x', b: 1, c: null });
    expect(verify({ c: null, b: 1, a: 'x' }, signature)).toBe(true);
    for (const changed of [
      { a: 'x', b: 1, c: '' },
      { a: 'x', b: '1', c: null },
      { b: 'x', a: 1, c: null },
    ]) {
      expect(verify(changed, signature)).toBe(false);
    }
    expect(createSigner(Buffer.from('other')).verify({ a: 'x', b: 1, c: null }, signature)).toBe(false);
    expect(verify({ a: 'x', b: 1, c: null }, 'short')).toBe(false);
  });
});

describe('effectiveness', () => {
  const result = (who: string, day: string, outcome: TestResult['result']): TestResult => ({
    pseudonym: who,
    sampled_on: day,
    result: outcome,
  });

  it('keeps one test a person: the first positive one, or else the latest negative', () => {
    expect(
      onePerPerson([
        result('a', '2021-03-01', 'negative'),
        result('a', '2021-03-05', 'positive'),
        result('a', '2021-03-03', 'positive'),
        result('a', '2021-03-09', 'negative'),
        result('b', '2021-03-01', 'negative'),
        result('b', '2021-03-07', 'negative'),
      ]),
    ).toEqual([result('a', '2021-03-03', 'positive'), result('b', '2021-03-07', 'negative')]);
  });

  it('counts who is protected on the day of the test, and nobody in between', () => {
    const first = new Map(['late', 'between', 'protected'].map((who) => [who, '2021-03-01']));
    const cells = countCells(
      [
        result('late', '2021-02-28', 'positive'),
        result('between', '2021-03-14', 'positive'),
        result('protected', '2021-03-15', 'positive'),
        result('never', '2021-03-15', 'negative'),
      ],
      first,
    );
    expect(cells).toEqual({
      vaccinatedPositive: 1,
      vaccinatedNegative: 0,
      unvaccinatedPositive: 1,
      unvaccinatedNegative: 1,
    });
  });

  it('is one less the odds ratio, with Woolf’s interval', () => {
    const cells: Cells = {
      vaccinatedPositive: 10,
      vaccinatedNegative: 90,
      unvaccinatedPositive: 50,
      unvaccinatedNegative: 50,
    };
    const { estimate: found } = estimate(cells);
    expect(found?.value).toBeCloseTo(1 - 1 / 9, 6);
    // ln(1/9) ± 1.96 √(1/10 + 1/90 + 1/50 + 1/50), by hand.
    expect(found?.low).toBeCloseTo(1 - Math.exp(-2.197_225 + 1.96 * 0.388_730), 4);
    expect(found?.high).toBeCloseTo(1 - Math.exp(-2.197_225 - 1.96 * 0.388_730), 4);
  });

  it('is not told from a handful of people', () => {
    const few = {
      vaccinatedPositive: 4,
      vaccinatedNegative: 90,
      unvaccinatedPositive: 50,
      unvaccinatedNegative: 50,
    };
    expect(estimate(few).estimate).toBeUndefined();
  });
});

describe('open data', () => {
  it('quotes what CSV needs, and disarms what a spreadsheet would run', () => {
    expect(
      toCsv(
        ['a', 'b'],
        [
          { a: 'x,"y"', b: null },
          { a: '=1+1', b: -2 },
        ],
      ),
    ).toBe('a,b\r\n"x,""y""",\r\n\'=1+1,-2\r\n');
  });
});

describe('the invented population', () => {
  it('counts a thousand people, the same for both services', () => {
    const total = Object.values(POPULATION)
      .flatMap((ages) => Object.values(ages))
      .reduce((a, b) => a + b, 0);
    expect(total).toBe(1000);
    expect(samplePeople('2021-06-01')).toHaveLength(1000);
    expect(samplePeople('2021-06-01')).toEqual(samplePeople('2021-06-01'));
  });

  it.each(['2021-06-01', '2024-02-29'])('has no day that does not exist or has not come, on %s', (today) => {
    for (const { patient, injections, test } of samplePeople(today)) {
      for (const day of [patient.birthDate, ...injections, ...(test ? [test.sampledOn] : [])]) {
        expect(readDay(day)).toBe(day);
        expect(day <= today).toBe(true);
      }
    }
  });
});

describe('the database', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'caducee-examples-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is readable by its owner alone, and so is its key', () => {
    const place = join(folder, 'service');
    openDatabase(place, 'x', ['create table t (a text)']).close();
    const key = openKey(place);
    expect(openKey(place)).toEqual(key);
    expect(
      [place, join(place, 'x.sqlite'), join(place, 'signing.key')].map((path) => statSync(path).mode & 0o777),
    ).toEqual([0o700, 0o600, 0o600]);
  });

  it('takes each step of its schema once, and keeps what is there', () => {
    const first = ['create table t (a text)'];
    const one = openDatabase(folder, 'x', first);
    one.run('insert into t values (?)', 'kept');
    one.close();
    const two = openDatabase(folder, 'x', [...first, 'alter table t add column b text']);
    expect(two.all('select a, b from t')).toEqual([{ a: 'kept', b: null }]);
    two.close();
  });

  it('does all of it or nothing', () => {
    const db = openDatabase(undefined, 'x', ['create table t (a text)']);
    expect(() =>
      db.together(() => {
        db.run('insert into t values (?)', 'a');
        db.together(() => db.run('insert into t values (?)', 'b'));
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(db.all('select * from t')).toEqual([]);
    db.close();
  });
});
