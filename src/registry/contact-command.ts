import { parseArgs } from 'node:util';
import { createAudit } from '../audit/record.ts';
import type { Command, CommandContext } from '../command.ts';
import { Refusal } from '../http/errors.ts';
import { EXIT, UsageError } from '../io.ts';
import { systemClock } from '../platform/clock.ts';
import { changeContact } from './contacts.ts';
import { normalize } from './national-id.ts';
import { createRegistry, type ContactDeclaration, type ContactState, type Practitioner } from './service.ts';

/** `caducee registry contact …`: the Ordre's desk. */

export const CONTACT_HELP = `caducee registry contact set ID [--email ADDRESS] [--phone NUMBER] [--reason TEXT] [--json]
  Declares contact details for the Ordre's desk. What is left out stays, "" withdraws. Each change restarts the
  delay before an activation, a first declaration too; saying what already holds restarts nothing. Whom the former
  details reach is told at once, with a link that stops the change.

caducee registry contact show ID [--json]
  What is declared now, and whether an e-CPS can be activated with it.

caducee registry contact history ID [--json]
  Every declaration, the newest first: by whom, effective when, told when, stopped when.
`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  email: { type: 'string' },
  phone: { type: 'string' },
  reason: { type: 'string' },
} as const;

interface Arguments {
  id: string;
  json: boolean;
  email: string | undefined;
  phone: string | undefined;
  reason: string;
}

type Run = (given: Arguments, context: CommandContext) => Promise<number>;

const print = ({ io }: CommandContext, json: boolean, value: unknown, text: string): void => {
  io.stdout.write(json ? `${JSON.stringify(value)}\n` : text);
};

const runSet: Run = async (given, context) => {
  const { id, email, phone, reason } = given;
  if (email === undefined && phone === undefined) {
    throw new UsageError('caducee registry contact set takes --email or --phone, or both');
  }
  const { person } = await find(id, context);
  const { nationalId } = person;
  // What is left out stays as it is, which is another act than withdrawing it.
  const details = { ...(email === undefined ? {} : { email }), ...(phone === undefined ? {} : { phone }) };
  return context.act(
    { kind: 'open', name: 'contact.set', arguments: { nationalId, ...details }, reason, nationalId },
    (operator) => declare(given, operator, context),
  );
};

const declare = async (
  { id, json, email, phone }: Arguments,
  operator: string,
  context: CommandContext,
): Promise<number> => {
  const { contactDelayHours } = await context.config();
  const db = await context.database();
  const desk = { db, clock: systemClock, audit: createAudit({ clock: systemClock }), contactDelayHours };
  const declared = await changeContact(desk, { nationalId: id, email, phone, by: operator });
  const since = declared.effectiveAt.toISOString();
  const text =
    declared.outcome === 'unchanged'
      ? `${declared.nationalId}: these details are declared already, effective ${since}; nothing changed.\n`
      : `${declared.nationalId}: declared, effective ${since}.\n`;
  print(context, json, declared, text);
  return EXIT.done;
};

const find = async (typed: string, context: CommandContext) => {
  const normal = normalize(typed);
  if (!normal.ok) throw new Refusal('identifier_malformed', 400);
  const { contactDelayHours } = await context.config();
  const registry = createRegistry({ db: await context.database(), clock: systemClock, contactDelayHours });
  const person = await registry.find(normal.nationalId);
  if (!person) throw new Refusal('identifier_unknown', 404);
  return { registry, person };
};

const stateText = (contact: ContactState): string =>
  contact.state === 'too_recent'
    ? `too recent: an e-CPS can be activated from ${contact.availableAt.toISOString()}`
    : { ok: 'ok: an e-CPS can be activated', missing: 'missing: no e-mail or no phone' }[contact.state];

const nameOf = ({ nationalId, givenName, familyName }: Practitioner): string =>
  `${nationalId}  ${givenName} ${familyName}\n`;

const runShow: Run = async ({ id, json }, context) => {
  const { registry, person } = await find(id, context);
  const contact = await registry.contact(person.id);
  const [newest] = await registry.contactHistory(person.id);
  const declared = newest
    ? `  e-mail  ${newest.email ?? '(none)'}\n  phone   ${newest.phone ?? '(none)'}\n`
    : '  nothing was ever declared\n';
  const value = { nationalId: person.nationalId, contact, declared: newest ?? null };
  print(context, json, value, `${nameOf(person)}${declared}  state   ${stateText(contact)}\n`);
  return EXIT.done;
};

const rowText = (row: ContactDeclaration): string => {
  const by = row.by === undefined ? row.origin : `${row.origin} (${row.by})`;
  const fates = [
    `effective ${row.effectiveAt.toISOString()}`,
    ...(row.toldAt ? [`told ${row.toldAt.toISOString()}`] : []),
    ...(row.stoppedAt ? [`STOPPED ${row.stoppedAt.toISOString()}`] : []),
  ];
  return `  ${row.declaredAt.toISOString()} ${by}: ${row.email ?? '(no e-mail)'}, ${row.phone ?? '(no phone)'}; ${fates.join(', ')}\n`;
};

const runHistory: Run = async ({ id, json }, context) => {
  const { registry, person } = await find(id, context);
  const history = await registry.contactHistory(person.id);
  const rows = history.map(rowText).join('') || '  nothing was ever declared\n';
  print(context, json, { nationalId: person.nationalId, history }, nameOf(person) + rows);
  return EXIT.done;
};

const COMMANDS: Record<string, Run> = { set: runSet, show: runShow, history: runHistory };

/** Runs `registry contact …`, without these two words. */
export const runContactCommand: Command = async (args, context) => {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [name, ...ids] = positionals;
  if (values.help || name === undefined) {
    context.io.stdout.write(CONTACT_HELP);
    return values.help ? EXIT.done : EXIT.usage;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command || ids.length === 0) {
    throw new UsageError('caducee registry contact takes set, show or history, and an ID');
  }
  const json = values.json === true;
  try {
    const given = {
      id: ids.join(''),
      json,
      email: values.email,
      phone: values.phone,
      reason: values.reason?.trim() ?? '',
    };
    return await command(given, context);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (json) context.io.stdout.write(`${JSON.stringify({ error: error.code })}\n`);
    else context.io.stderr.write(`${error.code}: nothing was changed.\n`);
    return EXIT.failed;
  }
};
