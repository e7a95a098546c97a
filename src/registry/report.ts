import type { RefusalReason, WarningCode } from './record.ts';

/** What an import found and did. Counts are of persons, but for `read` (lines after the header) and the refusals. */
export interface ImportReport {
  /** Number of the run in `import_run`; 0 for one that changed nothing on purpose. */
  run: number;
  /** Nothing was written: what an import would do. */
  dryRun: boolean;
  /** Who ran it. */
  actor: string;
  source: string;
  layout: string;
  columns: number;
  fileName: string;
  /** Length of the file as it was read. */
  bytes: number;
  /** SHA-256 of the file, hexadecimal. */
  fileHash: string;
  /** The first import of this source: its contact details hold at once. */
  first: boolean;
  read: number;
  persons: number;
  added: number;
  changed: number;
  /** Back in the file after an absence; counted in `changed`, too. */
  returned: number;
  unchanged: number;
  /** Unchanged as far as this file was compared: stored by the version before, so written anew. */
  rewritten: number;
  /** No longer in the file: inactive once the grace is over. */
  removed: number;
  /** Made inactive by this run: their grace is over. */
  deactivated: number;
  /** Known from another source, so left as they are. */
  otherSource: number;
  /** Exercices in the file by code of profession. */
  professions: Record<string, number>;
  refused: Told<RefusalReason>;
  warnings: Told<WarningCode>;
  durationMs: number;
}

/** All counted, the first {@link MOST_TOLD} told with their line. */
export interface Told<Code extends string> {
  count: number;
  byReason: Partial<Record<Code, number>>;
  lines: { line: number; reason: Code }[];
}

/** A report stays readable, and memory flat. */
export const MOST_TOLD = 1_000;

/** Collects what is told of lines. Never the content of a line: it speaks of people. */
export const createTeller = <Code extends string>(): {
  tell(line: number, reason: Code): void;
  told: Told<Code>;
} => {
  const told: Told<Code> = { count: 0, byReason: {}, lines: [] };
  return {
    told,
    tell: (line, reason) => {
      told.count++;
      told.byReason[reason] = (told.byReason[reason] ?? 0) + 1;
      if (told.lines.length < MOST_TOLD) told.lines.push({ line, reason });
    },
  };
};
