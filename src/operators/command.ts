import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Command, CommandContext } from '../command.ts';
import { EXIT, UsageError } from '../io.ts';
import { type Clock, epochSeconds } from '../platform/clock.ts';
import type { Desk } from './desk.ts';
import type { ActView } from './drawer.ts';
import { KeyError, fingerprint, publicKeyDer, readPublicKey } from './keys.ts';
import { DeskError } from './problem.ts';
import { type AnswerStatement, signAnswer } from './statement.ts';

const HELP = `caducee operators list [--json]
  Who may act, with the fingerprint of each key.

caducee operators add NAME KEY [--email ADDRESS] [--reason TEXT] [--json]
  Registers an operator: KEY is a public key, a PEM file or its base64 on one line. The first is registered by whoever
  holds the configuration, the second by the first; from then on a second operator confirms each.

caducee operators remove NAME --reason TEXT [--json]
  NAME may act no more, at once. Two operators stay.

caducee operators acts [--open] [--limit N] [--json]
  What operators did and asked; --open: what waits for a second operator, and what none has seen yet.

caducee operators show ACT [--json]
  One act, with the command that it runs.

caducee operators confirm ACT [--json]
  Confirms what another operator asked, and does it.
caducee operators refuse ACT [--json]
caducee operators seen ACT [--json]
  Says that you have looked at what another operator did at once.

Who you are: --operator NAME --operator-key FILE with any command, or CADUCEE_OPERATOR and CADUCEE_OPERATOR_KEY. A command that
opens or rewrites something then waits for a second operator; --break-glass does it alone, and tells everybody.
`;

/** What the command stands on; opened when a verb needs it. */
export interface OperatorsPorts {
  desk(context: CommandContext): Promise<Desk>;
  clock: Clock;
}

interface Asked {
  context: CommandContext;
  ports: OperatorsPorts;
  desk: Desk;
  operand: string;
  key: string | undefined;
  options: { json: boolean; open: boolean; limit: number; email: string | undefined; reason: string };
}

const tell = ({ context, options }: Asked, value: object, text: string): void => {
  context.io.stdout.write(options.json ? `${JSON.stringify(value)}\n` : text);
};

const list = async (asked: Asked): Promise<number> => {
  const operators = (await asked.desk.operators()).map((row) => ({
    ...{ name: row.name, fingerprint: fingerprint(row.public_key), addedAt: row.added_at },
    ...(row.email === null ? {} : { email: row.email }),
    ...(row.added_by === null ? {} : { addedBy: row.added_by }),
    ...(row.removed_at === null ? {} : { removedAt: row.removed_at }),
  }));
  const line = (operator: (typeof operators)[number]): string =>
    `${operator.name.padEnd(24)} ${operator.fingerprint}${operator.removedAt ? `  removed ${operator.removedAt.toISOString()}` : ''}\n`;
  tell(asked, { operators }, operators.length === 0 ? 'No operator.\n' : operators.map(line).join(''));
  return EXIT.done;
};

const readKey = async (given: string): Promise<Buffer> => {
  const text = await readFile(given, 'utf8').catch(() => given);
  return publicKeyDer(readPublicKey(text));
};

const add = async (asked: Asked): Promise<number> => {
  const { context, desk, operand: name, options } = asked;
  const { email, reason } = options;
  if (asked.key === undefined) throw new UsageError(HELP.trimEnd());
  if (!/^[a-z][a-z0-9._-]{1,39}$/.test(name)) {
    throw new UsageError('A name has 2 to 40 small letters, digits, dots, hyphens or underscores.');
  }
  if (email !== undefined && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) {
    throw new UsageError(`${email} is not an e-mail address`);
  }
  const publicKey = await readKey(asked.key);
  const register = async (by?: string): Promise<number> => {
    await desk.add({ name, publicKey, email, by });
    const mark = fingerprint(publicKey);
    tell(asked, { added: name, fingerprint: mark }, `${name} is an operator; key ${mark}.\n`);
    return EXIT.done;
  };
  const others = (await desk.operators()).filter(({ removed_at: removed }) => removed === null).length;
  if (others === 0) return register();
  const key = publicKey.toString('base64');
  const replay = ['operators', 'add', name, key, ...(email ? ['--email', email] : []), '--reason', reason];
  return context.act(
    {
      kind: others === 1 ? 'serve' : 'open',
      name: 'operator.add',
      arguments: { name, key, email: email ?? '' },
      reason,
    },
    register,
    replay,
  );
};

