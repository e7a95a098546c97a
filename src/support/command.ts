import { parseArgs } from 'node:util';
import { support as en } from '../../views/locales/en/support.ts';
import { support as fr } from '../../views/locales/fr/support.ts';
import { inLocale } from '../../views/locales/index.ts';
import { createAudit } from '../audit/record.ts';
import { selectEvents } from '../audit/select.ts';
import type { Command, CommandContext } from '../command.ts';
import { openEcps } from '../ecps/command.ts';
import { EXIT, UsageError } from '../io.ts';
import { systemClock, type Clock } from '../platform/clock.ts';
import { osUser } from '../platform/os-user.ts';
import type { Database } from '../platform/postgres.ts';
import { normalize } from '../registry/national-id.ts';
import { createRegistry } from '../registry/service.ts';
import {
  cancelActivations,
  liftSuspension,
  PersonUnknown,
  resendMessage,
  revokePhone,
  suspendPerson,
  type Act,
  type ActDeps,
} from './acts.ts';
import { codeOfEvent, gatherSupport } from './gather.ts';
import { findRefusals, type KeptRefusal } from './refusals.ts';
import { drawRefusal, drawSupport, tellProblems, type ScreenOptions } from './screen.ts';

const HELP = `caducee support ID [--json]
  Why this person cannot activate the e-CPS or sign in, on one screen: first what is wrong and what to tell them, then
  registry, contact details (masked), activations, messages, phones, cards and last refusals. ID has 12 characters, or the
  11 digits of an RPPS number.

caducee support --support-id K7QF-2M9A [--json]
  What happened at the page that showed this support id, and the screen of the person concerned.

caducee support ID resend --reason TEXT
  Sends again the mail or the SMS that the activation under way waits for, within the day's limits.
caducee support ID cancel --reason TEXT
  Closes the activations under way.
caducee support ID suspend --reason TEXT
  Stops every sign-in of the person, whatever the registry's files say.
caducee support ID lift --reason TEXT
  Lifts a suspension; the registry's files decide again.
caducee support ID revoke PHONE --reason TEXT
  Ends one phone; the person is told, and activates again.
  A phone that is locked cannot be unlocked: its owner proves again who they are, by activating it again.

Looking and acting are recorded in the audit, with the reason.
`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  reason: { type: 'string' },
  'support-id': { type: 'string' },
} as const;

type Outcome = { text: string; done: boolean; value: string | number | boolean };

interface Session {
  context: CommandContext;
  clock: Clock;
  db: Database;
  options: ScreenOptions;
  texts: ReturnType<typeof textsOf>;
  json: boolean;
}

const textsOf = (locale: 'fr' | 'en') => inLocale(locale, { fr, en });

const openSession = async (context: CommandContext, clock: Clock, json: boolean): Promise<Session> => {
  const { timeZone, ordreUrl, contactDelayHours } = await context.config();
  const { locale } = context.io;
  return {
    ...{ context, clock, json },
    db: await context.database(),
    options: { locale, timeZone, ordreUrl, contactDelayHours },
    texts: textsOf(locale),
  };
};

const look = async (session: Session, nationalId: string) => {
  const { db, clock, options } = session;
  const { contactDelayHours } = options;
  const view = await gatherSupport(
    { db, clock, registry: createRegistry({ db, clock, contactDelayHours }) },
    nationalId,
  );
  await createAudit({ clock }).record(db, {
    type: 'operator.looked',
    nationalId,
    details: { operator: osUser(), what: 'support' },
  });
  return view;
};

const showPerson = async (session: Session, nationalId: string): Promise<number> => {
  const view = await look(session, nationalId);
  const { io } = session.context;
  const problems = tellProblems(view, session.options);
  io.stdout.write(
    session.json ? `${JSON.stringify({ problems, ...view })}\n` : drawSupport(view, session.options),
  );
  return view.person ? EXIT.done : EXIT.failed;
};

/** As pages show it, however it was heard: upper case, a dash in the middle, no letter that looks like a digit. */
export const normalizeSupportId = (input: string): string => {
  const characters = input
    .toUpperCase()
    .replaceAll(/[^0-9A-Z]/g, '')
    .replaceAll(/[IL]/g, '1')
    .replaceAll('O', '0');
  return `${characters.slice(0, 4)}-${characters.slice(4)}`;
};

/** Refusals that are told by the audit alone. */
const fromAudit = async (db: Database, supportId: string): Promise<KeptRefusal[]> =>
  (await selectEvents(db, { supportId, limit: 5 })).map((event) => ({
    supportId,
    at: event.at,
    code: codeOfEvent(event) ?? event.type,
    status: 0,
    route: event.clientId ?? event.type,
    requestId: '',
    nationalId: event.nationalId,
    deviceId: event.deviceId,
    clientId: event.clientId,
  }));

