import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createAudit, type Audit } from '../audit/record.ts';
import type { Act, Command, CommandContext } from '../command.ts';
import type { Config } from '../config.ts';
import { EXIT, UsageError } from '../io.ts';
import { systemClock } from '../platform/clock.ts';
import { applyClients, readDeclarations, type Applied, type Source } from './apply.ts';
import { COMPATIBILITY } from './compatibility.ts';
import { describeDifference } from './diff.ts';
import { diagnose, type Finding } from './doctor.ts';
import { KEPT, listFailures } from './failures.ts';
import { jwkFromPem } from './jwk.ts';
import { disableClient, enableClient } from './lifecycle.ts';
import { rotateSecret } from './secrets.ts';
import { createClients, type Client } from './service.ts';

const HELP = `caducee clients list [--json]
  Every relying party.

caducee clients show ID [--json]
  One relying party: its metadata, what it may do unlike others (compatibility) and until when its secrets serve.

caducee clients apply FILE|DIRECTORY [--dry-run] [--json]
  Registers or changes relying parties from JSON files (one declaration or a list in each; config/clients has
  examples): all of them or, with every error told at once, none. Tells name by name what changes; with --dry-run
  nothing does. The secret of a new confidential client is shown once, here.

caducee clients disable ID [--reason TEXT] [--json]
  From now on the service is unknown; its tokens, and what sessions gave to it, end on every node.

caducee clients enable ID [--reason TEXT] [--json]
  Takes that back. Its people sign in again.

caducee clients rotate-secret ID [--overlap 24h] [--reason TEXT] [--json]
  Gives a new secret, shown once. Those before it are accepted until the overlap is over (0, 30m, 24h, 7d).

caducee clients jwk FILE
  The key of a PEM file (public key, private key or certificate) as jwks takes it; only the public half is told.

caducee clients doctor ID [--since 24h] [--json]
  Explains the service's failed requests of late, and what to do about each.
`;

/** What the command needs of the rest of the provider. */
export interface ClientsCommandPorts {
  /** Ends all that a service was given; says how many sessions it concerned. */
  endSessionsOf(context: CommandContext, clientId: string): Promise<number>;
}

interface Arguments {
  context: CommandContext;
  ports: ClientsCommandPorts;
  json: boolean;
  dryRun: boolean;
  operand: string | undefined;
  overlap: string | undefined;
  since: string | undefined;
  reason: string;
}

/** What of these an operator signs (docs/operators.md). */
const actOf = (
  { operand: client = '', reason }: Arguments,
  kind: Act['kind'],
  name: string,
  more: Record<string, string> = {},
): Act => ({ kind, name: `client.${name}`, arguments: { client, ...more }, reason });

const audit = (): Audit => createAudit({ clock: systemClock });

const answer = ({ context, json }: Arguments, value: object, text: string): void => {
  context.io.stdout.write(json ? `${JSON.stringify(value)}\n` : text);
};

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `30m`, `24h`, `7d`, or 0. */
export const readSeconds = (option: string, text: string, most: number): number => {
  const [, count = '', unit = 's'] = /^(\d{1,6})([smhd])?$/.exec(text) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? 1);
  if (count === '' || (unit === 's' && count !== '0' && !text.endsWith('s')) || seconds > most) {
    throw new UsageError(`${option} takes a time such as 30m, 24h or 7d, at most ${most / 86_400}d`);
  }
  return seconds;
};

/** What is told of a client; never a secret, which is known by its hash only. */
const describe = (client: Client) => ({
  client_id: client.clientId,
  disabled: client.disabled,
  secrets: client.secretHashes.length,
  secrets_end: client.secrets
    .flatMap(({ endsAt }) => (endsAt === undefined ? [] : [endsAt.toISOString()]))
    .sort(),
  compatibility: Object.fromEntries(
    client.metadata.compatibility.map((name) => [name, COMPATIBILITY[name].doc]),
  ),
  created_at: client.createdAt.toISOString(),
  updated_at: client.updatedAt.toISOString(),
  metadata: client.metadata,
});

const list = async (args: Arguments): Promise<number> => {
  const clients = await createClients({ db: await args.context.database() }).list();
  const line = ({ clientId, metadata, disabled }: Client): string =>
    `${clientId.padEnd(24)} ${metadata.client_name}${disabled ? '  (disabled)' : ''}\n`;
  answer(args, { clients: clients.map(describe) }, clients.map(line).join(''));
  return EXIT.done;
};

