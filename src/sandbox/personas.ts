import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/postgres.ts';
import { importFile } from '../registry/import.ts';
import { professionLabel } from '../registry/nomenclatures.ts';
import { findByNationalId } from '../registry/repository.ts';
import type { ImportReport } from '../registry/report.ts';
import { createRegistry, type Practitioner } from '../registry/service.ts';

/**
 * The invented people of the sandbox: a registry file like any other, imported under a source of its own, and a list
 * beside it with what is special about each and what no file can say (contact details changed yesterday, struck off).
 */

export const PERSONAS_SOURCE = 'personas';
const FILE = 'Extraction_ProSanteConnect_Personne_activite_personas.txt';

const personasSchema = z.array(
  z.strictObject({
    nationalId: z.string(),
    note: z.strictObject({ fr: z.string(), en: z.string() }),
    status: z.enum(['inactive', 'struck_off']).optional(),
    contact: z
      .strictObject({ email: z.string().optional(), phone: z.string().optional(), hoursAgo: z.number() })
      .optional(),
  }),
);

type PersonaNote = z.infer<typeof personasSchema>[number];

/** A persona as the home page and `--json` list it. */
export interface Persona {
  nationalId: string;
  name: string;
  profession: string;
  note: string;
}

export interface PersonasContext {
  db: Database;
  clock: Clock;
  contactDelayHours: number;
  /** The project's folder. */
  root: string;
}

const folder = (root: string): string => join(root, 'config', 'personas');

const readNotes = async (root: string): Promise<PersonaNote[]> =>
  personasSchema.parse(JSON.parse(await readFile(join(folder(root), 'personas.json'), 'utf8')));

/** What no file can say is said once: a later start leaves what was changed since as it is. */
const applyNote = async (context: PersonasContext, note: PersonaNote): Promise<void> => {
  if (!note.status && !note.contact) return;
  const registry = createRegistry(context);
  const row = await findByNationalId(context.db, note.nationalId);
  if (!row) throw new Error(`config/personas: ${note.nationalId} is not in the file`);
  if (note.status && row.status_set_at === null) await registry.setStatus(row.id, note.status);
  if (note.contact) {
    const { hoursAgo, ...values } = note.contact;
    const history = await registry.contactHistory(row.id);
    if (history.every(({ origin }) => origin === 'import')) {
      const declaredAt = new Date(context.clock.now().getTime() - hoursAgo * 3_600_000);
      await registry.setContact(row.id, values, { declaredAt, origin: 'sandbox', quiet: true });
    }
  }
};

/** Brings the personas into the registry. Idempotent: a second start changes nothing and restarts no delay. */
export const seedPersonas = async (context: PersonasContext): Promise<ImportReport> => {
  const report = await importFile(context.db, join(folder(context.root), FILE), {
    clock: context.clock,
    allowChange: 1,
    contactDelayHours: context.contactDelayHours,
    source: PERSONAS_SOURCE,
  });
  for (const note of await readNotes(context.root)) await applyNote(context, note);
  return report;
};

/** The professions of a person in words, `Médecin, Pharmacien`; "" without any. */
export const professionsOf = (practitioner: Practitioner, locale: 'fr' | 'en'): string =>
  [
    ...new Set(
      practitioner.exercises.map((exercise) =>
        professionLabel(exercise.codeProfession, locale, exercise.codeCategorieProfessionnelle),
      ),
    ),
  ]
    .filter((label) => label !== '')
    .join(', ');

/** The personas in the order of the file: the first is an ordinary doctor with every detail. */
export const listPersonas = async (context: PersonasContext, locale: 'fr' | 'en'): Promise<Persona[]> => {
  const registry = createRegistry(context);
  const notes = await readNotes(context.root);
  const personas = await Promise.all(
    notes.map(async ({ nationalId, note }): Promise<Persona[]> => {
      const practitioner = await registry.find(nationalId);
      if (!practitioner) return [];
      const name = `${practitioner.givenName} ${practitioner.familyName}`.trim();
      return [{ nationalId, name, profession: professionsOf(practitioner, locale), note: note[locale] }];
    }),
  );
  return personas.flat();
};
