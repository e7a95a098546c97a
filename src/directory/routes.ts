import Router from '@koa/router';
import type { Context } from 'koa';
import { directoryPage, type DirectoryPerson, type DirectoryProps } from '../../views/pages/directory.ts';
import type { Config } from '../config.ts';
import { Refusal } from '../http/errors.ts';
import type { Render } from '../http/render.ts';
import type { Limits } from '../limits/limits.ts';
import type { Queryable } from '../platform/postgres.ts';
import { listProfessions, professionLabel } from '../registry/nomenclatures.ts';
import { storedExercises } from '../registry/repository.ts';
import type { FoundRow } from './repository.ts';
import { searchDirectory } from './search.ts';
import { wayBack, wayBackWith } from './way-back.ts';

export interface DirectoryDependencies {
  db: Queryable;
  config: Pick<Config, 'appOrigin'>;
  limits: Pick<Limits, 'hit'>;
  render: Render;
}

/** Searches from one address: enough for a ward, too few to copy the directory. */
const RULES = [
  { limit: 30, seconds: 60 },
  { limit: 300, seconds: 3600 },
];
const LONGEST = 100;
const PAGE = 20;

const parameter = (ctx: Context, name: string): string | undefined => {
  const value = ctx.query[name];
  return (Array.isArray(value) ? value[0] : value)?.slice(0, 4000);
};

const inWords = (row: FoundRow, locale: 'fr' | 'en', back: string | undefined): DirectoryPerson => ({
  nationalId: row.national_id,
  name: `${row.given_name} ${row.family_name}`.trim(),
  professions: [
    ...new Set(
      storedExercises(row).map(({ codeProfession = '', codeCategorieProfessionnelle = '' }) =>
        professionLabel(codeProfession, locale, codeCategorieProfessionnelle),
      ),
    ),
  ].filter((label) => label !== ''),
  towns: row.towns,
  choose: wayBackWith(back, row.national_id),
});

type Asked = Pick<DirectoryProps, 'family' | 'given' | 'town' | 'profession'>;

const search = async (
  { db }: DirectoryDependencies,
  asked: Asked,
  cursor: string | undefined,
  inLocale: (row: FoundRow) => DirectoryPerson,
): Promise<DirectoryProps['result']> => {
  if (asked.family.trim() === '') return 'missing';
  const tooLong = [asked.family, asked.given, asked.town].some((text) => text.length > LONGEST);
  if (tooLong) return { persons: [], nearness: 'exact', next: undefined, first: true };
  const { found, nearness, next } = await searchDirectory(db, asked, { size: PAGE, cursor });
  return { persons: found.map(inLocale), nearness, next, first: cursor === undefined };
};

const readAsked = (ctx: Context, codes: ReadonlySet<string>): Asked => {
  const profession = parameter(ctx, 'profession') ?? '';
  return {
    family: parameter(ctx, 'nom') ?? '',
    given: parameter(ctx, 'prenom') ?? '',
    town: parameter(ctx, 'ville') ?? '',
    profession: codes.has(profession) ? profession : undefined,
  };
};

/**
 * The public directory, `GET /annuaire?nom=&prenom=&profession=&ville=&suite=&retour=`: a page of 20 persons, limited by
 * address.
 */
export const directoryRoutes = (dependencies: DirectoryDependencies): Router => {
  const { limits, render, config } = dependencies;
  const lists = { fr: listProfessions('fr'), en: listProfessions('en') };
  const codes = new Set(lists.fr.map(({ code }) => code));
  return new Router().get('/annuaire', async (ctx) => {
    const { locale } = render.chrome(ctx);
    const asked = readAsked(ctx, codes);
    const returnTo = wayBack(parameter(ctx, 'retour'), config.appOrigin);
    let result: DirectoryProps['result'];
    if (ctx.query['nom'] !== undefined) {
      const { allowed, retryAfter } = await limits.hit('directory', ctx.ip, RULES);
      if (!allowed) throw new Refusal('too_many_requests', 429, { retryAfter });
      const cursor = parameter(ctx, 'suite') || undefined;
      result = await search(dependencies, asked, cursor, (row) => inWords(row, locale, returnTo));
    }
    const view = directoryPage({ ...asked, returnTo, result, professionList: lists[locale] });
    render(ctx, view, result === 'missing' ? 400 : 200);
  });
};
