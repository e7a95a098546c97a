import type { ImportProgress } from './import.ts';

const WIDTH = 30;
const EVERY_MS = 100;

const PHASES: Record<ImportProgress['phase'], string> = {
  reading: 'reading',
  comparing: 'comparing',
  writing: 'writing',
};

/** One line of progress: a bar when the size is known, bytes and lines in any case. */
export const progressLine = ({ phase, bytes, total, lines }: ImportProgress): string => {
  const share = total ? Math.min(bytes / total, 1) : undefined;
  const filled = Math.round((share ?? 0) * WIDTH);
  const bar =
    share === undefined
      ? ''
      : `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${Math.floor(share * 100)} % `;
  return `${bar}${(bytes / 1e6).toFixed(1)} MB, ${lines} lines, ${PHASES[phase]}`;
};

/** A progress bar that redraws its line; draws nothing when not on a terminal. */
export const createProgressBar = (
  out: NodeJS.WritableStream,
  enabled: boolean,
): { show(progress: ImportProgress): void; end(): void } => {
  let last = 0;
  let drawn = false;
  return {
    show: (progress) => {
      const now = performance.now();
      if (!enabled || (progress.phase === 'reading' && drawn && now - last < EVERY_MS)) return;
      last = now;
      drawn = true;
      out.write(`\r\u001B[K${progressLine(progress)}`);
    },
    end: () => {
      if (drawn) out.write('\r\u001B[K');
    },
  };
};
