import { rm, mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { directoryRoutes } from '../../src/directory/routes.ts';
import { refreshDirectory } from '../../src/directory/refresh.ts';
import { createKernel } from '../../src/http/kernel.ts';
import { mount } from '../../src/http/mount.ts';
import { createLog } from '../../src/platform/log.ts';
import { migrate, readMigrations } from '../../src/platform/migrate.ts';
import { openDatabase, type Database } from '../../src/platform/postgres.ts';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { testConfig } from '../support/config.ts';

/**
 * `npm run bench:directory [PERSONS | URL]`: how long the directory takes to answer on the whole country (1.2 million persons
 * unless told), page included, one question after the other. Fails when the 99th percentile passes the bound. Names are
 * invented, with the frequencies of the French ones: the commonest family name is that of 0.4 % of persons. With the URL of a
 * database, the directory that is in it is asked instead.
 *
 * Each question is asked three times and the least disturbed answer counts, since the rest of the machine only ever adds; what
 * the first ones took is told beside it.
 */

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const BOUND_MS = 50;
const own = process.argv[2]?.startsWith('postgres') ? process.argv[2] : undefined;
const persons = own === undefined ? Number(process.argv[2] ?? 1_200_000) : 0;
const QUESTIONS = 1200;
const TIMES = 3;

/** Syllables make some 160,000 family names; `rank` picks them with the frequencies of a language. */
const FILL = `
CREATE TEMPORARY TABLE syllables AS SELECT row_number() OVER (ORDER BY md5(word)) - 1 AS n, word FROM (
  SELECT DISTINCT a || b || c AS word FROM
    unnest(string_to_array('mar,ber,du,le,bon,gar,mo,ri,lam,fon,rou,vin,chev,gau,per,cle,den,bar,gir,lu,mer,bla,fau,bou,meu,bru,gui,hen,mas,leg,rob,ro,nic,mat,pi,tho,fra,duf,mi,dum,fer,que,sch,kle,web,hof,ben,el,abd,ha,dia,tra,ngu,pha,cost,sil,fern,gon,lop,mart,san,rod', ',')) a,
    unnest(string_to_array('tin,nard,bois,roux,net,cia,reau,chard,bert,taine,sseau,cent,alier,tier,rin,ment,is,on,aud,cas,cier,nchet,re,cher,nier,not,llot,ry,son,febvre,rand,ert,ux,olas,hieu,card,mas,rot,our,chel,thier,ont,sne,mitt,in,er,mann,idi,mmed,llo,ore,yen,costa,va,eira,andes,zalez,ez', ',')) b,
    unnest(string_to_array(',eau,ier,ard,et,in,ot,elle,ac,ec,oux,y,es,an,on,el,ault,as,is,off,ski,ov,ini,etti,oni,a,e,i,o,u,er,eux,and,ent,aux,uel,ique,ade,ois', ',')) c) all_words;
CREATE TEMPORARY TABLE given_names AS SELECT row_number() OVER (ORDER BY md5(reverse(word))) - 1 AS n, word FROM syllables WHERE n % 9 = 0;
CREATE TEMPORARY TABLE towns_list AS SELECT row_number() OVER (ORDER BY md5(word || 't')) - 1 AS n,
  CASE WHEN n % 7 = 0 THEN 'SAINT ' ELSE '' END || upper(word) AS word FROM syllables WHERE n % 5 = 0;
CREATE UNIQUE INDEX ON syllables (n); CREATE UNIQUE INDEX ON given_names (n); CREATE UNIQUE INDEX ON towns_list (n);
ANALYZE syllables, given_names, towns_list;
INSERT INTO practitioner (national_id, subject, source, civility, family_name, given_name, search_family, search_given,
    towns, exercises, digest, created_at, updated_at)
SELECT '8' || (99700000000 + i), '8' || (99700000000 + i), 'bench', 'DR', upper(name.family), upper(g.word),
       name.family, g.word, ARRAY[t.word],
       jsonb_build_array(jsonb_build_object('codeProfession', (ARRAY['10','10','60','60','60','21','40','50','70','80'])[1 + i % 10],
         'codeCategorieProfessionnelle', 'C', 'activities', jsonb_build_array(jsonb_build_object(
           'bureauCedex', t.word, 'raisonSocialeSite', 'CABINET ' || i, 'codeModeExercice', 'L', 'codeSecteurDactivite', 'SA07',
           'identifiantTechniqueDeLaStructure', 'R' || (10000000000 + i % 300000), 'libelleVoie', 'RUE DE LA PAIX', 'numeroVoie', '12')))),
       sha256(convert_to(i::text, 'UTF8')), '2026-01-01', '2026-01-01'
  FROM (SELECT i, random() AS a, random() AS b, random() AS c, random() AS d, random() AS e FROM generate_series(1, $1::integer) i) r
  JOIN syllables f ON f.n = least(floor(30 * (exp(r.a * ln(1 + (SELECT count(*) FROM syllables) / 30.0)) - 1)), (SELECT max(n) FROM syllables))
  JOIN syllables f2 ON f2.n = least(floor(30 * (exp(r.b * ln(1 + (SELECT count(*) FROM syllables) / 30.0)) - 1)), (SELECT max(n) FROM syllables))
  JOIN given_names g ON g.n = least(floor(20 * (exp(r.c * ln(1 + (SELECT count(*) FROM given_names) / 20.0)) - 1)), (SELECT max(n) FROM given_names))
  JOIN towns_list t ON t.n = least(floor(2 * (exp(r.d * ln(1 + (SELECT count(*) FROM towns_list) / 2.0)) - 1)), (SELECT max(n) FROM towns_list))
 CROSS JOIN LATERAL (SELECT CASE WHEN r.e < 0.08 THEN f.word || ' ' || f2.word WHEN r.e < 0.10 THEN 'de ' || f.word
                                 WHEN r.e < 0.115 THEN 'le ' || f.word ELSE f.word END AS family) name`;

const fill = async (db: Database, count: number): Promise<void> => {
  const [insert = '', ...before] = FILL.split(/;\s*/).reverse();
  await db.transaction(async (tx) => {
    await tx.query('SELECT setseed(0.42)');
    for (const statement of before.reverse()) await tx.query(statement);
    await tx.query(insert, [count]);
  });
  await db.query('ANALYZE practitioner');
};

type Kind =
  | 'exact'
  | 'common'
  | 'given'
  | 'town'
  | 'profession'
  | 'compound'
  | 'mistyped'
  | 'sound'
  | 'nobody'
  | 'particle'
  | 'far page'
  | 'swapped';
type Sample = { family: string; given: string; town: string };

const swap = (word: string): string => word.slice(0, 2) + word.charAt(3) + word.charAt(2) + word.slice(4);
const nearKinds: Kind[] = ['mistyped', 'sound', 'nobody'];

/** What people ask, each kind as often. */
const ask = (kind: Kind, { family, given, town }: Sample, common: Sample): Record<string, string> => {
  switch (kind) {
    case 'exact':
      return { nom: family };
    case 'common':
      return { nom: common.family };
    case 'given':
      return { nom: common.family, prenom: given };
    case 'town':
      return { nom: common.family, ville: town };
    case 'profession':
      return { nom: common.family, profession: '21' };
    case 'compound':
      return { nom: `${family}-${common.family}` };
    case 'mistyped':
      return { nom: swap(family), prenom: swap(given), ville: town };
    case 'sound':
      return { nom: family.replace('f', 'ph').replace(/t$/, 'tt'), prenom: given };
    case 'nobody':
      return { nom: `${family}xq`, prenom: 'zzz' };
    case 'particle':
      return { nom: 'de', prenom: given };
    case 'far page':
      return { nom: common.family };
    case 'swapped':
      return { nom: `${given} ${family}` };
  }
};

const KINDS: Kind[] = [
  'exact',
  'common',
  'given',
  'town',
  'profession',
  'compound',
  ...nearKinds,
  'particle',
  'far page',
  'swapped',
];

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

const report = (name: string, times: readonly number[]): void => {
  const sorted = times.toSorted((a, b) => a - b);
  const [p50, p99, worst] = [percentile(sorted, 0.5), percentile(sorted, 0.99), sorted.at(-1) ?? NaN];
  say(`  ${name.padEnd(12)}${[p50, p99, worst].map((ms) => ms.toFixed(1).padStart(8)).join('')}`);
};

const serve = async (db: Database): Promise<{ origin: string; close(): void }> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const config = testConfig({ CADUCEE_ISSUER: `${origin}/auth/realms/esante-wallet` });
  const kernel = createKernel({ config, log: createLog('silent', new PassThrough()) });
  const limits = { hit: async () => ({ allowed: true, retryAfter: 0 }) };
  kernel.app.use(mount(directoryRoutes({ db, config, limits, render: kernel.render })));
  server.on('request', kernel.handler());
  return { origin, close: () => server.closeAllConnections() ?? server.close() };
};

