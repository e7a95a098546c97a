import { Writable } from 'node:stream';
import { openDatabase } from '../../../src/platform/postgres.ts';
import { runImportCommand } from '../../../src/registry/import-command.ts';
import type { CommandContext } from '../../../src/command.ts';
import type { Config } from '../../../src/config.ts';
import { unnamed } from '../command.ts';

/** `registry import` as a process of its own, to be killed: `import.ts DATABASE FILE SOURCE`. */

const [url = '', file = '', source = ''] = process.argv.slice(2);
const db = openDatabase(url, { max: 4 });
const settings = { contactDelayHours: 72, registryGraceHours: 24, registryHistoryDays: 90 };
// Progress goes to standard output, as a sign of life.
const told = new Writable({
  write: (chunk: Buffer, _, done) => {
    process.stdout.write(chunk);
    done();
  },
});
const context: CommandContext = {
  io: { stdin: process.stdin, stdout: told, stderr: told, interactive: true, root: '', locale: 'fr' },
  config: () => Promise.resolve(settings as Config),
  database: () => Promise.resolve(db),
  keyring: () => Promise.reject(new Error('no key is needed')),
  portBase: 4000,
  ...unnamed,
};
process.exitCode = await runImportCommand([file, '--source', source], context);
await db.close();
