import { parseArgs } from 'node:util';
import type { Command, CommandContext } from '../command.ts';
import { SETTINGS, readVariables } from '../config.ts';
import { EXIT, UsageError } from '../io.ts';
import { resetSandbox } from './reset.ts';
import { readRuntime, sandboxFolder } from './runtime.ts';

const HELP = `caducee sandbox start|reset|status [--json] [--port-base N]

  start    starts everything on this computer: database, provider, inbox, two example services; Ctrl-C stops it all
  reset    wipes the sandbox's data: the next start begins afresh; refused while it runs
  status   says whether the sandbox runs, and where

--json     start: one line on standard output once all is ready; status and reset: one line

Ports: CADUCEE_PORT_BASE (or --port-base) and the eight after it; each port base is a sandbox of its own.
npm start is \`caducee sandbox start\`, npm run reset is \`caducee sandbox reset\`.
`;

const folderOf = ({ io, portBase }: CommandContext): string => {
  const variables = readVariables(io.root, undefined, { CADUCEE_MODE: 'sandbox' });
  return sandboxFolder(io.root, variables['CADUCEE_DATA_DIR'] ?? SETTINGS.dataDir.fallback, portBase);
};

const reset = async (context: CommandContext, json: boolean): Promise<number> => {
  const { io, portBase } = context;
  const wiped = await resetSandbox(folderOf(context), portBase);
  if (json) io.stdout.write(`${JSON.stringify({ wiped })}\n`);
  else io.stdout.write(wiped ? 'The sandbox is as new.\n' : 'There was nothing to wipe.\n');
  return EXIT.done;
};

const status = async (context: CommandContext, json: boolean): Promise<number> => {
  const { io, portBase } = context;
  const runtime = await readRuntime(folderOf(context));
  const home = runtime ? `http://localhost:${portBase}/` : undefined;
  if (json)
    io.stdout.write(`${JSON.stringify({ running: runtime !== undefined, pid: runtime?.pid, home })}\n`);
  else if (runtime) io.stdout.write(`The sandbox runs: ${home} (process ${runtime.pid}).\n`);
  else io.stdout.write(`No sandbox runs on port base ${portBase}. Start it with: npm start\n`);
  return runtime ? EXIT.done : EXIT.failed;
};

/** `caducee sandbox …`. */
export const runSandboxCommand: Command = async (args, context) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } },
  });
  const [action, ...rest] = positionals;
  if (values.help) {
    context.io.stdout.write(HELP);
    return EXIT.done;
  }
  if (rest.length > 0) throw new UsageError(HELP);
  const json = values.json === true;
  if (action === 'reset') return reset(context, json);
  if (action === 'status') return status(context, json);
  if (action === 'start') {
    const { runSandbox } = await import('./run.ts');
    return runSandbox({ context, folder: folderOf(context), json });
  }
  throw new UsageError(HELP);
};
