/** Where a command reads and writes, so that tests can watch it and nothing writes to the process by itself. */
export interface CommandIo {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream;
  /** True when standard output is a terminal: progress bars and questions make sense. */
  interactive: boolean;
  /** The project's folder. */
  root: string;
  /** Locale of what the command says to people. */
  locale: 'fr' | 'en';
}

/** A command's exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 asked and waiting for a second operator. */
export const EXIT = { done: 0, failed: 1, usage: 2, waiting: 3 } as const;

/** An error of usage: the message says what to type instead. */
export class UsageError extends Error {}