const remove = async (asked: Asked): Promise<number> => {
  const { operand: name, options } = asked;
  return asked.context.act(
    { kind: 'stop', name: 'operator.remove', arguments: { name }, reason: options.reason },
    async (by) => {
      await asked.desk.remove(name, by);
      tell(asked, { removed: name }, `${name} may act no more.\n`);
      return EXIT.done;
    },
  );
};

const actLine = (act: ActView): string =>
  `${act.askedAt.toISOString()}  ${act.id}  ${act.state.padEnd(7)} ${act.name}${act.nationalId ? ` ${act.nationalId}` : ''}\n    ${act.operator}: ${act.reason}${act.breakGlass ? '  BREAK-GLASS' : ''}${act.second ? `  (${act.second} ${act.secondAt?.toISOString() ?? ''})` : ''}\n`;

const acts = async (asked: Asked): Promise<number> => {
  const { open, limit } = asked.options;
  const found = await asked.desk.acts({ open, limit });
  tell(asked, { acts: found }, found.length === 0 ? 'Nothing.\n' : found.map(actLine).join(''));
  return EXIT.done;
};

const show = async (asked: Asked): Promise<number> => {
  const { view, command } = await asked.desk.show(asked.operand);
  const quoted = command.map((part) =>
    /^[\w@.:/=-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`,
  );
  tell(asked, { ...view, command }, `${actLine(view)}    caducee ${quoted.join(' ')}\n`);
  return EXIT.done;
};

/** Signs an answer to an act: what is signed names the act's digest, so that it confirms this and nothing else. */
const answer = async (
  { context, ports, desk, operand: id }: Asked,
  decision: AnswerStatement['decision'],
): Promise<{ id: string; operator: string; signature: string; digest: string }> => {
  const { digest } = await desk.show(id);
  const { name: operator, key } = await context.identity();
  const { issuer } = await context.config();
  const iat = epochSeconds(ports.clock.now());
  const signature = await signAnswer({ iss: issuer, iat, id, operator, digest, decision }, key);
  return { id, operator, signature, digest };
};

const confirm = async (asked: Asked): Promise<number> => {
  const { view } = await asked.desk.show(asked.operand);
  const given = await answer(asked, 'confirm');
  const command = await asked.desk.confirm(given);
  const rerun = asked.options.json && !command.includes('--json') ? [...command, '--json'] : command;
  return asked.context.again(rerun, { id: given.id, digest: given.digest, operator: view.operator });
};

const refuse = async (asked: Asked): Promise<number> => {
  await asked.desk.refuse(await answer(asked, 'refuse'));
  tell(asked, { refused: asked.operand }, `${asked.operand} is refused; nothing was done.\n`);
  return EXIT.done;
};

const see = async (asked: Asked): Promise<number> => {
  await asked.desk.see(await answer(asked, 'seen'));
  tell(asked, { seen: asked.operand }, `${asked.operand} is seen.\n`);
  return EXIT.done;
};

const VERBS: Record<string, { operands: number; run: (asked: Asked) => Promise<number> }> = {
  list: { operands: 0, run: list },
  acts: { operands: 0, run: acts },
  add: { operands: 2, run: add },
  remove: { operands: 1, run: remove },
  show: { operands: 1, run: show },
  confirm: { operands: 1, run: confirm },
  refuse: { operands: 1, run: refuse },
  seen: { operands: 1, run: see },
};

const limitOf = (text: string | undefined): number => {
  if (text === undefined) return 50;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new UsageError('--limit takes a number from 1 to 9999');
  return Number(text);
};

/** `caducee operators`: who may act, and the second pair of eyes. */
export const createOperatorsCommand =
  (ports: OperatorsPorts): Command =>
  async (args, context) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean' },
        open: { type: 'boolean' },
        limit: { type: 'string' },
        email: { type: 'string' },
        reason: { type: 'string' },
      },
    });
    if (values.help) {
      context.io.stdout.write(HELP);
      return EXIT.done;
    }
    const [verb = '', operand = '', key, ...more] = positionals;
    const found = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
    if (!found || positionals.length - 1 !== found.operands || more.length > 0)
      throw new UsageError(HELP.trimEnd());
    const options = {
      ...{ json: values.json ?? false, open: values.open ?? false, limit: limitOf(values.limit) },
      ...{ email: values.email, reason: values.reason?.trim() ?? '' },
    };
    try {
      return await found.run({ context, ports, desk: await ports.desk(context), operand, key, options });
    } catch (error) {
      if (!(error instanceof DeskError || error instanceof KeyError)) throw error;
      const code = error instanceof DeskError ? error.problem : 'key_wrong';
      if (options.json)
        context.io.stdout.write(`${JSON.stringify({ error: code, message: error.message })}\n`);
      else context.io.stderr.write(`${error.message}\n`);
      return EXIT.failed;
    }
  };