/** The client that the command is about, or the end of the command. */
const find = async ({ context, operand }: Arguments, verb: string): Promise<Client | undefined> => {
  if (operand === undefined) throw new UsageError(`caducee clients ${verb} takes the id of a client`);
  const client = await createClients({ db: await context.database() }).find(operand);
  if (!client) {
    context.io.stderr.write(`no client has the id ${operand}; caducee clients list tells those there are\n`);
  }
  return client;
};

const showText = (client: Client): string => {
  const { metadata, compatibility, secrets_end: ends, ...facts } = describe(client);
  const line = (name: string, value: unknown): string =>
    `${name.padEnd(44)} ${typeof value === 'string' ? value : JSON.stringify(value)}\n`;
  const { compatibility: _told, ...rest } = metadata;
  const switches = Object.entries(compatibility);
  return [
    ...Object.entries(facts).map(([name, value]) => line(name, value)),
    ...ends.map((end) => line('secret accepted until', end)),
    ...Object.entries(rest).map(([name, value]) => line(name, value)),
    switches.length === 0 ? line('compatibility', 'none: held to today’s practice') : 'compatibility\n',
    ...switches.map(([name, doc]) => `  ${name.padEnd(42)} ${doc}\n`),
  ].join('');
};

const show = async (args: Arguments): Promise<number> => {
  const client = await find(args, 'show');
  if (!client) return EXIT.failed;
  answer(args, describe(client), showText(client));
  return EXIT.done;
};

const readSources = async (path: string): Promise<Source[]> => {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new UsageError(`there is no ${path}`);
  if (!found.isDirectory()) return [{ name: path, text: await readFile(path, 'utf8') }];
  const files = (await readdir(path)).filter((name) => name.endsWith('.json')).sort();
  return Promise.all(files.map(async (name) => ({ name, text: await readFile(join(path, name), 'utf8') })));
};

/** What one declaration changes, in lines; `would` for a dry run. */
const appliedText = ({ clientId, change, differences, secrets, secret }: Applied, would: boolean): string => {
  const told =
    change === 'unchanged'
      ? []
      : change === 'added'
        ? differences.map(({ name, to }) => `${name}: ${JSON.stringify(to)}`)
        : differences.flatMap(describeDifference);
  const about: Partial<Record<Applied['secrets'], string>> = {
    generated: would ? 'a secret would be generated' : '',
    removed: would ? 'its secrets would be removed' : 'its secrets are removed',
  };
  return [
    `${clientId.padEnd(24)} ${change}${secret === undefined ? '' : `  secret: ${secret}`}`,
    ...told.map((line) => `  ${line}`),
    ...(about[secrets] ? [`  ${about[secrets]}`] : []),
    '',
  ].join('\n');
};

/** The provider's configuration, for what only some of them can do; a command may be without. */
const siteOf = async (context: CommandContext): Promise<Config | undefined> =>
  context.config().catch(() => undefined);

