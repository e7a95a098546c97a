import { parseArgs } from 'node:util';
import { createAudit } from '../audit/record.ts';
import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../io.ts';
import { systemClock } from '../platform/clock.ts';
import { osUser } from '../platform/os-user.ts';
import { ImportError } from './file-error.ts';
import { importFile, type ImportInput } from './import.ts';
import { createProgressBar } from './progress-bar.ts';
import type { ImportReport, Told } from './report.ts';

/** `caducee registry import`. */

export const IMPORT_HELP = `caducee registry import FILE [--source NAME] [--dry-run] [--allow-change 12%] [--json]
  Imports a registry file, all of it or nothing: plain, gzip or zip, told apart by content; a folder gives its
  newest file, - reads standard input. Layouts, found by their header: Extraction_ProSanteConnect_Personne_activite,
  PS_LibreAcces_Personne_activite. The source is the layout's name unless --source names it. Persons of this source
  who are not in the file become inactive after CADUCEE_REGISTRY_GRACE_HOURS. A file that would change or remove more
  than 5 % of the source's persons, or leave a profession without anybody, is refused unless --allow-change insists.
  --dry-run tells the same and writes nothing. Ctrl-C cancels, and nothing was changed.
`;

const OPTIONS = {
  json: { type: 'boolean' },
  source: { type: 'string' },
  'dry-run': { type: 'boolean' },
  'allow-change': { type: 'string' },
} as const;

/** `12%`, `12.5 %` or `12` to a share. */
export const readShare = (text: string): number => {
  const number = /^(\d{1,3}(?:[.,]\d{1,3})?)\s*%?$/.exec(text.trim())?.[1];
  const share = Number(number?.replace(',', '.')) / 100;
  if (!(share >= 0 && share <= 1)) throw new UsageError('--allow-change takes a percentage, such as 12%');
  return share;
};

const toldText = (title: string, told: Told<string>): string[] => {
  if (told.count === 0) return [];
  const reasons = Object.entries(told.byReason).map(([reason, count]) => `${reason} ${count}`);
  const lines = told.lines.slice(0, 20).map(({ line, reason }) => `    line ${line}: ${reason}`);
  const more = told.count > lines.length ? [`    … (--json tells up to ${told.lines.length})`] : [];
  return [`  ${title.padEnd(12)}${told.count} (${reasons.join(', ')})`, ...lines, ...more];
};

/** Counts that are told only when there is something to tell. */
const SOMETIMES = {
  returned: 'among the changed: back after an absence',
  rewritten: 'stored by an earlier version, written anew',
  otherSource: 'declared by another source, left alone',
  deactivated: 'now inactive: their grace is over',
} as const;

const reportText = (report: ImportReport): string => {
  const counts = (['read', 'persons', 'added', 'changed', 'unchanged', 'removed'] as const).map(
    (name) => `  ${name.padEnd(12)}${report[name]}`,
  );
  const sometimes = (Object.keys(SOMETIMES) as (keyof typeof SOMETIMES)[])
    .filter((name) => report[name] > 0)
    .map((name) => `  ${name.padEnd(12)}${report[name]} (${SOMETIMES[name]})`);
  const seconds = (report.durationMs / 1000).toFixed(1);
  const rate = Math.round(report.read / Math.max(report.durationMs / 1000, 0.001));
  return [
    `${report.fileName}: ${report.layout}, ${report.columns} columns, source ${report.source}${report.first ? ' (first import)' : ''}`,
    ...counts,
    ...sometimes,
    ...toldText('refused', report.refused),
    ...toldText('warnings', report.warnings),
    `  ${report.dryRun ? 'dry run: nothing was written' : `run ${report.run}`}, ${seconds} s (${rate} lines/s)`,
    '',
  ].join('\n');
};

export const runImportCommand: Command = async (args, context) => {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError('caducee registry import takes one FILE');
  if (values.source === '') throw new UsageError('--source takes a name');
  const allowed = values['allow-change'];
  const allowChange = allowed === undefined ? undefined : readShare(allowed);
  const json = values.json === true;
  const { io } = context;
  const config = await context.config();
  const db = await context.database();
  const cancel = new AbortController();
  const interrupt = (): void => cancel.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const bar = createProgressBar(io.stderr, io.interactive && !json);
  const input: ImportInput = file === '-' ? io.stdin : file;
  try {
    const report = await importFile(db, input, {
      clock: systemClock,
      audit: createAudit({ clock: systemClock }),
      contactDelayHours: config.contactDelayHours,
      graceHours: config.registryGraceHours,
      historyDays: config.registryHistoryDays,
      actor: osUser(),
      ...{ source: values.source, dryRun: values['dry-run'] === true, allowChange },
      ...{ onProgress: bar.show, signal: cancel.signal },
    });
    bar.end();
    io.stdout.write(json ? `${JSON.stringify(report)}\n` : reportText(report));
    return EXIT.done;
  } catch (error) {
    bar.end();
    if (!(error instanceof ImportError)) throw error;
    const { code, message, line } = error;
    if (json) io.stdout.write(`${JSON.stringify({ error: code, message, line })}\n`);
    else io.stderr.write(`${file}: ${message}. Nothing was changed.\n`);
    return EXIT.failed;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
};
