import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../io.ts';
import type { Queryable } from '../platform/postgres.ts';
import { selectFates, selectPractitionerId } from './repository.ts';
import type { MessageFate, MessageState } from './request.ts';
import { toFate } from './fate.ts';

/** `caducee messages`: what became of each mail, SMS and notification, for the help desk. */

const HELP = `caducee messages list [--person ID] [--activation ID] [--device ID] [--state STATE] [--limit N] [--json]

  --person ID     national identifier (or internal id) of the practitioner
  --activation ID, --device ID
  --state STATE   queued, sending, sent, abandoned or expired
  --limit N       newest N messages (50)

Recipients are masked, and what a message said is never shown: it is erased once the message has ended.
`;

const STATES: readonly string[] = [
  'queued',
  'sending',
  'sent',
  'abandoned',
  'expired',
] satisfies MessageState[];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The command; see {@link HELP}. */
export const runMessagesCommand: Command = async (args, { io, database }) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      person: { type: 'string' },
      activation: { type: 'string' },
      device: { type: 'string' },
      state: { type: 'string' },
      limit: { type: 'string', default: '50' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    io.stdout.write(HELP);
    return EXIT.done;
  }
  if (positionals.length !== 1 || positionals[0] !== 'list') throw new UsageError(HELP);
  if (values.state !== undefined && !STATES.includes(values.state)) {
    throw new UsageError(`--state takes one of ${STATES.join(', ')}`);
  }
  if (!/^[1-9]\d{0,4}$/.test(values.limit)) throw new UsageError('--limit takes a number from 1 to 99999');

  const db = await database();
  const person = values.person === undefined ? undefined : await findPerson(db, values.person);
  if (values.person !== undefined && person === undefined) {
    io.stderr.write(`Nobody in the registry has the identifier ${values.person}.\n`);
    return EXIT.failed;
  }
  const rows = await selectFates(db, {
    ...(person === undefined ? {} : { practitionerId: person }),
    ...(values.activation === undefined ? {} : { activationId: values.activation }),
    ...(values.device === undefined ? {} : { deviceId: values.device }),
    ...(values.state === undefined ? {} : { state: values.state as MessageState }),
    limit: Number(values.limit),
  });
  const messages = rows.map(toFate);
  io.stdout.write(values.json ? `${JSON.stringify({ messages })}\n` : describe(messages));
  return EXIT.done;
};

const findPerson = async (db: Queryable, id: string): Promise<string | undefined> =>
  UUID.test(id) ? id : selectPractitionerId(db, id.replaceAll(' ', ''));

const describe = (messages: readonly MessageFate[]): string =>
  messages.length === 0 ? 'No message.\n' : `${messages.map(describeOne).join('\n')}\n`;

const describeOne = (message: MessageFate): string => {
  const tries = `${message.attempts} ${message.attempts === 1 ? 'try' : 'tries'}`;
  const next = message.nextAttemptAt ? `, next at ${message.nextAttemptAt.toISOString()}` : '';
  const error = message.lastError ? `\n    ${message.lastError}` : '';
  return [
    message.createdAt.toISOString(),
    message.state.padEnd(9),
    message.kind.padEnd(4),
    message.template.padEnd(17),
    message.recipient.padEnd(20),
    `${tries}${next}${error}`,
  ].join('  ');
};
