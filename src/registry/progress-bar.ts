import type { ImportProgress } from './import.ts';

const WIDTH = 30;
const EVERY_MS = 100;

const PHASES: Record<ImportProgress['phase'], string> = {
  reading: 'reading',
  comparing: 'comparing',
  writing: 'writing',
};

const duration = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;

/** How fast, and how long the rest takes at that speed; nothing in the first moments, which tell nothing. */
const pace = ({ phase, bytes, total, lines }: ImportProgress, elapsedMs: number): string => {
  if (elapsedMs < 1000 || phase !== 'reading') return '';
  const rate = `, ${Math.round((lines / elapsedMs) * 1000)} lines/s`;
  if (!total || bytes === 0) return rate;
  return `${rate}, ${duration((elapsedMs / 1000) * (Math.max(total - bytes, 0) / bytes))} left to read`;
};

/** One line of progress: a bar when the size is known; bytes, lines and pace in any case. */
export const progressLine = (progress: ImportProgress, elapsedMs = 0): string => {
  const { phase, bytes, total, lines } = progress;
  const share = total ? Math.min(bytes / total, 1) : undefined;
  const filled = Math.round((share ?? 0) * WIDTH);
  const bar =
    share === undefined
      ? ''
      : `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${Math.floor(share * 100)} % `;
  return `${bar}${(bytes / 1e6).toFixed(1)} MB, ${lines} lines, ${PHASES[phase]}${pace(progress, elapsedMs)}`;
};

/** A progress bar that redraws its line; draws nothing when not on a terminal. */
export const createProgressBar = (
  out: NodeJS.WritableStream,
  enabled: boolean,
): { show(progress: ImportProgress): void; end(): void } => {
  const start = performance.now();
  let last = 0;
  let drawn = false;
  return {
    show: (progress) => {
      const now = performance.now();
      if (!enabled || (progress.phase === 'reading' && drawn && now - last < EVERY_MS)) return;
      last = now;
      drawn = true;
      out.write(`\r\u001B[K${progressLine(progress, now - start)}`);
    },
    end: () => {
      if (drawn) out.write('\r\u001B[K');
    },
  };
};
