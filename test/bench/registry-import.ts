import { openDatabase } from '../../src/platform/postgres.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { importFile } from '../../src/registry/import.ts';

/** One import in a process of its own, as the command runs it: `node registry-import.ts DATABASE FILE`. Prints what it cost. */

const [url = '', file = ''] = process.argv.slice(2);
const db = openDatabase(url, { max: 4 });
const start = performance.now();
const report = await importFile(db, file, {
  clock: systemClock,
  contactDelayHours: 72,
  graceHours: 24,
  source: 'national',
  onProgress: ({ phase, lines }) => process.send?.({ phase, lines }),
});
const seconds = (performance.now() - start) / 1000;
await db.close();
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
const { read, persons, added, changed, unchanged, removed } = report;
process.stdout.write(
  `${JSON.stringify({
    ...{ seconds, read, persons, added, changed, unchanged, removed },
    ...{ peakMb: Math.round(maxRSS / 1024), nodeCpuSeconds: (userCPUTime + systemCPUTime) / 1e6 },
  })}\n`,
);
process.disconnect?.();
