import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { JWK } from 'jose';
import type { Command, CommandContext } from '../command.ts';
import { EXIT, UsageError } from '../io.ts';
import { systemClock as clock } from '../platform/clock.ts';
import { osUser } from '../platform/os-user.ts';
import { exportAudit, EXPORT_FORMATS, type ExportFormat } from './export.ts';
import { runCheckpoint } from './jobs.ts';
import { createAuditKey, type AuditKey } from './key.ts';
import { createPlaces, findCheckpoints, type Place } from './places.ts';
import { pruneAudit } from './prune.ts';
import { createAudit } from './record.ts';
import { selectEvents, type ShownEvent } from './select.ts';
import { verifyAudit, type Anchor, type Finding, type Verification } from './verify.ts';

const HELP = `caducee audit verify [--checkpoints FILE]... [--exported] [--anchor LENGTH:HEAD]... [--key FILE] [--json]
  Reads the whole audit trail and says which events were changed, removed, inserted or replaced since they were
  sealed. --checkpoints takes signed checkpoints kept elsewhere (a file of them, or a log that has them), --exported
  fetches those of every place in CADUCEE_AUDIT_CHECKPOINT_TO that can be read, --anchor a head noted by hand: they also
  find a trail that was rewritten whole. --key trusts the keys of an earlier master key (a JWK or JWKS, as "audit key"
  printed it). Exit code 1 when something is wrong.

caducee audit show [--person ID] [--service CLIENT] [--device ID] [--support-id ID] [--type TYPE]... [--since WHEN]
    [--until WHEN] [--limit N] [--json]
  The newest events that match, the newest first (50). WHEN is a date, an instant, or how long ago: 30m, 12h, 7d.

caducee audit export --format ndjson|ecs [--since WHEN] [--until WHEN]
  Every sealed event on standard output, one JSON line each, in the order of the chain. ndjson has the hashes, so that
  another program can verify it; ecs is the Elastic Common Schema.

caducee audit checkpoint [--json]
  Signs the head of the chain now, and sends it and what was not sent yet.

caducee audit prune [--json]
  Drops now the months older than CADUCEE_AUDIT_RETENTION_MONTHS, as the running server does by itself.

caducee audit key
  The public key that signs checkpoints, as a JWK.
`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  anchor: { type: 'string', multiple: true },
  checkpoints: { type: 'string', multiple: true },
  exported: { type: 'boolean' },
  key: { type: 'string', multiple: true },
  person: { type: 'string' },
  service: { type: 'string' },
  device: { type: 'string' },
  'support-id': { type: 'string' },
  type: { type: 'string', multiple: true },
  since: { type: 'string' },
  until: { type: 'string' },
  limit: { type: 'string' },
  format: { type: 'string' },
} as const;

const read = (args: string[]) => parseArgs({ args, allowPositionals: true, options: OPTIONS });
type Values = ReturnType<typeof read>['values'];

/** What each verb takes besides --json. */
const TAKES: Record<string, readonly (keyof Values)[]> = {
  verify: ['anchor', 'checkpoints', 'exported', 'key'],
  show: ['person', 'service', 'device', 'support-id', 'type', 'since', 'until', 'limit'],
  export: ['format', 'since', 'until'],
  checkpoint: [],
  prune: [],
  key: [],
};

const parseAnchor = (text: string): Anchor => {
  const match = /^(\d+):([0-9a-f]{64})$/.exec(text);
  if (!match) throw new UsageError('--anchor takes LENGTH:HEAD, as caducee audit verify prints it');
  return { length: Number(match[1]), head: match[2] ?? '' };
};

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A date, an instant, or how long ago. */
export const parseWhen = (name: string, text: string | undefined): Date | undefined => {
  if (text === undefined) return undefined;
  const ago = /^(\d{1,6})([mhd])$/.exec(text);
  if (ago) return new Date(clock.now().getTime() - Number(ago[1]) * UNITS[ago[2] as keyof typeof UNITS]);
  const instant = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? new Date(text) : undefined;
  if (instant === undefined || Number.isNaN(instant.getTime())) {
    throw new UsageError(
      `${name} takes a date (2027-03-01), an instant (2027-03-01T08:00:00Z), or 30m, 12h, 7d`,
    );
  }
  return instant;
};

