/** Stands for npm: starts `node embedded.ts …` and does nothing else. */
import { spawn } from 'node:child_process';

spawn(process.execPath, [`${import.meta.dirname}/embedded.ts`, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
