import { parseArgs } from 'node:util';
import type { Command, CommandContext } from '../command.ts';
import { EXIT, UsageError, type CommandIo } from '../io.ts';
import { systemClock } from '../platform/clock.ts';
import { CONTACT_HELP, runContactCommand } from './contact-command.ts';
import { GENERATE_HELP, runGenerateCommand } from './generate-command.ts';
import { IMPORT_HELP, runImportCommand } from './import-command.ts';
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
import {
  RUNS_HELP,
  runDiffCommand,
  runMergeCommand,
  runRollbackCommand,
  runRunsCommand,
} from './runs-command.ts';
import {
  createRegistry,
  type ContactDeclaration,
  type ContactState,
  type Practitioner,
  type Registry,
} from './service.ts';

const HELP = `${IMPORT_HELP}
${RUNS_HELP}
caducee registry show ID [--json]
  All that the registry knows of a person: 12 characters or more, or the 11 digits of an RPPS number.

caducee registry search NAME [GIVEN-NAME] [--json]
  Active persons of exactly this name; capitals, accents and punctuation do not matter.

${CONTACT_HELP}
${GENERATE_HELP}`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
} as const;

interface Arguments {
  positionals: string[];
  json: boolean;
}

const print = (io: CommandIo, json: boolean, value: unknown, text: () => string): void => {
  io.stdout.write(json ? `${JSON.stringify(value)}\n` : text());
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
    ...(person.missingSince ? [`missing  from the files since ${person.missingSince.toISOString()}`] : []),
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
  show: runShow,
  search: runSearch,
};

/** Those that read their own options. */
const ROOMS: Record<string, Command> = {
  contact: runContactCommand,
  import: runImportCommand,
  generate: runGenerateCommand,
  runs: runRunsCommand,
  diff: runDiffCommand,
  rollback: runRollbackCommand,
  merge: runMergeCommand,
};

/** `caducee registry …`. */
export const runRegistryCommand: Command = async (args, context) => {
  const room = Object.hasOwn(ROOMS, args[0] ?? '') ? ROOMS[args[0] ?? ''] : undefined;
  if (room && !args.includes('--help') && !args.includes('-h')) return room(args.slice(1), context);
  if (room === runContactCommand) return room(args.slice(1), context);
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [name, ...rest] = positionals;
  if (values.help || name === undefined) {
    context.io.stdout.write(HELP);
    return values.help ? EXIT.done : EXIT.usage;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new UsageError(`caducee registry has no command "${name}"; caducee registry --help lists them`);
  return command({ positionals: rest, json: values.json === true }, context);
};
