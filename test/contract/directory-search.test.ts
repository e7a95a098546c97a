import { beforeAll, describe, expect, it } from 'vitest';
import { createDirectoryRefresh, refreshDirectory } from '../../src/directory/refresh.ts';
import { searchDirectory, type Question } from '../../src/directory/search.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { importFile } from '../../src/registry/import.ts';
import { createRegistry } from '../../src/registry/service.ts';
import { blocks, doctor, file, HEADERS, rpps, type Values } from '../support/registry.ts';
import { testDatabase } from '../support/services.ts';

/** The search against a corpus of names as they are in France, with what people type to find them. */

const named = (serial: number, family: string, given: string, values: Values = {}): Values =>
  doctor(serial, { nomDexercice: family, prenomDexercice: given, ...values });

const PEOPLE: Values[] = [
  named(1, 'MARTIN', 'SOPHIE', { bureauCedex: '69003 LYON' }),
  named(2, 'MARTIN', 'SOPHIE', { bureauCedex: '42000 ST ETIENNE', codeProfession: '21' }),
  named(3, 'MARTIN-DUPONT', 'JEAN-PIERRE'),
  named(4, 'LE GUENNEC', 'YANN'),
  named(5, 'LEGUENNEC', 'MAËLLE'),
  named(6, "D'ARTIMON", 'ANNE'),
  named(7, 'DE LA FONTAINE', 'CHLOÉ'),
  named(8, 'ŒUVRARD', 'ZOÉ'),
  named(9, 'GAUTHIER', 'PHILIPPE'),
  named(10, 'NGUYEN', 'THI THANH'),
  named(11, 'O', 'MIN'),
  named(12, 'ABD EL KADER', 'MOHAMED'),
  named(13, 'MÜLLER', 'GRETA', { bureauCedex: 'PARIS CEDEX 09' }),
  named(14, 'SZCZEPAŃSKI', 'ŁUKASZ'),
  named(15, 'BERNARD', 'MARIE', { codeCategorieProfessionnelle: 'E' }),
  named(16, 'LAURENT', 'DOMINIQUE'),
  named(17, 'DOMINIQUE', 'LAURENT'),
  named(18, '100%', 'A_B'),
  named(19, '王', '伟'),
];

const clock = new ManualClock('2026-01-01T00:00:00Z');
const { db } = await testDatabase();
const registry = createRegistry({ db, clock, contactDelayHours: 72 });
const load = (people: readonly Values[]) =>
  importFile(db, blocks(file(HEADERS[50], people)), { clock, contactDelayHours: 72, allowChange: 100 });

const numbers = new Map(Array.from({ length: 200 }, (_, index) => [rpps(index), index]));
/** In the order shown; homonyms, whose order is any but always the same, by number. */
const ask = async (question: Partial<Question>, size = 20) => {
  const { found, nearness, next } = await searchDirectory(db, { family: '', ...question }, { size });
  const who = found
    .map((row, at) => ({ ...row, at, number: numbers.get(row.national_id) ?? -1 }))
    .sort((a, b) => (a.family === b.family && a.given === b.given ? a.number - b.number : a.at - b.at))
    .map(({ number }) => number);
  return { who, nearness, next };
};

beforeAll(async () => {
  await load(PEOPLE);
  await refreshDirectory(db);
});

describe('exactly what was asked', () => {
  it.each<[Partial<Question>, number[]]>([
    [{ family: 'Martin' }, [1, 2, 3]],
    [{ family: 'MARTIN', given: 'sophie' }, [1, 2]],
    [{ family: 'martin', given: 'S' }, [1, 2]],
    [{ family: 'martin', town: 'Saint-Étienne' }, [2]],
    [{ family: 'martin', town: 'st etienne' }, [2]],
    [{ family: 'martin', profession: '21' }, [2]],
    [{ family: 'dupont' }, [3]],
    [{ family: 'Dupont Martin' }, [3]],
    [{ family: 'martindupont' }, [3]],
    [{ family: 'martin', given: 'Jean Pierre' }, [3]],
    [{ family: 'le guennec' }, [5, 4]],
    [{ family: 'leguennec' }, [4, 5]],
    [{ family: 'd’artimon' }, [6]],
    [{ family: 'dartimon' }, [6]],
    [{ family: 'artimon' }, [6]],
    [{ family: 'fontaine', given: 'chloe' }, [7]],
    [{ family: 'de la fontaine' }, [7]],
    [{ family: 'oeuvrard' }, [8]],
    [{ family: 'nguyen', given: 'thanh' }, [10]],
    [{ family: 'o' }, [11]],
    [{ family: 'abdelkader' }, [12]],
    [{ family: 'muller', town: 'paris' }, [13]],
    [{ family: 'szczepanski', given: 'lukasz' }, [14]],
    [{ family: 'Sophie Martin' }, [1, 2]],
    [{ family: 'Martin Sophie' }, [1, 2]],
    [{ family: 'laurent' }, [16]],
    [{ family: 'laurent dominique' }, [17, 16]],
    [{ family: '王' }, [19]],
  ])('%j', async (question, serials) => {
    const { who, nearness } = await ask(question);
    expect(nearness).toBe('exact');
    expect(who.toSorted((a = 0, b = 0) => a - b)).toEqual(serials.toSorted((a, b) => a - b));
  });

  it('shows first whose whole name it is', async () => {
    expect((await ask({ family: 'martin' })).who).toEqual([1, 2, 3]);
  });
});

