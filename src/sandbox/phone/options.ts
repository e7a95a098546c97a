import { parseArgs } from 'node:util';
import { UsageError } from '../../io.ts';

/** What a command line of the virtual phone may say. */
const OPTIONS = {
  state: { type: 'string' },
  pin: { type: 'string' },
  'new-pin': { type: 'string' },
  name: { type: 'string' },
  'new-keys': { type: 'boolean' },
  number: { type: 'string' },
  qr: { type: 'string' },
  link: { type: 'string' },
  message: { type: 'string' },
  txn: { type: 'string' },
  wait: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export interface PhoneCommandOptions {
  readonly verb: string | undefined;
  /** The argument after the verb. */
  readonly target: string | undefined;
  readonly state: string | undefined;
  readonly pin: string | undefined;
  readonly newPin: string | undefined;
  readonly name: string | undefined;
  readonly newKeys: boolean;
  readonly number: string | undefined;
  readonly qr: string | undefined;
  readonly link: string | undefined;
  readonly message: string | undefined;
  readonly txn: string | undefined;
  /** Seconds. */
  readonly wait: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads the arguments; throws for what is not among the options. */
export const parsePhoneArgs = (args: string[]): PhoneCommandOptions => {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [verb, target, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`unexpected argument: ${more.join(' ')}`);
  const wait = values.wait ?? (verb === 'activate-card' ? '180' : '20');
  if (!/^\d{1,3}$/.test(wait)) throw new UsageError('--wait takes a number of seconds');
  const binds = [values.number, values.qr, values.link].filter((value) => value !== undefined);
  if (binds.length > 1) throw new UsageError('--number, --qr and --link exclude one another');
  return {
    verb,
    target,
    state: values.state,
    pin: values.pin,
    newPin: values['new-pin'],
    name: values.name,
    newKeys: values['new-keys'] ?? false,
    number: values.number,
    qr: values.qr,
    link: values.link,
    message: values.message,
    txn: values.txn,
    wait: Number(wait),
    json: values.json ?? false,
    help: values.help ?? false,
  };
};