const findingText = ({ kind, number, id, last }: Finding): string => {
  const event = id === undefined ? '' : ` (event ${id})`;
  const range = last === undefined || last === number ? `${number}` : `${number} to ${last}`;
  const verb = range === `${number}` ? 'was' : 'were';
  if (kind === 'checkpoint_forged') return `the checkpoint at ${number} is not as it was signed`;
  if (kind === 'checkpoint_removed') return `the checkpoint at ${number} was removed`;
  if (kind === 'checkpoint_untrusted') return `given checkpoint ${number} is not signed by the audit's key`;
  if (kind === 'pruning_forged')
    return `what is said to be dropped up to ${number} for its age was not signed`;
  if (kind === 'replaced' && last !== undefined)
    return `something from ${range} was replaced: a checkpoint differs`;
  return `${range}${event} ${verb} ${kind}`;
};

const reportText = ({ ok, length, head, unsealed, pruned, compared, findings }: Verification): string =>
  [
    ok ? 'The audit trail is whole.' : 'The audit trail is NOT whole:',
    ...findings.map((finding) => `  ${findingText(finding)}`),
    `${length} events sealed, ${unsealed} waiting for the sealer.`,
    ...(pruned > 0 ? [`Up to ${pruned} they were dropped for their age.`] : []),
    ...(compared > 0 ? [`Compared with ${compared} heads noted before.`] : []),
    `Head: ${length}:${head}`,
    '',
  ].join('\n');

const trustedKeys = async (paths: readonly string[]): Promise<JWK[]> => {
  const parsed = await Promise.all(
    paths.map(async (path) => JSON.parse(await readFile(path, 'utf8')) as JWK | { keys: JWK[] }),
  );
  return parsed.flatMap((one) => ('keys' in one && Array.isArray(one.keys) ? one.keys : [one as JWK]));
};

const openKey = async (context: CommandContext, values: Values): Promise<AuditKey> =>
  createAuditKey(await context.keyring(), await trustedKeys(values.key ?? []));

const openPlaces = async ({ io, config }: CommandContext): Promise<Place[]> =>
  createPlaces(await config(), { clock, stdout: io.stdout });

const runVerify = async (context: CommandContext, values: Values): Promise<number> => {
  const anchors = (values.anchor ?? []).map(parseAnchor);
  const files = await Promise.all((values.checkpoints ?? []).map((path) => readFile(path, 'utf8')));
  const fetched = values.exported
    ? await Promise.all((await openPlaces(context)).map(async (place) => (await place.read?.()) ?? []))
    : [];
  const result = await verifyAudit(await context.database(), anchors, {
    key: await openKey(context, values),
    checkpoints: [...files.flatMap(findCheckpoints), ...fetched.flat()],
  });
  context.io.stdout.write(values.json ? `${JSON.stringify(result)}\n` : reportText(result));
  return result.ok ? EXIT.done : EXIT.failed;
};

/** Who reads the trail is told by the trail. */
const tellOperator = async (
  context: CommandContext,
  type: 'operator.looked' | 'operator.exported',
  nationalId: string | undefined,
  details: Record<string, string | number>,
): Promise<void> =>
  createAudit({ clock }).record(await context.database(), {
    type,
    ...(nationalId === undefined ? {} : { nationalId }),
    details: { operator: osUser(), ...details },
  });

const eventText = (event: ShownEvent): string => {
  const who = [event.nationalId, event.clientId, event.deviceId, event.supportId, event.address];
  const details = Object.entries(event.details).map(([name, value]) => `${name}=${String(value)}`);
  return `${event.at.toISOString()}  ${event.type.padEnd(26)}  ${who.filter(Boolean).join(' ')}${details.length > 0 ? `  ${details.join(', ')}` : ''}\n`;
};

