import { parseArgs } from 'node:util';
import type { Command, CommandContext } from '../command.ts';
import { EXIT, UsageError, type CommandIo } from '../io.ts';
import { createAudit } from '../audit/record.ts';
import { systemClock } from '../platform/clock.ts';
import { CONTACT_HELP, runContactCommand } from './contact-command.ts';
import { ImportError } from './file-error.ts';
import { importFile, type ImportInput } from './import.ts';
import { normalize } from './national-id.ts';
import {
  activityGenreLabel,
  expertiseLabel,
  modeLabel,
  pharmacistSectionLabel,
  professionLabel,
  roleLabel,
  sectorLabel,
} from './nomenclatures.ts';
import { createProgressBar } from './progress-bar.ts';
import type { ImportReport, Told } from './report.ts';
import {
  createRegistry,
  type ContactDeclaration,
  type ContactState,
  type Practitioner,
  type Registry,
} from './service.ts';

const HELP = `caducee registry import FILE [--source NAME] [--json]
  Imports a registry file (- reads standard input): all of it or nothing. Layouts, found by their header:
  Extraction_ProSanteConnect_Personne_activite, PS_LibreAcces_Personne_activite. Persons of this source
  who are not in the file become inactive. The source is the layout's name unless --source names it.

caducee registry show ID [--json]
  All that the registry knows of a person: 12 characters or more, or the 11 digits of an RPPS number.

caducee registry search NAME [GIVEN-NAME] [--json]
  Active persons of exactly this name; capitals, accents and punctuation do not matter.

${CONTACT_HELP}`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  source: { type: 'string' },
} as const;

interface Arguments {
  positionals: string[];
  json: boolean;
  source: string | undefined;
}

const print = (io: CommandIo, json: boolean, value: unknown, text: () => string): void => {
  io.stdout.write(json ? `${JSON.stringify(value)}\n` : text());
};

const toldText = (title: string, told: Told<string>): string[] => {
  if (told.count === 0) return [];
  const reasons = Object.entries(told.byReason).map(([reason, count]) => `${reason} ${count}`);
  const lines = told.lines.slice(0, 20).map(({ line, reason }) => `    line ${line}: ${reason}`);
  const more = told.count > lines.length ? [`    … (--json tells up to ${told.lines.length})`] : [];
  return [`  ${title.padEnd(12)}${told.count} (${reasons.join(', ')})`, ...lines, ...more];
};

const reportText = (report: ImportReport): string => {
  const counts = (['read', 'persons', 'added', 'changed', 'unchanged', 'removed'] as const).map(
    (name) => `  ${name.padEnd(12)}${report[name]}`,
  );
  const other =
    report.otherSource > 0
      ? [`  ${'left alone'.padEnd(12)}${report.otherSource} (declared by another source)`]
      : [];
  return [
    `${report.fileName}: ${report.layout}, ${report.columns} columns, source ${report.source}${report.first ? ' (first import)' : ''}`,
    ...counts,
    ...other,
    ...toldText('refused', report.refused),
    ...toldText('warnings', report.warnings),
    `  run ${report.run}, ${(report.durationMs / 1000).toFixed(1)} s`,
    '',
  ].join('\n');
};

/** `registry import FILE`. Ctrl-C cancels and changes nothing. */
const runImport = async (
  { positionals, json, source }: Arguments,
  context: CommandContext,
): Promise<number> => {
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError('caducee registry import takes one FILE');
  if (source === '') throw new UsageError('--source takes a name');
  const { io } = context;
  const [{ contactDelayHours }, db] = [await context.config(), await context.database()];
  const cancel = new AbortController();
  const interrupt = (): void => cancel.abort();
  process.once('SIGINT', interrupt);
  const bar = createProgressBar(io.stderr, io.interactive && !json);
  const input: ImportInput = file === '-' ? io.stdin : file;
  try {
    const report = await importFile(db, input, {
      clock: systemClock,
      contactDelayHours,
      audit: createAudit({ clock: systemClock }),
      source,
      onProgress: bar.show,
      signal: cancel.signal,
    });
    bar.end();
    print(io, json, report, () => reportText(report));
    return EXIT.done;
  } catch (error) {
    bar.end();
    if (!(error instanceof ImportError)) throw error;
    const { code, message, line } = error;
    print(io, json, { error: code, message, line }, () => '');
    if (!json) io.stderr.write(`${file}: ${message}. Nothing was changed.\n`);
    return EXIT.failed;
  } finally {
    process.off('SIGINT', interrupt);
  }
};

const contactText = (contact: ContactState): string =>
  contact.state === 'too_recent'
    ? `too recent, available at ${contact.availableAt.toISOString()}`
    : contact.state;

