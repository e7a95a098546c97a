import type { Command, CommandContext, ConfirmedAct } from './command.ts';
import {
  type Config,
  ConfigurationError,
  SETTINGS,
  loadConfig,
  parseConfig,
  readVariables,
  terminalLocale,
} from './config.ts';
import { EXIT, type CommandIo, UsageError } from './io.ts';
import { type Database, openDatabase } from './platform/postgres.ts';
import { openKeyring } from './wiring/kms.ts';
import { readRuntime, sandboxFolder } from './sandbox/runtime.ts';
import type { OperatorOptions } from './wiring/operators.ts';

/**
 * The `caducee` command. Each area brings its own; they are loaded when called, so that `--help` is instant and a
 * production host never loads the sandbox.
 */

const COMMANDS: Record<string, { summary: string; load: () => Promise<Command> }> = {
  serve: {
    summary: 'start the provider',
    load: async () => (await import('./main.ts')).runServeCommand,
  },
  migrate: {
    summary: 'bring the database to the newest schema',
    load: async () => (await import('./main.ts')).runMigrateCommand,
  },
  registry: {
    summary: 'import a registry file, show or search a practitioner',
    load: async () => (await import('./registry/command.ts')).runRegistryCommand,
  },
  feeds: {
    summary: 'portals that declare contact details',
    load: async () => (await import('./contacts/command.ts')).runFeedsCommand,
  },
  clients: {
    summary: 'register, show, disable and explain relying parties',
    load: async () => (await import('./wiring/clients-command.ts')).runClientsCommand,
  },
  sessions: {
    summary: 'list and end single sign-on sessions',
    load: async () => (await import('./wiring/sessions-command.ts')).runSessionsCommand,
  },
  deliveries: {
    summary: 'what services were told over HTTP, and whether they took it',
    load: async () => (await import('./deliveries/command.ts')).runDeliveriesCommand,
  },
  messages: {
    summary: 'what became of each mail, SMS and notification',
    load: async () => (await import('./messages/command.ts')).runMessagesCommand,
  },
  devices: {
    summary: 'list and revoke the phones of a practitioner',
    load: async () => (await import('./ecps/command.ts')).runDevicesCommand,
  },
  cards: {
    summary: 'declare a card lost, list cards',
    load: async () => (await import('./card/command.ts')).runCardsCommand,
  },
  support: {
    summary: 'why a person cannot activate or sign in, and what to do',
    load: async () => (await import('./support/command.ts')).runSupportCommand,
  },
  keys: {
    summary: 'list, rotate and retire the keys that sign tokens',
    load: async () => (await import('./wiring/keys-command.ts')).runKeysCommand,
  },
  audit: {
    summary: 'verify, show and export the audit trail',
    load: async () => (await import('./audit/command.ts')).runAuditCommand,
  },
  operators: {
    summary: 'who may act on all this, and the second pair of eyes',
    load: async () => (await import('./wiring/operators.ts')).runOperatorsCommand,
  },
  phone: {
    summary: 'the virtual phone of the sandbox',
    load: async () => (await import('./sandbox/phone/command.ts')).runPhoneCommand,
  },
  card: {
    summary: 'the virtual cards of the sandbox',
    load: async () => (await import('./sandbox/card/command.ts')).runCardCommand,
  },
  sandbox: {
    summary: 'start, reset or look at the sandbox',
    load: async () => (await import('./sandbox/command.ts')).runSandboxCommand,
  },
};

const HELP = `caducee COMMAND [OPTIONS]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  .join('\n')}

caducee COMMAND --help tells more. Every command takes --json, and --port-base N to name a sandbox. What only an operator
may do takes --operator NAME and --operator-key FILE, or CADUCEE_OPERATOR and CADUCEE_OPERATOR_KEY.
`;

