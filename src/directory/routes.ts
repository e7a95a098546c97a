import Router from '@koa/router';
import type { Context } from 'koa';
import { directoryPage, type DirectoryPerson, type DirectoryProps } from '../../views/pages/directory.ts';
import { Refusal } from '../http/errors.ts';
import type { Render } from '../http/render.ts';
import type { Limits } from '../limits/limits.ts';
import { professionLabel } from '../registry/nomenclatures.ts';
import { MOST_FOUND, type DirectoryEntry, type Registry } from '../registry/service.ts';

export interface DirectoryDependencies {
  registry: Pick<Registry, 'searchByName'>;
  limits: Pick<Limits, 'hit'>;
  render: Render;
}

/** Searches from one address: enough for a ward, too few to copy the directory. */
const RULES = [
  { limit: 30, seconds: 60 },
  { limit: 300, seconds: 3600 },
];
const LONGEST = 100;

const parameter = (ctx: Context, name: string): string | undefined => {
  const value = ctx.query[name];
  return (Array.isArray(value) ? value[0] : value)?.slice(0, 2000);
};

/**
 * A path of this site, or nothing: what a browser would read as another site (`//host`, `/\host`, a control
 * character that it drops) is no path.
 */
export const samesitePath = (value: string | undefined): string | undefined => {
  if (value === undefined || !/^\/(?![/\\])[\x21-\x7E]*$/.test(value) || value.includes('\\'))
    return undefined;
  const here = 'http://here.invalid';
  if (!URL.canParse(value, here)) return undefined;
  const url = new URL(value, here);
  return url.origin === here ? url.pathname + url.search + url.hash : undefined;
};

const inWords = (entry: DirectoryEntry, locale: 'fr' | 'en'): DirectoryPerson => ({
  nationalId: entry.nationalId,
  name: `${entry.givenName} ${entry.familyName}`.trim(),
  professions: entry.professions.map(({ code, category }) => professionLabel(code, locale, category)),
  towns: entry.towns,
});

const search = async (
  { registry }: DirectoryDependencies,
  family: string,
  given: string,
  locale: 'fr' | 'en',
): Promise<DirectoryProps['result']> => {
  if (family.trim() === '') return 'missing';
  if (family.length > LONGEST || given.length > LONGEST) return { persons: [], more: false };
  const entries = await registry.searchByName({ familyName: family, givenName: given });
  return { persons: entries.map((entry) => inWords(entry, locale)), more: entries.length === MOST_FOUND };
};

/** The public directory, `GET /annuaire?nom=&prenom=&retour=`: exact names, limited by address. */
export const directoryRoutes = (dependencies: DirectoryDependencies): Router => {
  const { limits, render } = dependencies;
  return new Router().get('/annuaire', async (ctx) => {
    const family = parameter(ctx, 'nom');
    const given = parameter(ctx, 'prenom') ?? '';
    let result: DirectoryProps['result'];
    if (family !== undefined) {
      const { allowed, retryAfter } = await limits.hit('directory', ctx.ip, RULES);
      if (!allowed) throw new Refusal('too_many_requests', 429, { retryAfter });
      result = await search(dependencies, family, given, render.chrome(ctx).locale);
    }
    const returnTo = samesitePath(parameter(ctx, 'retour'));
    render(
      ctx,
      directoryPage({ family: family ?? '', given, returnTo, result }),
      result === 'missing' ? 400 : 200,
    );
  });
};
