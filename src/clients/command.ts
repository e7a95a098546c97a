import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createAudit } from '../audit/record.ts';
import type { Command, CommandContext } from '../command.ts';
import { EXIT, UsageError } from '../io.ts';
import { systemClock } from '../platform/clock.ts';
import { applyClients, readDeclarations, type Applied, type Source } from './apply.ts';
import { createClients, type Client } from './service.ts';

const HELP = `caducee clients list [--json]
  Every relying party.

caducee clients show ID [--json]
  One relying party: its metadata, and how many secrets are in force.

caducee clients apply FILE|DIRECTORY [--json]
  Registers or changes relying parties from JSON files (one declaration or a list in each; config/clients has
  examples): all of them or, with every error told at once, none. The secret of a new confidential client is
  shown once, here.
`;

interface Arguments {
  context: CommandContext;
  json: boolean;
  operand: string | undefined;
}

/** What is told of a client; never a secret, which is known by its hash only. */
const describe = (client: Client) => ({
  client_id: client.clientId,
  disabled: client.disabled,
  secrets: client.secretHashes.length,
  created_at: client.createdAt.toISOString(),
  updated_at: client.updatedAt.toISOString(),
  metadata: client.metadata,
});

const list = async ({ context, json }: Arguments): Promise<number> => {
  const clients = await createClients({ db: await context.database() }).list();
  if (json) context.io.stdout.write(`${JSON.stringify({ clients: clients.map(describe) })}\n`);
  else {
    for (const { clientId, metadata, disabled } of clients) {
      const note = disabled ? '  (disabled)' : '';
      context.io.stdout.write(`${clientId.padEnd(24)} ${metadata.client_name}${note}\n`);
    }
  }
  return EXIT.done;
};

const show = async ({ context, json, operand }: Arguments): Promise<number> => {
  if (operand === undefined) throw new UsageError('caducee clients show takes the id of a client');
  const client = await createClients({ db: await context.database() }).find(operand);
  if (!client) {
    context.io.stderr.write(`no client has the id ${operand}; caducee clients list tells those there are\n`);
    return EXIT.failed;
  }
  const described = describe(client);
  if (json) context.io.stdout.write(`${JSON.stringify(described)}\n`);
  else {
    const { metadata, ...facts } = described;
    for (const [name, value] of Object.entries({ ...facts, ...metadata })) {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      context.io.stdout.write(`${name.padEnd(38)} ${text}\n`);
    }
  }
  return EXIT.done;
};

const readSources = async (path: string): Promise<Source[]> => {
  if (!(await stat(path)).isDirectory()) return [{ name: path, text: await readFile(path, 'utf8') }];
  const files = (await readdir(path)).filter((name) => name.endsWith('.json')).sort();
  return Promise.all(files.map(async (name) => ({ name, text: await readFile(join(path, name), 'utf8') })));
};

const appliedLine = ({ clientId, change, secret }: Applied): string =>
  `${clientId.padEnd(24)} ${change}${secret === undefined ? '' : `  secret: ${secret}`}\n`;

const apply = async ({ context, json, operand }: Arguments): Promise<number> => {
  if (operand === undefined) throw new UsageError('caducee clients apply takes a file or a directory');
  const { io } = context;
  const { declarations, problems } = readDeclarations(await readSources(resolve(operand)));
  if (problems.length > 0) {
    if (json) io.stdout.write(`${JSON.stringify({ problems })}\n`);
    else io.stderr.write(`Nothing was changed:\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
    return EXIT.failed;
  }
  const applied = await applyClients(declarations, {
    db: await context.database(),
    clock: systemClock,
    audit: createAudit({ clock: systemClock }),
  });
  io.stdout.write(json ? `${JSON.stringify({ clients: applied })}\n` : applied.map(appliedLine).join(''));
  return EXIT.done;
};

const ACTIONS: Readonly<Record<string, (args: Arguments) => Promise<number>>> = { list, show, apply };

/** `caducee clients list | show ID | apply FILE`. */
export const runClientsCommand: Command = async (args, context) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } },
  });
  const [action, operand, ...rest] = positionals;
  if (values.help || action === undefined) {
    context.io.stdout.write(HELP);
    return values.help ? EXIT.done : EXIT.usage;
  }
  const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (!run) throw new UsageError(`caducee clients has no "${action}"; caducee clients --help`);
  if (rest.length > 0) throw new UsageError(`too many arguments: ${rest.join(' ')}`);
  return run({ context, json: values.json === true, operand });
};