const measure = async (db: Database): Promise<number> => {
  const { rows: samples } = await db.query<Sample>(
    `SELECT search_family AS family, search_given AS given, lower(towns[1]) AS town FROM practitioner TABLESAMPLE SYSTEM (2) ORDER BY random() LIMIT 500`,
  );
  const { rows: common } = await db.query<Sample>(
    `SELECT search_family AS family, '' AS given, '' AS town FROM practitioner GROUP BY 1 ORDER BY count(*) DESC LIMIT 50`,
  );
  const { origin, close } = await serve(db);
  const get = async (query: Record<string, string>): Promise<{ ms: number; text: string }> => {
    const start = performance.now();
    const response = await fetch(`${origin}/annuaire?${new URLSearchParams(query)}`, {
      headers: { accept: 'text/html' },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} for ${JSON.stringify(query)}`);
    return { ms: performance.now() - start, text };
  };
  const once = async (kind: Kind, query: Record<string, string>): Promise<number> => {
    let answer = await get(query);
    for (let page = 0; kind === 'far page' && page < 4; page += 1) {
      const suite = /suite=([\w-]+)/.exec(answer.text)?.[1];
      // oxlint-disable-next-line no-await-in-loop -- one after the other is what is measured
      if (suite !== undefined) answer = await get({ ...query, suite });
    }
    return answer.ms;
  };
  const times = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]));
  const firsts: number[] = [];
  // The page without a question: what this machine adds to any answer at the moment.
  const idle: number[] = [];
  for (let turn = 0; turn < QUESTIONS; turn += 1) {
    const kind = KINDS[turn % KINDS.length] ?? 'exact';
    const sample = samples[(turn * 7) % samples.length] as Sample;
    const query = ask(kind, sample, common[turn % common.length] as Sample);
    const asked: number[] = [];
    // oxlint-disable-next-line no-await-in-loop -- as above
    for (let time = 0; time < TIMES; time += 1) asked.push(await once(kind, query));
    firsts.push(asked[0] ?? NaN);
    // oxlint-disable-next-line no-await-in-loop -- as above
    idle.push((await get({})).ms);
    times.get(kind)?.push(Math.min(...asked));
  }
  close();
  say(`  ${'ms'.padEnd(12)}${['median', 'p99', 'worst'].map((head) => head.padStart(8)).join('')}`);
  for (const [kind, list] of times) report(kind, list);
  const all = [...times.values()].flat();
  report('all', all);
  report('first asked', firsts);
  report('no question', idle);
  return percentile(
    all.toSorted((a, b) => a - b),
    0.99,
  );
};

/** A registry of invented people in a database of its own, and its directory. */
const fillOwn = async (): Promise<{ db: Database; close(): Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), 'caducee-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), durable: false });
  const db = openDatabase(postgres.url, { max: 4 });
  await migrate(db, await readMigrations(join(import.meta.dirname, '..', '..', 'migrations')));
  say(`Filling the registry with ${persons} invented persons…`);
  await fill(db, persons);
  const start = performance.now();
  const { changed } = await refreshDirectory(db);
  const seconds = (performance.now() - start) / 1000;
  const memory = Math.round(process.memoryUsage().rss / 1e6);
  say(
    `Directory derived from ${changed} persons in ${seconds.toFixed(1)} s (${Math.round(changed / seconds)} a second; ${memory} MB).`,
  );
  const again = performance.now();
  await refreshDirectory(db);
  say(`Compared again, nothing having changed, in ${((performance.now() - again) / 1000).toFixed(1)} s.`);
  const close = async (): Promise<void> => {
    await db.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { db, close };
};

const openOwn = (url: string): { db: Database; close(): Promise<void> } => {
  const db = openDatabase(url, { max: 4 });
  return { db, close: () => db.close() };
};

const { db, close } = own === undefined ? await fillOwn() : openOwn(own);
try {
  const p99 = await measure(db);
  const took = `99 % of answers take up to ${p99.toFixed(1)} ms`;
  say(p99 <= BOUND_MS ? `${took}; ${BOUND_MS} are allowed.` : `${took}: more than ${BOUND_MS}.`);
  process.exitCode = p99 <= BOUND_MS ? 0 : 1;
} finally {
  await close();
}
