import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../io.ts';
import { MOST_PERSONS, generate } from './generate.ts';

/** `caducee registry generate`. */

export const GENERATE_HELP = `caducee registry generate --persons N --seed S [--layout public|restricted] [--day D] [--json]
  Writes a synthetic extract to standard output: invented people with numbers of the test range, in realistic
  proportions, 1.6 lines a person. The same seed gives the same bytes. --day D: the file of D days later, in which a
  few have changed and fewer have left. --json writes nothing but what the file would be: layout, lines, bytes.
`;

const OPTIONS = {
  json: { type: 'boolean' },
  persons: { type: 'string' },
  seed: { type: 'string' },
  layout: { type: 'string' },
  day: { type: 'string' },
} as const;

const integer = (name: string, text: string | undefined, most: number): number => {
  const value = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(value <= most)) throw new UsageError(`--${name} takes a number up to ${most}`);
  return value;
};

export const runGenerateCommand: Command = async (args, { io }) => {
  const { values } = parseArgs({ args, options: OPTIONS });
  const { layout = 'public' } = values;
  if (layout !== 'public' && layout !== 'restricted')
    throw new UsageError('--layout takes public or restricted');
  const options = {
    persons: integer('persons', values.persons, MOST_PERSONS),
    seed: integer('seed', values.seed, 0xffff_ffff),
    day: integer('day', values.day ?? '0', 3650),
    layout,
  } as const;
  let lines = -1;
  let bytes = 0;
  for (const block of generate(options)) {
    if (!values.json) {
      if (!io.stdout.write(block)) await once(io.stdout, 'drain');
      continue;
    }
    bytes += Buffer.byteLength(block);
    for (let at = block.indexOf('\n'); at >= 0; at = block.indexOf('\n', at + 1)) lines++;
  }
  if (values.json) io.stdout.write(`${JSON.stringify({ ...options, lines, bytes })}\n`);
  return EXIT.done;
};
