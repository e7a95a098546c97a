import { parseArgs } from 'node:util';
import { createAudit } from '../audit/record.ts';
import type { Command, CommandContext } from '../command.ts';
import { EXIT, UsageError } from '../io.ts';
import { systemClock } from '../platform/clock.ts';
import { diffRun, type PersonChange, type RunDiff, type ValueChange } from './diff.ts';
import { mergeIdentifiers } from './merge.ts';
import { rollbackRun } from './rollback.ts';
import { RunError } from './run-error.ts';
import { listRuns, type RunRow } from './runs.ts';

/** `caducee registry runs`, `diff`, `rollback` and `merge`. */

export const RUNS_HELP = `caducee registry runs [--source NAME] [--limit N] [--json]
  The imports, rollbacks and merges, the newest first: what file, what it changed, how long it took, who ran it.

caducee registry diff RUN [--limit N] [--json]
  Who was changed by a run, value by value. Contact details are told of, not shown.

caducee registry rollback RUN [--reason TEXT] [--json]
  Undoes an import exactly: persons as before, those that it added gone. Refused when a later run changed the same
  persons: the newest goes first. A status set by hand since stays.

caducee registry merge OLD-ID NEW-ID [--reason TEXT] [--json]
  One person with two identifiers, or with a new one: known by NEW-ID from now on, and by OLD-ID still. Phones, history
  and the \`sub\` that services know stay those of OLD-ID.
`;

const OPTIONS = {
  json: { type: 'boolean' },
  source: { type: 'string' },
  limit: { type: 'string' },
  reason: { type: 'string' },
} as const;

interface Given {
  positionals: string[];
  json: boolean;
  source: string | undefined;
  limit: number;
  reason: string;
}

const read = (args: string[], usualLimit: number): Given => {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const limit = Number(values.limit ?? usualLimit);
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError('--limit takes a number of at least 1');
  return {
    positionals,
    json: values.json === true,
    source: values.source,
    limit,
    reason: values.reason?.trim() ?? '',
  };
};

const runNumber = ({ positionals }: Given, name: string): number => {
  const [text = '', ...more] = positionals;
  if (!/^\d{1,15}$/.test(text) || more.length > 0) {
    throw new UsageError(
      `caducee registry ${name} takes the number of one run (caducee registry runs lists them)`,
    );
  }
  return Number(text);
};

/** Runs `work`; a run that cannot be is told with what to do. */
const tell = async <T>(
  { io }: CommandContext,
  json: boolean,
  work: () => Promise<T>,
  text: (result: T) => string,
  view: (result: T) => unknown = (result) => result,
): Promise<number> => {
  try {
    const result = await work();
    io.stdout.write(json ? `${JSON.stringify(view(result))}\n` : text(result));
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    if (json) io.stdout.write(`${JSON.stringify({ error: error.code, message: error.message })}\n`);
    else io.stderr.write(`${error.message}. Nothing was changed.\n`);
    return EXIT.failed;
  }
};

/** A run as --json tells it. */
const runView = ({ id, kind, source, layout, report, ...row }: RunRow) => ({
  ...{ run: id, kind, source, layout, fileName: row.file_name, fileHash: row.file_hash },
  ...{ startedAt: row.started_at, finishedAt: row.finished_at, actor: row.actor },
  ...{ undoes: row.undoes ?? undefined, rolledBackBy: row.rolled_back_by ?? undefined, report },
});

const runText = (run: RunRow): string => {
  const { read: lines, added, changed, removed, durationMs } = run.report;
  const what =
    run.kind === 'import'
      ? `+${added ?? 0} ~${changed ?? 0} -${removed ?? 0}  ${lines ?? 0} lines, ${((durationMs ?? 0) / 1000).toFixed(1)} s`
      : run.kind === 'rollback'
        ? `undoes run ${run.undoes}`
        : 'two identifiers, one person';
  const undone = run.rolled_back_by === null ? '' : `  [rolled back by run ${run.rolled_back_by}]`;
  const file = run.file_name === '' ? '' : `  ${run.file_name} (${run.file_hash.slice(0, 12)})`;
  return `${String(run.id).padStart(5)}  ${run.finished_at.toISOString()}  ${run.kind.padEnd(8)}  ${run.source}  ${what}${file}  ${run.actor}${undone}\n`;
};