const apply = async (args: Arguments): Promise<number> => {
  const { context, json, operand, dryRun } = args;
  if (operand === undefined) throw new UsageError('caducee clients apply takes a file or a directory');
  const { io } = context;
  const { declarations, problems } = readDeclarations(
    await readSources(resolve(operand)),
    await siteOf(context),
  );
  if (problems.length > 0) {
    if (json) io.stdout.write(`${JSON.stringify({ problems })}\n`);
    else io.stderr.write(`Nothing was changed:\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
    return EXIT.failed;
  }
  const applied = await applyClients(declarations, { ...(await depsOf(args)), dryRun });
  const note = dryRun ? 'Nothing was changed: this is what would be.\n' : '';
  answer(args, { dryRun, clients: applied }, note + applied.map((one) => appliedText(one, dryRun)).join(''));
  return EXIT.done;
};

const depsOf = async ({ context }: Arguments) => ({
  db: await context.database(),
  clock: systemClock,
  audit: audit(),
});

const disable = async (args: Arguments): Promise<number> => {
  const client = await find(args, 'disable');
  if (!client) return EXIT.failed;
  const { clientId } = client;
  return args.context.act(actOf(args, 'stop', 'disable'), async () => {
    const done = await disableClient(clientId, {
      ...(await depsOf(args)),
      endSessionsOf: (id) => args.ports.endSessionsOf(args.context, id),
    });
    const sessions = done?.sessions ?? 0;
    const text = `${clientId} is disabled; what ${sessions} open session${sessions === 1 ? '' : 's'} gave to it has ended.\n`;
    answer(args, { client_id: clientId, disabled: true, sessions }, text);
    return EXIT.done;
  });
};

const enable = async (args: Arguments): Promise<number> => {
  const client = await find(args, 'enable');
  if (!client) return EXIT.failed;
  return args.context.act(actOf(args, 'open', 'enable'), async () => {
    await enableClient(client.clientId, await depsOf(args));
    answer(args, { client_id: client.clientId, disabled: false }, `${client.clientId} is enabled.\n`);
    return EXIT.done;
  });
};

const MOST_OVERLAP = 90 * 86_400;

const rotate = async (args: Arguments): Promise<number> => {
  const overlap = readSeconds('--overlap', args.overlap ?? '24h', MOST_OVERLAP);
  const client = await find(args, 'rotate-secret');
  if (!client) return EXIT.failed;
  return args.context.act(actOf(args, 'serve', 'rotate-secret', { overlap: String(overlap) }), () =>
    rotateOf(args, client, overlap),
  );
};

const rotateOf = async (args: Arguments, client: Client, overlap: number): Promise<number> => {
  const { clientId } = client;
  const rotated = await rotateSecret(clientId, overlap, await depsOf(args));
  if (typeof rotated === 'string') {
    args.context.io.stderr.write(
      `${clientId} has no secret: it is registered with ${client.metadata.token_endpoint_auth_method}\n`,
    );
    return EXIT.failed;
  }
  const until = rotated.previousUntil.toISOString();
  answer(
    args,
    { client_id: clientId, secret: rotated.secret, previous_until: until },
    `${clientId.padEnd(24)} secret: ${rotated.secret}\nThe secrets before it are accepted until ${until}.\n`,
  );
  return EXIT.done;
};

const findingText = (finding: Finding): string => {
  const { count, last, endpoint, error, supportId, what, facts, fix } = finding;
  return [
    `${count}× ${endpoint}: ${error}, last at ${last.toISOString()}${supportId === undefined ? '' : ` (${supportId})`}`,
    `   ${what}`,
    ...facts.map((fact) => `     ${fact}`),
    `   → ${fix}`,
    '',
  ].join('\n');
};

const doctor = async (args: Arguments): Promise<number> => {
  const client = await find(args, 'doctor');
  if (!client) return EXIT.failed;
  const most = KEPT.days * 86_400;
  const seconds = readSeconds('--since', args.since ?? `${KEPT.days}d`, most);
  const since = new Date(systemClock.now().getTime() - seconds * 1000);
  const failures = await listFailures(await args.context.database(), client.clientId, since);
  const site = await siteOf(args.context);
  const acrs = site
    ? [...new Set([site.acrEcps, ...(site.cardOrigin === undefined ? [] : [site.acrCard])])]
    : [];
  const findings = diagnose(failures, client, acrs);
  const disabled = client.disabled ? 'The service is disabled: whatever it asks is refused.\n' : '';
  const text = findings.length === 0 ? 'No request of this service failed of late.\n' : '';
  answer(
    args,
    { client_id: client.clientId, disabled: client.disabled, findings },
    disabled + text + findings.map(findingText).join('\n'),
  );
  return EXIT.done;
};

const jwk = async ({ context, operand }: Arguments): Promise<number> => {
  if (operand === undefined) throw new UsageError('caducee clients jwk takes a PEM file');
  try {
    const key = await jwkFromPem(await readFile(operand, 'utf8'));
    context.io.stdout.write(`${JSON.stringify({ keys: [key] })}\n`);
    return EXIT.done;
  } catch {
    context.io.stderr.write(`${operand} holds no public key, private key or certificate in PEM\n`);
    return EXIT.failed;
  }
};

const ACTIONS: Readonly<Record<string, (args: Arguments) => Promise<number>>> = {
  list,
  show,
  apply,
  disable,
  enable,
  'rotate-secret': rotate,
  jwk,
  doctor,
};

/** Makes `caducee clients`. */
export const createClientsCommand =
  (ports: ClientsCommandPorts): Command =>
  async (args, context) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean' },
        'dry-run': { type: 'boolean' },
        overlap: { type: 'string' },
        since: { type: 'string' },
        reason: { type: 'string' },
      },
    });
    const [action, operand, ...rest] = positionals;
    if (values.help || action === undefined) {
      context.io.stdout.write(HELP);
      return values.help ? EXIT.done : EXIT.usage;
    }
    const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (!run) throw new UsageError(`caducee clients has no "${action}"; caducee clients --help`);
    if (rest.length > 0) throw new UsageError(`too many arguments: ${rest.join(' ')}`);
    return run({
      ...{ context, ports, operand },
      json: values.json === true,
      dryRun: values['dry-run'] === true,
      overlap: values.overlap,
      since: values.since,
      reason: values.reason?.trim() ?? '',
    });
  };
