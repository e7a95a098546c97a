import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Command, CommandContext } from '../command.ts';
import { SETTINGS, readVariables } from '../config.ts';
import { EXIT, UsageError } from '../io.ts';
import { systemClock } from '../platform/clock.ts';
import { privateKeyPem } from './card/pem.ts';
import { pkiFiles } from './card/vault.ts';
import { sandboxPorts } from './ports.ts';
import { resetSandbox } from './reset.ts';
import { readRuntime, sandboxFolder } from './runtime.ts';
import { issueServiceCertificate, readServicesAuthority } from './services-pki.ts';

const HELP = `caducee sandbox start|reset|status|certificate [--json] [--port-base N]

  start    starts everything on this computer: database, provider, inbox, two example services; Ctrl-C stops it all
  reset    wipes the sandbox's data: the next start begins afresh; refused while it runs
  status   says whether the sandbox runs, and where
  certificate NAME [--out DIRECTORY]
           a certificate by which a service proves who it is on the mTLS host: NAME.pem and NAME-key.pem;
           its subject is CN=NAME,O=CADUCEE-TEST,C=FR; with sandbox-mtls the client of that name

--json     start: one line on standard output once all is ready; status and reset: one line

Ports: CADUCEE_PORT_BASE (or --port-base) and the ten after it; each port base is a sandbox of its own.
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

/** Issues a service's certificate into two files. */
const certificate = async (
  context: CommandContext,
  name: string | undefined,
  { out, json }: { out: string; json: boolean },
): Promise<number> => {
  const { io, portBase } = context;
  if (name === undefined || !/^[a-z0-9-]{1,60}$/i.test(name)) {
    throw new UsageError('caducee sandbox certificate takes a name of letters, digits and hyphens');
  }
  const authority = await readServicesAuthority(folderOf(context));
  if (!authority) throw new UsageError(`No sandbox was started on port base ${portBase} yet: npm start`);
  const issued = await issueServiceCertificate(authority, { name, now: systemClock.now() });
  const files = { certificate: resolve(out, `${name}.pem`), key: resolve(out, `${name}-key.pem`) };
  await mkdir(resolve(out), { recursive: true });
  await writeFile(files.certificate, issued.pem);
  await writeFile(files.key, await privateKeyPem(issued.keys), { mode: 0o600 });
  const subject = `CN=${name},O=CADUCEE-TEST,C=FR`;
  const authorityFile = pkiFiles(folderOf(context)).authority;
  if (json) io.stdout.write(`${JSON.stringify({ subject, ...files, serverAuthority: authorityFile })}\n`);
  else {
    io.stdout.write(
      `${files.certificate}\n${files.key}\nSubject: ${subject}\ncurl --cacert ${authorityFile} --cert ${files.certificate} --key ${files.key} https://localhost:${sandboxPorts(portBase).mtls}/…\n`,
    );
  }
  return EXIT.done;
};

/** `caducee sandbox …`. */
export const runSandboxCommand: Command = async (args, context) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      json: { type: 'boolean' },
      out: { type: 'string' },
    },
  });
  const [action, ...rest] = positionals;
  if (values.help) {
    context.io.stdout.write(HELP);
    return EXIT.done;
  }
  const json = values.json === true;
  if (action === 'certificate' && rest.length < 2) {
    return certificate(context, rest[0], { out: values.out ?? '.', json });
  }
  if (rest.length > 0) throw new UsageError(HELP);
  if (action === 'reset') return reset(context, json);
  if (action === 'status') return status(context, json);
  if (action === 'start') {
    const { runSandbox } = await import('./run.ts');
    return runSandbox({ context, folder: folderOf(context), json });
  }
  throw new UsageError(HELP);
};