describe('what was mistyped', () => {
  it.each<[Partial<Question>, number[]]>([
    [{ family: 'matrin', given: 'sofie', town: 'lyno' }, [1]],
    [{ family: 'gotier', given: 'filipe' }, [9]],
    [{ family: 'gautier' }, [9]],
    [{ family: 'guyen' }, [10]],
    [{ family: 'nguyenn' }, [10]],
    [{ family: 'szczepansky' }, [14]],
    [{ family: 'bernart', given: 'mari' }, [15]],
    [{ family: 'fontaine', given: 'kloe' }, []],
    [{ family: 'leguenec' }, [4, 5]],
    [{ family: 'le guenec' }, [4, 5]],
    [{ family: 'szcze' }, [14]],
    [{ family: 'martain dupond' }, [3]],
  ])('%j', async (question, serials) => {
    const { who, nearness } = await ask(question);
    expect(who.toSorted((a = 0, b = 0) => a - b)).toEqual(serials);
    if (serials.length > 0) expect(nearness).toBe('near');
  });
});

describe('what asks for nobody, or too much', () => {
  it.each([
    '',
    '   ',
    '-',
    "'",
    '%',
    '_',
    '%%%',
    '\\',
    '.*',
    '()',
    '\0',
    '💉',
    '"; DROP TABLE practitioner; --x',
  ])('finds nobody for %j, and breaks nothing', async (family) => {
    expect((await ask({ family })).who).toEqual([]);
  });

  it.each(['%', '.*', '_', '.', '(', '[', '\\', '*', '+', '|', '^', '$'])(
    'takes %j in another field for no pattern',
    async (text) => {
      expect((await ask({ family: 'martin', given: text })).who).toEqual([1, 2, 3]);
      expect((await ask({ family: 'martin', given: `${text}zzz` })).who).toEqual([]);
      expect((await ask({ family: 'martin', town: text })).who).toEqual([1, 2, 3]);
    },
  );

  it('knows a percent sign for punctuation', async () => {
    expect((await ask({ family: '100%' })).who).toEqual([18]);
    expect((await ask({ family: '1%' })).who).toEqual([]);
  });

  it('bears very long words and very many', async () => {
    expect((await ask({ family: 'a'.repeat(10_000) })).who).toEqual([]);
    expect((await ask({ family: 'martin '.repeat(2000) })).who).toEqual([1, 2, 3]);
    expect((await ask({ family: Array.from({ length: 500 }, (_, n) => `mot${n}`).join(' ') })).who).toEqual(
      [],
    );
  });
});

describe('pages', () => {
  it('are the same persons in the same order, whatever their size', async () => {
    const { found } = await searchDirectory(db, { family: 'martin' }, { size: 20 });
    const whole = found.map(({ national_id: id }) => numbers.get(id));
    const one: (number | undefined)[] = [];
    let cursor: string | undefined;
    do {
      const page = await searchDirectory(db, { family: 'martin' }, { size: 1, cursor });
      one.push(...page.found.map(({ national_id: id }) => numbers.get(id)));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(one).toEqual(whole);
  });
});

describe('the directory follows the registry', () => {
  const renamed = PEOPLE.map((values, index) =>
    index === 14 ? named(15, 'BERNARD-NOUVEAU', 'MARIE') : values,
  );
  const job = createDirectoryRefresh({ db, clock });

  it('derives again who changed, and nobody else', async () => {
    await job();
    clock.advance(60);
    await load([...renamed, named(20, 'ARRIVÉ', 'PAUL')]);
    expect(await job()).toMatchObject({ changed: 2, removed: 0 });
    expect((await ask({ family: 'nouveau' })).who).toEqual([15]);
    expect((await ask({ family: 'arrive' })).who).toEqual([20]);
    expect((await ask({ family: 'bernard' })).who).toEqual([15]);
    expect(await job()).toBeUndefined();
    clock.advance(3601);
    expect(await job()).toMatchObject({ changed: 0, removed: 0 });
  });

  it('shows nobody who is no longer active, at once', async () => {
    const id = (await registry.find(rpps(20)))?.id ?? '';
    await registry.setStatus(id, 'struck_off');
    expect((await ask({ family: 'arrive' })).who).toEqual([]);
    await registry.setStatus(id, 'active');
    expect((await ask({ family: 'arrive' })).who).toEqual([20]);
  });

  it('forgets who is no longer in the registry at all', async () => {
    await db.query('DELETE FROM practitioner WHERE national_id = $1', [rpps(20)]);
    expect((await ask({ family: 'arrive' })).who).toEqual([]);
    clock.advance(3601);
    expect(await job()).toMatchObject({ removed: 1 });
    const { rows } = await db.query("SELECT FROM directory_name WHERE family = 'arrive'");
    expect(rows).toHaveLength(0);
  });

  it('stops when its time is over, says so, and goes on at the next call', async () => {
    await db.query('TRUNCATE directory_person, directory_name, directory_key');
    expect(await refreshDirectory(db, 0)).toEqual({ changed: 0, removed: 0, unfinished: true });
    expect((await ask({ family: 'martin' })).who).toEqual([]);
    expect(await refreshDirectory(db)).toMatchObject({ unfinished: false });
    expect((await ask({ family: 'martin' })).who).toEqual([1, 2, 3]);
  });

  it('goes on where it was when it was stopped half-way', async () => {
    await db.query(
      'DELETE FROM directory_person WHERE practitioner_id IN (SELECT id FROM practitioner LIMIT 5)',
    );
    await db.query(
      'DELETE FROM directory_name WHERE practitioner_id NOT IN (SELECT practitioner_id FROM directory_person)',
    );
    await db.query(
      'DELETE FROM directory_key WHERE practitioner_id NOT IN (SELECT practitioner_id FROM directory_person)',
    );
    expect(await refreshDirectory(db)).toMatchObject({ changed: 5 });
    expect((await ask({ family: 'martin' })).who).toEqual([1, 2, 3]);
  });
});