export const runRunsCommand: Command = async (args, context) => {
  const given = read(args, 20);
  if (given.positionals.length > 0) throw new UsageError('caducee registry runs takes options only');
  const runs = await listRuns(await context.database(), given);
  context.io.stdout.write(
    given.json
      ? `${JSON.stringify(runs.map(runView))}\n`
      : runs.length === 0
        ? 'Nothing was imported yet.\n'
        : runs.map(runText).join(''),
  );
  return EXIT.done;
};

const SIGNS: Record<PersonChange['fate'], string> = {
  ...{ added: '+', changed: '~', returned: '~', missing: '-', merged: '=', absorbed: '-' },
};

const valueText = ({ path, before, after }: ValueChange): string =>
  before === undefined ? `      ${path} changed\n` : `      ${path}: "${before}" → "${after ?? ''}"\n`;

const diffText = ({ run, counts, persons }: RunDiff): string => {
  const all = Object.entries(counts);
  const total = all.reduce((sum, [, count]) => sum + count, 0);
  const head = `${runText(run)}${all.map(([fate, count]) => `${fate} ${count}`).join(', ') || 'nobody was changed'}\n`;
  const body = persons.map(
    ({ nationalId, givenName, familyName, fate, values }) =>
      `  ${SIGNS[fate]} ${nationalId}  ${givenName} ${familyName}  ${fate}\n${values.map(valueText).join('')}`,
  );
  const more = total > persons.length ? `  … and ${total - persons.length} more (--limit)\n` : '';
  return `${head}${body.join('')}${more}`;
};

export const runDiffCommand: Command = async (args, context) => {
  const given = read(args, 100);
  const id = runNumber(given, 'diff');
  const db = await context.database();
  return tell(
    context,
    given.json,
    () => diffRun(db, id, given.limit),
    diffText,
    (diff) => ({ ...diff, run: runView(diff.run) }),
  );
};

export const runRollbackCommand: Command = async (args, context) => {
  const given = read(args, 1);
  const id = runNumber(given, 'rollback');
  const { reason } = given;
  return context.act(
    { kind: 'open', name: 'registry.rollback', arguments: { run: String(id) }, reason },
    async (actor) => {
      const options = await actorOptions(context, actor);
      return tell(
        context,
        given.json,
        () => rollbackRun(options, id),
        (report) =>
          `Run ${id} is undone by run ${report.run}: ${report.restored} persons as before, ${report.removed} added ones gone, ` +
          `${report.contacts} declarations of contact details withdrawn.\n`,
      );
    },
  );
};

export const runMergeCommand: Command = async (args, context) => {
  const given = read(args, 1);
  const [from, to, ...more] = given.positionals;
  if (from === undefined || to === undefined || more.length > 0) {
    throw new UsageError('caducee registry merge takes OLD-ID and NEW-ID');
  }
  const { reason } = given;
  return context.act(
    { kind: 'open', name: 'registry.merge', arguments: { from, to }, reason },
    async (actor) => {
      const options = await actorOptions(context, actor);
      return tell(
        context,
        given.json,
        () => mergeIdentifiers(options, { from, to }),
        ({ run, nationalId, former, subject }) =>
          `${former} is now ${nationalId}; its subject stays ${subject}. Run ${run}.\n`,
      );
    },
  );
};

const actorOptions = async (context: CommandContext, actor: string) => ({
  db: await context.database(),
  clock: systemClock,
  audit: createAudit({ clock: systemClock }),
  actor,
});