const showSupportId = async (session: Session, input: string): Promise<number> => {
  const { db, clock, texts, options, json } = session;
  const { stdout, stderr } = session.context.io;
  const supportId = normalizeSupportId(input);
  const found = [...(await findRefusals(db, supportId)), ...(await fromAudit(db, supportId))];
  const [refusal] = found;
  if (!refusal) {
    if (json) stdout.write(`${JSON.stringify({ supportId, refusal: null })}\n`);
    else stderr.write(`${texts.supportIdUnknown(supportId)}\n`);
    return EXIT.failed;
  }
  const nationalId = found.find((one) => one.nationalId !== undefined)?.nationalId;
  const view = nationalId === undefined ? undefined : await look(session, nationalId);
  if (json) {
    const problems = view && tellProblems(view, options);
    stdout.write(`${JSON.stringify({ supportId, refusal, ...(view ? { problems, person: view } : {}) })}\n`);
    return EXIT.done;
  }
  stdout.write(drawRefusal({ ...refusal, nationalId }, clock.now(), options));
  if (view) stdout.write(drawSupport(view, options));
  return EXIT.done;
};

const openActs = async ({ context, db, clock, options }: Session): Promise<ActDeps> => {
  const audit = createAudit({ clock });
  const { contactDelayHours } = options;
  return {
    ...{ db, clock, audit },
    registry: createRegistry({ db, clock, contactDelayHours, audit }),
    ecps: await openEcps(context, clock),
  };
};

const ACTS: Record<
  string,
  (deps: ActDeps, act: Act & { deviceId: string }, t: Session['texts']) => Promise<Outcome>
> = {
  resend: async (deps, act, { done }) => {
    const outcome = await resendMessage(deps, act);
    return { text: done[outcome], done: outcome === 'mail' || outcome === 'sms', value: outcome };
  },
  cancel: async (deps, act, { done }) => {
    const count = await cancelActivations(deps, act);
    return { text: done.cancelled(count), done: count > 0, value: count };
  },
  suspend: async (deps, act, { done }) => {
    const suspended = await suspendPerson(deps, act);
    return { text: suspended ? done.suspended : done.suspendedAlready, done: true, value: suspended };
  },
  lift: async (deps, act, { done }) => {
    const lifted = await liftSuspension(deps, act);
    return { text: lifted ? done.lifted : done.notSuspended, done: lifted, value: lifted };
  },
  revoke: async (deps, act, { done }) => {
    const outcome = await revokePhone(deps, act);
    const text = { revoked: done.revoked, already: done.revokedAlready, unknown: done.phoneUnknown }[outcome];
    return { text, done: outcome !== 'unknown', value: outcome };
  },
};

/** What each act takes of operators (docs/operators.md). */
const KINDS: Readonly<Record<string, 'stop' | 'open' | 'serve'>> = {
  ...{ revoke: 'stop', suspend: 'stop', cancel: 'stop', lift: 'open', resend: 'serve' },
};

const runAct = async (session: Session, verb: string, act: Act & { deviceId: string }): Promise<number> => {
  const { stdout, stderr } = session.context.io;
  const run = Object.hasOwn(ACTS, verb) ? ACTS[verb] : undefined;
  if (!run) throw new UsageError(HELP.trimEnd());
  try {
    const { text, done, value } = await run(await openActs(session), act, session.texts);
    const { nationalId } = act;
    if (session.json) stdout.write(`${JSON.stringify({ nationalId, act: verb, done, outcome: value })}\n`);
    else (done ? stdout : stderr).write(`${text}\n`);
    return done ? EXIT.done : EXIT.failed;
  } catch (error) {
    if (!(error instanceof PersonUnknown)) throw error;
    if (session.json) stdout.write(`${JSON.stringify({ nationalId: act.nationalId, error: 'unknown' })}\n`);
    else stderr.write(`${session.texts.done.personUnknown}\n`);
    return EXIT.failed;
  }
};

/** Makes `caducee support` with a clock. */
export const createSupportCommand =
  (clock: Clock): Command =>
  async (args, context) => {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: OPTIONS });
    if (values.help) {
      context.io.stdout.write(HELP);
      return EXIT.done;
    }
    const [input, verb, deviceId, ...more] = positionals;
    const supportId = values['support-id'];
    const open = () => openSession(context, clock, values.json ?? false);
    if (supportId !== undefined && input === undefined) return showSupportId(await open(), supportId);
    if (input === undefined || supportId !== undefined || more.length > 0)
      throw new UsageError(HELP.trimEnd());
    const read = normalize(input);
    if (!read.ok) throw new UsageError(`${input} is not a national identifier`);
    const { nationalId } = read;
    if (verb === undefined) return showPerson(await open(), nationalId);
    const session = await open();
    if (verb === 'unlock') {
      context.io.stderr.write(`${session.texts.unlock}\n`);
      return EXIT.failed;
    }
    if ((verb === 'revoke') !== (deviceId !== undefined)) throw new UsageError(HELP.trimEnd());
    const reason = values.reason?.trim() ?? '';
    if (reason === '') throw new UsageError(`caducee support ID ${verb} needs --reason "why"`);
    if (!Object.hasOwn(KINDS, verb)) throw new UsageError(HELP.trimEnd());
    const kind = KINDS[verb] ?? 'open';
    const of = { person: nationalId, ...(deviceId === undefined ? {} : { phone: deviceId }) };
    return context.act({ kind, name: `support.${verb}`, arguments: of, reason, nationalId }, (operator) =>
      runAct(session, verb, { nationalId, reason, operator, deviceId: deviceId ?? '' }),
    );
  };

/** `caducee support`: the help desk's screen, and what it may do. */
export const runSupportCommand: Command = createSupportCommand(systemClock);
