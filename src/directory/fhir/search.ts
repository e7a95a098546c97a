import * as z from 'zod';
import type { Queryable } from '../../platform/postgres.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import {
  readActive,
  readCount,
  readIdentifiers,
  readIds,
  readName,
  readProfession,
  readToken,
  readUpdated,
  type Parameters,
} from './parameters.ts';
import {
  findByIdentifiers,
  findByIds,
  walkAll,
  walkChanged,
  walkKey,
  walkName,
  type Narrowing,
  type PersonRow,
  type WalkedRow,
} from './repository.ts';
import { personOfRole, toPractitioner, toRoles } from './resources.ts';
import { NOS } from './systems.ts';
import type { Practitioner, PractitionerRole, Resource } from './types.ts';

/** The searches of both resources: which index to walk, and where the page ends. */

export interface Found<R extends Resource = Resource> {
  resources: R[];
  /** Known only where the answer is whole. */
  total: number | undefined;
  next: string | undefined;
}

/** A walk of persons in a fixed order, after a position. */
interface Walk {
  /** What a position of this walk looks like: one of another search, or made up, is refused. */
  position: z.ZodType<string[]>;
  next(after: readonly string[] | undefined, limit: number): Promise<WalkedRow[]>;
}

const text = z.string().max(400);
const BY_ID = z.tuple([z.guid()]);
const BY_CHANGE = z.tuple([
  z.string().regex(/^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)?$/),
  z.guid(),
]);
const BY_NAME = z.tuple([text, text, text, z.guid()]);

/** A position (none: before the first), and for roles how many of the next person's were shown already. */
const cursorOf = (parameters: Parameters, walk: Walk): { after: string[] | undefined; shown: number } => {
  const cursor = parameters.get('_cursor');
  if (cursor === undefined) return { after: undefined, shown: 0 };
  const schema = z.object({ p: walk.position.nullable(), s: z.number().int().min(0).max(1000) });
  const { p, s } = readCursor(schema, cursor);
  return { after: p ?? undefined, shown: s };
};

/** Who left the registry shows in searches by id, identifier and change; elsewhere when asked for. */
const narrowingOf = (parameters: Parameters, active: boolean | undefined): Narrowing => ({
  active: readActive(parameters) ?? active,
  profession: readProfession(parameters.get('qualification-code')),
  ...readUpdated(parameters),
});

/** The walk that a search asks for. */
const walkOf = (db: Queryable, parameters: Parameters, keys: readonly string[] = []): Walk => {
  const changed = parameters.has('_lastUpdated');
  const narrowing = narrowingOf(parameters, changed ? undefined : true);
  const name = readName(parameters);
  if (name) {
    return { position: BY_NAME, next: (after, limit) => walkName(db, name, narrowing, after, limit) };
  }
  const [key] = keys;
  if (key !== undefined) {
    return { position: BY_ID, next: (after, limit) => walkKey(db, key, narrowing, after, limit) };
  }
  if (changed) {
    return { position: BY_CHANGE, next: (after, limit) => walkChanged(db, narrowing, after, limit) };
  }
  const { profession } = narrowing;
  if (profession !== undefined) {
    const rest = { ...narrowing, profession: undefined };
    const own = `profession/${profession}`;
    return { position: BY_ID, next: (after, limit) => walkKey(db, own, rest, after, limit) };
  }
  return { position: BY_ID, next: (after, limit) => walkAll(db, narrowing, after, limit) };
};

const passes = (row: PersonRow, { active, since, until }: Narrowing): boolean =>
  (active === undefined || (row.status === 'active') === active) &&
  (since === undefined || row.updated_at >= since) &&
  (until === undefined || row.updated_at < until);

const whole = <R extends Resource>(resources: R[]): Found<R> => ({
  resources,
  total: resources.length,
  next: undefined,
});

/** Persons named one by one, if the search does. */
const named = async (db: Queryable, parameters: Parameters): Promise<PersonRow[] | undefined> => {
  const [ids, identifiers] = [parameters.get('_id'), parameters.get('identifier')];
  if (ids === undefined && identifiers === undefined) return undefined;
  const rows =
    identifiers === undefined
      ? await findByIds(db, readIds(ids ?? ''))
      : await findByIdentifiers(db, readIdentifiers(identifiers));
  const wanted = ids === undefined ? undefined : new Set(readIds(ids));
  const narrowing = narrowingOf(parameters, undefined);
  return rows.filter((row) => passes(row, narrowing) && (wanted === undefined || wanted.has(row.id)));
};

export const PRACTITIONER_PARAMETERS = [
  ...['_id', 'identifier', 'active', 'name', 'family', 'family:exact', 'given'],
  ...['qualification-code', '_lastUpdated'],
];

