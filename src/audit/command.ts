import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../io.ts';
import { verifyAudit, type Anchor, type Finding, type Verification } from './verify.ts';

const HELP = `caducee audit verify [--anchor LENGTH:HEAD]... [--json]
  Reads the whole audit trail and says which events were changed, removed, inserted or replaced since they
  were sealed. Note the head it prints somewhere else: given back with --anchor, it also finds a trail that
  was rewritten whole. Exit code 1 when something is wrong.
`;

const parseAnchor = (text: string): Anchor => {
  const match = /^(\d+):([0-9a-f]{64})$/.exec(text);
  if (!match) throw new UsageError('--anchor takes LENGTH:HEAD, as caducee audit verify prints it');
  return { length: Number(match[1]), head: match[2] ?? '' };
};

const findingText = ({ kind, number, id, last }: Finding): string => {
  const event = id === undefined ? '' : ` (event ${id})`;
  if (kind === 'removed')
    return last === number ? `${number} was removed` : `${number} to ${last} were removed`;
  return `${number}${event} was ${kind}`;
};

const reportText = ({ ok, length, head, unsealed, findings }: Verification): string =>
  [
    ok ? 'The audit trail is whole.' : 'The audit trail is NOT whole:',
    ...findings.map((finding) => `  ${findingText(finding)}`),
    `${length} events sealed, ${unsealed} waiting for the sealer.`,
    `Head: ${length}:${head}`,
    '',
  ].join('\n');

/** `caducee audit verify`. */
export const runAuditCommand: Command = async (args, { io, database }) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      json: { type: 'boolean' },
      anchor: { type: 'string', multiple: true },
    },
  });
  if (values.help) {
    io.stdout.write(HELP);
    return EXIT.done;
  }
  if (positionals.length !== 1 || positionals[0] !== 'verify') throw new UsageError(HELP.trimEnd());
  const result = await verifyAudit(await database(), (values.anchor ?? []).map(parseAnchor));
  io.stdout.write(values.json ? `${JSON.stringify(result)}\n` : reportText(result));
  return result.ok ? EXIT.done : EXIT.failed;
};