/** Takes an option with its value out of the arguments, wherever it stands. */
const takeOption = (args: string[], name: string): { value: string | undefined; rest: string[] } => {
  const at = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`));
  const found = args[at];
  if (found === undefined) return { value: undefined, rest: args };
  const joined = found.includes('=');
  const value = joined ? found.slice(name.length + 1) : args[at + 1];
  if (!value) throw new UsageError(`${name} takes a value`);
  return { value, rest: [...args.slice(0, at), ...args.slice(at + (joined ? 1 : 2))] };
};

/** Takes `--port-base N` out of the arguments, wherever it stands. */
const takePortBase = (args: string[], root: string): { portBase: number; rest: string[] } => {
  const { value, rest } = takeOption(args, '--port-base');
  const portBase = value ?? readVariables(root)[SETTINGS.portBase.env] ?? SETTINGS.portBase.fallback;
  if (!/^\d+$/.test(portBase)) throw new UsageError('--port-base takes a port number');
  return { portBase: Number(portBase), rest };
};

/** Takes out who the operator is, and whether the glass is broken. */
const takeOperator = (args: string[]): { options: OperatorOptions; rest: string[] } => {
  const named = takeOption(args, '--operator');
  const keyed = takeOption(named.rest, '--operator-key');
  const rest = keyed.rest.filter((arg) => arg !== '--break-glass');
  const options = {
    operator: named.value,
    keyFile: keyed.value,
    breakGlass: rest.length < keyed.rest.length,
  };
  return { options, rest };
};

/** How this command line came about: by whom, and whether a second operator has confirmed it. */
interface Origin {
  argv: readonly string[];
  options: OperatorOptions;
  confirmed: ConfirmedAct | undefined;
}

const createContext = (
  io: CommandIo,
  portBase: number,
  origin: Origin,
): { context: CommandContext; close(): Promise<void> } => {
  let config: Promise<Config> | undefined;
  let database: Promise<Database> | undefined;

  const findConfig = async (): Promise<Config> => {
    const variables = readVariables(io.root);
    if (variables['CADUCEE_DATABASE_URL']) return loadConfig(io.root);
    const folder = sandboxFolder(
      io.root,
      variables['CADUCEE_DATA_DIR'] ?? SETTINGS.dataDir.fallback,
      portBase,
    );
    const runtime = await readRuntime(folder);
    if (!runtime) {
      throw new ConfigurationError([
        `no database is configured (CADUCEE_DATABASE_URL) and no sandbox runs on port base ${portBase}; start it with: npm start`,
      ]);
    }
    return parseConfig(runtime.variables);
  };

  const context: CommandContext = {
    io,
    portBase,
    act: async (act, run, replay) =>
      (await import('./wiring/operators.ts')).actBy(context, origin, { act, run, replay }),
    again: (argv, confirmed) => run(['--port-base', String(portBase), ...argv], io, confirmed),
    identity: async () =>
      (await import('./wiring/operators.ts')).identityOf(io, origin.options, readVariables(io.root))(),
    config: () => (config ??= findConfig()),
    database: () =>
      (database ??= context.config().then(({ databaseUrl }) => openDatabase(databaseUrl, { max: 4 }))),
    keyring: async () => openKeyring(await context.config()),
  };
  return { context, close: async () => (await database)?.close() };
};

/**
 * Runs one command line; returns its exit code and never throws for an error that it can explain. `confirmed` names the
 * operator's act that it may carry out.
 */
export const run = async (argv: string[], io: CommandIo, confirmed?: ConfirmedAct): Promise<number> => {
  let close = async (): Promise<void> => undefined;
  try {
    const { portBase, rest: without } = takePortBase(argv, io.root);
    const { options, rest } = takeOperator(without);
    const [name, ...args] = rest;
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      io.stdout.write(HELP);
      return name === undefined ? EXIT.usage : EXIT.done;
    }
    const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!entry) throw new UsageError(`caducee has no command "${name}"; caducee --help lists them`);
    const created = createContext(io, portBase, { argv: rest, options, confirmed });
    close = created.close;
    return await (
      await entry.load()
    )(args, created.context);
  } catch (error) {
    if (error instanceof UsageError || isParseArgsError(error)) {
      io.stderr.write(`${error.message}\n`);
      return EXIT.usage;
    }
    if (error instanceof ConfigurationError) {
      io.stderr.write(`${error.message}\n`);
      return EXIT.failed;
    }
    io.stderr.write(`${error instanceof Error ? describe(error) : String(error)}\n`);
    return EXIT.failed;
  } finally {
    await close().catch(() => undefined);
  }
};

const isParseArgsError = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');

const describe = (error: Error): string =>
  error.cause instanceof Error ? `${error.message}: ${describe(error.cause)}` : error.message;

/** Runs this process's own command line, for the project in `root`; the exit code is the process's. */
export const runProgram = async (root: string): Promise<void> => {
  const { stdin, stdout, stderr } = process;
  const interactive = stdout.isTTY === true;
  process.exitCode = await run(process.argv.slice(2), {
    ...{ stdin, stdout, stderr, interactive, root },
    locale: terminalLocale(),
  });
};
