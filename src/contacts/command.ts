import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createAudit } from '../audit/record.ts';
import type { Command, CommandContext } from '../command.ts';
import { Refusal } from '../http/errors.ts';
import { EXIT, UsageError } from '../io.ts';
import { systemClock } from '../platform/clock.ts';
import { declareFeed, signBatch, switchFeed, type FeedAdminDeps } from './feed/admin.ts';
import { listFeeds, type FeedRow } from './feed/repository.ts';
import { FEED_PATH } from './feed/routes.ts';

const HELP = `caducee feeds add ID KEYFILE [--profession CODE]... [--reason TEXT] [--json]
  Declares a portal that may send contact details (POST /registry/contacts), or replaces its keys: public keys
  as PEM, JWK or JWKS. With --profession it may declare those of these professions only.

caducee feeds list [--json]

caducee feeds disable ID [--reason TEXT] [--json]
caducee feeds enable ID [--reason TEXT] [--json]
  A disabled portal is refused at once; its keys are kept.

caducee feeds sign ID PRIVATEKEY BATCHFILE [--audience URL]
  Prints the signed token to send with this batch, for a try: Authorization: Bearer TOKEN.
`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  profession: { type: 'string', multiple: true },
  audience: { type: 'string' },
  reason: { type: 'string' },
} as const;

interface Arguments {
  positionals: string[];
  json: boolean;
  professions: string[];
  audience: string | undefined;
  reason: string;
}

type Run = (given: Arguments, context: CommandContext) => Promise<number>;

const deps = async (context: CommandContext): Promise<FeedAdminDeps> => ({
  db: await context.database(),
  clock: systemClock,
  audit: createAudit({ clock: systemClock }),
});

const say = ({ io }: CommandContext, json: boolean, value: unknown, text: string): void => {
  io.stdout.write(json ? `${JSON.stringify(value)}\n` : text);
};

const exactly = (positionals: readonly string[], count: number, usage: string): string[] => {
  if (positionals.length !== count) throw new UsageError(`caducee feeds ${usage}`);
  return [...positionals];
};

const runAdd: Run = async ({ positionals, professions, reason, json }, context) => {
  const [id = '', file = ''] = exactly(positionals, 2, 'add takes ID and KEYFILE');
  const keys = await readFile(file, 'utf8');
  return context.act(
    {
      ...{ kind: 'open', name: 'feed.add', reason },
      arguments: { id, keys, professions: professions.join(' ') },
    },
    async () => {
      const added = await declareFeed(await deps(context), { id, keys, professions });
      say(context, json, added, `${added.id}: ${added.kids.length} key(s) ${added.kids.join(' ')}\n`);
      return EXIT.done;
    },
  );
};

const feedText = (feed: FeedRow): string => {
  const state = feed.disabled_at === null ? 'enabled' : `disabled ${feed.disabled_at.toISOString()}`;
  const professions = feed.professions.length === 0 ? 'all professions' : feed.professions.join(' ');
  return `${feed.id}  ${state}  ${professions}  ${feed.jwks.keys.map(({ kid }) => String(kid)).join(' ')}\n`;
};

const runList: Run = async ({ positionals, json }, context) => {
  exactly(positionals, 0, 'list takes no argument');
  const feeds = await listFeeds(await context.database());
  say(context, json, feeds, feeds.map(feedText).join('') || 'No feed is declared.\n');
  return EXIT.done;
};

const runSwitch =
  (disabled: boolean): Run =>
  async ({ positionals, reason, json }, context) => {
    const verb = disabled ? 'disable' : 'enable';
    const [id = ''] = exactly(positionals, 1, `${verb} takes ID`);
    return context.act(
      { kind: disabled ? 'stop' : 'open', name: `feed.${verb}`, arguments: { id }, reason },
      async () => {
        await switchFeed(await deps(context), { id, disabled });
        say(context, json, { id, disabled }, `${id}: ${disabled ? 'disabled' : 'enabled'}\n`);
        return EXIT.done;
      },
    );
  };

const runSign: Run = async ({ positionals, audience }, context) => {
  const [id = '', key = '', file = ''] = exactly(positionals, 3, 'sign takes ID, PRIVATEKEY and BATCHFILE');
  const signed = await signBatch({
    id,
    privateKey: await readFile(key, 'utf8'),
    body: await readFile(file),
    audience: audience ?? `${(await context.config()).origin}${FEED_PATH}`,
    now: systemClock.now(),
  });
  context.io.stdout.write(`${signed}\n`);
  return EXIT.done;
};

const COMMANDS: Record<string, Run> = {
  add: runAdd,
  list: runList,
  disable: runSwitch(true),
  enable: runSwitch(false),
  sign: runSign,
};

/** `caducee feeds …`. */
export const runFeedsCommand: Command = async (args, context) => {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [name, ...rest] = positionals;
  if (values.help || name === undefined) {
    context.io.stdout.write(HELP);
    return values.help ? EXIT.done : EXIT.usage;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new UsageError(`caducee feeds has no command "${name}"; caducee feeds --help lists them`);
  const json = values.json === true;
  try {
    const given = {
      positionals: rest,
      json,
      professions: values.profession ?? [],
      audience: values.audience,
      reason: values.reason?.trim() ?? '',
    };
    return await command(given, context);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (json) context.io.stdout.write(`${JSON.stringify({ error: error.code })}\n`);
    else context.io.stderr.write(`${error.code}: ${error.message}\n`);
    return EXIT.failed;
  }
};
