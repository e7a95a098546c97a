import type { CommandContext } from '../command.ts';
import { EXIT } from '../io.ts';
import { createLog } from '../platform/log.ts';
import { watchParent } from '../platform/parent.ts';
import { createShutdown } from '../platform/shutdown.ts';
import { startSandbox } from './start.ts';
import { summaryLine, summaryText } from './summary.ts';

/** `caducee sandbox start`: starts, tells where, and stops with Ctrl-C, SIGTERM, or the end of who started it. */
export const runSandbox = async (options: {
  context: CommandContext;
  folder: string;
  json: boolean;
}): Promise<number> => {
  const { io, portBase } = options.context;
  const { folder } = options;
  const shutdown = createShutdown({ log: createLog('error', io.stderr) });
  shutdown.onSignals();
  const stopped = new Promise<void>((resolve) => shutdown.add('end', resolve));
  const unwatch = watchParent(() => void shutdown.run('parent gone').then(() => process.exit()));
  shutdown.add('parent watch', unwatch);
  try {
    const summary = await startSandbox({ root: io.root, folder, portBase, shutdown, stderr: io.stderr });
    io.stdout.write(options.json ? summaryLine(summary) : summaryText(summary, { portBase, folder }));
  } catch (error) {
    await shutdown.run('start failed');
    throw error;
  }
  await stopped;
  return process.exitCode === undefined ? EXIT.done : EXIT.failed;
};