const exerciseText = (exercise: Practitioner['exercises'][number]): string[] => {
  const { codeProfession, codeCategorieProfessionnelle: category, codeSavoirFaire } = exercise;
  const expertise = codeSavoirFaire === '' ? '' : `, ${expertiseLabel(codeSavoirFaire)}`;
  return [
    `  ${professionLabel(codeProfession, 'fr', category) || '(no profession)'}${expertise}`,
    ...exercise.activities.map((activity) => {
      const place = [activity.raisonSocialeSite, activity.bureauCedex || activity.codePostal];
      const sector = activity.codeSecteurDactivite && `(${sectorLabel(activity.codeSecteurDactivite)})`;
      const how = [
        modeLabel(activity.codeModeExercice, 'fr'),
        roleLabel(activity.codeRole),
        activityGenreLabel(activity.codeGenreActivite),
        pharmacistSectionLabel(activity.codeSectionPharmacien),
      ];
      return `    - ${[...place, sector, ...how].filter((part) => part !== '').join(' · ')}`;
    }),
  ];
};

const declarationText = (contact: ContactDeclaration): string =>
  `  ${contact.declaredAt.toISOString()} ${contact.origin}: ${contact.email ?? '(no e-mail)'}, ${
    contact.phone ?? '(no phone)'
  }, effective ${contact.effectiveAt.toISOString()}`;

const practitionerText = (
  person: Practitioner,
  contact: ContactState,
  history: readonly ContactDeclaration[],
): string =>
  [
    `${person.nationalId}  ${person.civility} ${person.givenName} ${person.familyName}`,
    `status   ${person.status}`,
    `source   ${person.source}`,
    `subject  ${person.subject}`,
    `contact  ${contactText(contact)}`,
    ...history.map(declarationText),
    'exercices',
    ...(person.exercises.length === 0 ? ['  none'] : person.exercises.flatMap(exerciseText)),
    '',
  ].join('\n');

const openRegistry = async (context: CommandContext): Promise<Registry> => {
  const { contactDelayHours } = await context.config();
  return createRegistry({ db: await context.database(), clock: systemClock, contactDelayHours });
};

/** `registry show ID`. */
const runShow = async ({ positionals, json }: Arguments, context: CommandContext): Promise<number> => {
  const normal = normalize(positionals.join(''));
  if (!normal.ok) {
    throw new UsageError(
      'caducee registry show takes a national identifier (8 followed by the RPPS number, …)',
    );
  }
  const registry = await openRegistry(context);
  const person = await registry.find(normal.nationalId);
  if (!person) {
    print(context.io, json, { error: 'identifier_unknown', nationalId: normal.nationalId }, () => '');
    if (!json) context.io.stderr.write(`${normal.nationalId} is not in the registry.\n`);
    return EXIT.failed;
  }
  const contact = await registry.contact(person.id);
  const history = await registry.contactHistory(person.id);
  print(context.io, json, { ...person, contact, contactHistory: history }, () =>
    practitionerText(person, contact, history),
  );
  return EXIT.done;
};

/** `registry search NAME [GIVEN]`. */
const runSearch = async ({ positionals, json }: Arguments, context: CommandContext): Promise<number> => {
  const [familyName, givenName, ...more] = positionals;
  if (familyName === undefined || more.length > 0) {
    throw new UsageError(
      'caducee registry search takes NAME and, if wanted, GIVEN-NAME (quote names with spaces)',
    );
  }
  const registry = await openRegistry(context);
  const entries = await registry.searchByName({
    familyName,
    ...(givenName === undefined ? {} : { givenName }),
  });
  print(context.io, json, entries, () =>
    entries.length === 0
      ? 'Nobody of exactly this name.\n'
      : entries
          .map(({ nationalId, givenName: given, familyName: family, professions, towns }) => {
            const what = professions.map(({ code, category }) => professionLabel(code, 'fr', category));
            return `${nationalId}  ${given} ${family}  ${[...what, ...towns].join(', ')}\n`;
          })
          .join(''),
  );
  return EXIT.done;
};

const COMMANDS: Record<string, (given: Arguments, context: CommandContext) => Promise<number>> = {
  import: runImport,
  show: runShow,
  search: runSearch,
};

/** `caducee registry …`. */
export const runRegistryCommand: Command = async (args, context) => {
  if (args[0] === 'contact') return runContactCommand(args.slice(1), context);
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [name, ...rest] = positionals;
  if (values.help || name === undefined) {
    context.io.stdout.write(HELP);
    return values.help ? EXIT.done : EXIT.usage;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new UsageError(`caducee registry has no command "${name}"; caducee registry --help lists them`);
  return command({ positionals: rest, json: values.json === true, source: values.source }, context);
};