const runShow = async (context: CommandContext, values: Values): Promise<number> => {
  if (values.limit !== undefined && !/^[1-9]\d{0,4}$/.test(values.limit)) {
    throw new UsageError('--limit takes a number from 1 to 99999');
  }
  const typed = values.person?.replaceAll(/\s/g, '');
  const nationalId = typed !== undefined && /^\d{11}$/.test(typed) ? `8${typed}` : typed;
  const filter = {
    nationalId,
    clientId: values.service,
    deviceId: values.device,
    supportId: values['support-id']?.toUpperCase(),
    types: values.type,
    since: parseWhen('--since', values.since),
    until: parseWhen('--until', values.until),
    limit: Number(values.limit ?? 50),
  };
  const events = await selectEvents(await context.database(), filter);
  await tellOperator(context, 'operator.looked', nationalId, { what: 'events', count: events.length });
  const text = events.length === 0 ? 'No event.\n' : events.map(eventText).join('');
  context.io.stdout.write(values.json ? `${JSON.stringify({ events })}\n` : text);
  return EXIT.done;
};

const runExport = async (context: CommandContext, values: Values): Promise<number> => {
  const { format } = values;
  if (!EXPORT_FORMATS.includes(format as ExportFormat)) {
    throw new UsageError(`caducee audit export needs --format ${EXPORT_FORMATS.join(' or ')}`);
  }
  const range = { since: parseWhen('--since', values.since), until: parseWhen('--until', values.until) };
  const db = await context.database();
  const count = await exportAudit(db, context.io.stdout, { format: format as ExportFormat, ...range });
  await tellOperator(context, 'operator.exported', undefined, {
    format: format as ExportFormat,
    count,
    ...(range.since ? { since: range.since.toISOString() } : {}),
    ...(range.until ? { until: range.until.toISOString() } : {}),
  });
  return EXIT.done;
};

const runCheckpointNow = async (context: CommandContext, values: Values): Promise<number> => {
  const [db, key, places] = [
    await context.database(),
    await openKey(context, values),
    await openPlaces(context),
  ];
  const made = await runCheckpoint(db, { key, clock, places });
  const text = made
    ? `Checkpoint at ${made.number}.\n${made.jws}\n`
    : 'Nothing was sealed since the last checkpoint.\n';
  context.io.stdout.write(values.json ? `${JSON.stringify({ checkpoint: made ?? null })}\n` : text);
  return EXIT.done;
};

const KEPT = {
  unsealed: 'not all of it is sealed yet',
  not_whole: 'it is not whole, run caducee audit verify',
  busy: 'somebody reads the whole trail, try again later',
} as const;

const runPrune = async (context: CommandContext, values: Values): Promise<number> => {
  const { auditRetentionMonths: months } = await context.config();
  if (months === undefined) {
    context.io.stderr.write('CADUCEE_AUDIT_RETENTION_MONTHS is not set: events are kept for ever.\n');
    return EXIT.failed;
  }
  const key = await openKey(context, values);
  const pruned = await pruneAudit(await context.database(), months, {
    key,
    clock,
    audit: createAudit({ clock }),
  });
  const lines = pruned.map((one) =>
    'kept' in one
      ? `${one.partition} stays: ${KEPT[one.kept]}.\n`
      : `${one.partition}: ${one.events} events dropped.\n`,
  );
  const text = lines.length === 0 ? 'No month is old enough.\n' : lines.join('');
  context.io.stdout.write(values.json ? `${JSON.stringify({ pruned })}\n` : text);
  return pruned.some((one) => 'kept' in one) ? EXIT.failed : EXIT.done;
};

const runKey = async (context: CommandContext): Promise<number> => {
  const { publicJwk } = await createAuditKey(await context.keyring());
  context.io.stdout.write(`${JSON.stringify(publicJwk)}\n`);
  return EXIT.done;
};

const VERBS: Record<string, (context: CommandContext, values: Values) => Promise<number>> = {
  verify: runVerify,
  show: runShow,
  export: runExport,
  checkpoint: runCheckpointNow,
  prune: runPrune,
  key: runKey,
};

/** `caducee audit`: what happened, and the proof that it is still told as it happened. */
export const runAuditCommand: Command = async (args, context) => {
  const { values, positionals } = read(args);
  if (values.help) {
    context.io.stdout.write(HELP);
    return EXIT.done;
  }
  const [verb = '', ...more] = positionals;
  const run = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!run || more.length > 0) throw new UsageError(HELP.trimEnd());
  const extra = (Object.keys(values) as (keyof Values)[]).find(
    (name) => name !== 'json' && !TAKES[verb]?.includes(name),
  );
  if (extra !== undefined) throw new UsageError(`caducee audit ${verb} takes no --${extra}`);
  return run(context, values);
};
