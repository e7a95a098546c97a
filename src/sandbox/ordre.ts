import type Router from '@koa/router';
import type { Context } from 'koa';
import { ordrePage, ordreWhoPage, type OrdreDone, type OrdreProps } from '../../views/pages/ordre.ts';
import type { Forms } from '../http/csrf.ts';
import { Refusal } from '../http/errors.ts';
import type { Render } from '../http/render.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import { contactValues } from '../registry/contacts.ts';
import type { ContactDeclaration, Practitioner, Registry } from '../registry/service.ts';
import type { Persona } from './personas.ts';

/**
 * *Mon espace (Ordre)*: in the sandbox, a persona updates e-mail and phone as on the portal of an Ordre, and may make the
 * declaration 72 hours older. The clock itself stays.
 */

const PATH = '/ordre';
const HOURS = 72;

export interface OrdreDeps {
  db: Database;
  registry: Registry;
  clock: Clock;
  render: Render;
  forms: Forms;
  contactsChanged(): void;
  personas: Record<'fr' | 'en', Persona[]>;
  links: { app: string; inbox: string };
}

/** Moves the newest declaration of a person into the past, what holds from then on too. */
const ageNewest = async (db: Queryable, practitionerId: string): Promise<void> => {
  await db.query(
    `UPDATE practitioner_contact SET declared_at = declared_at - $2::interval, effective_at = effective_at - $2::interval
      WHERE id = (SELECT id FROM practitioner_contact WHERE practitioner_id = $1 ORDER BY id DESC LIMIT 1)`,
    [practitionerId, `${HOURS} hours`],
  );
};

const DONE: readonly OrdreDone[] = ['saved', 'same', 'aged'];
const doneOf = (ctx: Context): OrdreDone | undefined => DONE.find((done) => done === ctx.query['fait']);

const personOf = async (
  { registry }: OrdreDeps,
  ctx: Context & { params: Record<string, string> },
): Promise<Practitioner> => {
  const person = await registry.find(ctx.params['id'] ?? '');
  if (!person) throw new Refusal('identifier_unknown', 404);
  return person;
};

const addressOf = ({ nationalId }: Practitioner, done?: OrdreDone): string =>
  `${PATH}/${encodeURIComponent(nationalId)}${done === undefined ? '' : `?fait=${done}`}`;

const draw = async (
  deps: OrdreDeps,
  ctx: Context,
  person: Practitioner,
  problem?: OrdreProps['entered'],
): Promise<void> => {
  const { registry, clock, render, forms, links } = deps;
  const history = await registry.contactHistory(person.id);
  const view = ordrePage({
    name: `${person.givenName} ${person.familyName}`.trim(),
    nationalId: person.nationalId,
    action: addressOf(person),
    history,
    now: clock.now(),
    entered: problem,
    done: doneOf(ctx),
    token: forms.token(ctx),
    links,
  });
  render(ctx, view, problem ? 400 : 200);
};

const holds = (newest: ContactDeclaration | undefined) => ({
  email: newest?.email ?? '',
  phone: newest?.phone ?? '',
});

/** Which of the two nobody could be reached at. */
const wrongOf = (entered: { email: string; phone: string }): ('email' | 'phone')[] =>
  (['email', 'phone'] as const).filter((name) => {
    try {
      contactValues({ [name]: entered[name] });
      return false;
    } catch {
      return true;
    }
  });

/** Refusal: `contact_malformed`. */
const save = async (
  { registry, clock, contactsChanged }: OrdreDeps,
  person: Practitioner,
  entered: { email: string; phone: string },
): Promise<OrdreDone> => {
  const [before] = await registry.contactHistory(person.id);
  const was = holds(before);
  // A field left as it was is not declared again: its form may differ from the one we keep.
  const email = entered.email === was.email ? undefined : entered.email;
  const phone = entered.phone === was.phone ? undefined : entered.phone;
  if (email === undefined && phone === undefined) return 'same';
  await registry.setContact(person.id, { email, phone }, { declaredAt: clock.now(), origin: 'espace' });
  contactsChanged();
  return 'saved';
};

/** Adds the pages to a router of the sandbox. */
export const ordreRoutes = (router: Router, deps: OrdreDeps): Router => {
  const { render, forms, db } = deps;
  router.get(PATH, (ctx) => {
    const asked = ctx.query['personne'];
    if (typeof asked === 'string' && asked !== '') {
      ctx.redirect(`${PATH}/${encodeURIComponent(asked)}`);
      return;
    }
    render(ctx, ordreWhoPage({ action: PATH, personas: deps.personas[render.chrome(ctx).locale] }));
  });
  router.get(`${PATH}/:id`, async (ctx) => draw(deps, ctx, await personOf(deps, ctx)));
  router.post(`${PATH}/:id`, async (ctx) => {
    const person = await personOf(deps, ctx);
    const form = await forms.read(ctx);
    const entered = { email: form.get('courriel')?.trim() ?? '', phone: form.get('telephone')?.trim() ?? '' };
    try {
      ctx.redirect(addressOf(person, await save(deps, person, entered)));
      ctx.status = 303;
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'contact_malformed') throw error;
      await draw(deps, ctx, person, { ...entered, wrong: wrongOf(entered) });
    }
  });
  router.post(`${PATH}/:id/vieillir`, async (ctx) => {
    const person = await personOf(deps, ctx);
    await forms.read(ctx);
    await ageNewest(db, person.id);
    ctx.redirect(addressOf(person, 'aged'));
    ctx.status = 303;
  });
  return router;
};