/** `GET /fhir/Practitioner?…`. */
export const searchPractitioners = async (
  db: Queryable,
  parameters: Parameters,
): Promise<Found<Practitioner>> => {
  const one = await named(db, parameters);
  if (one) return whole(one.map(toPractitioner));
  const count = readCount(parameters);
  const walk = walkOf(db, parameters);
  const rows = await walk.next(cursorOf(parameters, walk).after, count + 1);
  const last = rows[count - 1];
  return {
    resources: rows.slice(0, count).map(toPractitioner),
    total: undefined,
    next: rows.length > count && last ? writeCursor({ p: last.position, s: 0 }) : undefined,
  };
};

export const ROLE_PARAMETERS = [
  ...['_id', 'identifier', 'active', 'practitioner', 'practitioner.identifier', 'organization', 'role'],
  '_lastUpdated',
];

/** Keys of the directory that a role's search names, the rarest first. */
const roleKeys = (parameters: Parameters): string[] => {
  const organization = parameters.get('organization');
  const role = parameters.get('role');
  const { system, code } = readToken(role ?? '');
  const profession = system === NOS.profession || (!system && /^\d/.test(code));
  return [
    ...(organization === undefined ? [] : [`structure/${readToken(organization).code}`]),
    ...(role === undefined ? [] : [`${profession ? 'profession' : 'role'}/${code}`]),
  ];
};

/** What each role must satisfy, beyond its person. */
const roleFilter = (parameters: Parameters): ((role: PractitionerRole) => boolean) => {
  const role = parameters.get('role');
  const ids = parameters.get('_id') ?? parameters.get('identifier');
  const wanted = ids === undefined ? undefined : new Set(ids.split(',').map((one) => readToken(one).code));
  const asked = readToken(role ?? '');
  return (one) =>
    (role === undefined ||
      (one.code ?? []).some(({ coding }) =>
        coding.some(({ system, code }) => code === asked.code && (!asked.system || system === asked.system)),
      )) &&
    (wanted === undefined || wanted.has(one.id));
};

const personsOfRoles = async (db: Queryable, parameters: Parameters): Promise<PersonRow[] | undefined> => {
  const ids = parameters.get('_id') ?? parameters.get('identifier');
  const practitioner = parameters.get('practitioner');
  const identifier = parameters.get('practitioner.identifier');
  if (ids === undefined && practitioner === undefined && identifier === undefined) return undefined;
  const narrowing = narrowingOf(parameters, undefined);
  const rows =
    identifier === undefined
      ? await findByIds(
          db,
          ids === undefined
            ? readIds(practitioner ?? '', 'Practitioner')
            : ids.split(',').flatMap((one) => personOfRole(readToken(one).code) ?? []),
        )
      : await findByIdentifiers(db, readIdentifiers(identifier));
  return rows.filter((row) => passes(row, narrowing));
};

/** `GET /fhir/PractitionerRole?…`. `system` names the ids of this server. */
export const searchRoles = async (
  db: Queryable,
  parameters: Parameters,
  system: string,
): Promise<Found<PractitionerRole>> => {
  const fits = roleFilter(parameters);
  const persons = await personsOfRoles(db, parameters);
  const organization = parameters.get('organization');
  const structure = organization === undefined ? undefined : readToken(organization).code;
  const rolesOf = (row: PersonRow) => toRoles(row, system, structure).filter(fits);
  if (persons) return whole(persons.flatMap(rolesOf));
  return pageOfRoles(walkOf(db, parameters, roleKeys(parameters)), parameters, rolesOf);
};

/** A page may end between two roles of one person: the cursor then stands before that person, and counts. */
const pageOfRoles = async (
  walk: Walk,
  parameters: Parameters,
  rolesOf: (row: PersonRow) => PractitionerRole[],
): Promise<Found<PractitionerRole>> => {
  const count = readCount(parameters);
  const cursor = cursorOf(parameters, walk);
  const resources: PractitionerRole[] = [];
  let before = cursor.after;
  let skipped = cursor.shown;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- mostly once: nearly every person has a role
    const rows = await walk.next(before, count + 1);
    for (const row of rows) {
      const roles = rolesOf(row);
      const room = count - resources.length;
      resources.push(...roles.slice(skipped, skipped + room));
      if (roles.length > skipped + room) {
        return { resources, total: undefined, next: writeCursor({ p: before ?? null, s: skipped + room }) };
      }
      skipped = 0;
      before = row.position;
    }
    if (rows.length <= count) return { resources, total: undefined, next: undefined };
  }
};
