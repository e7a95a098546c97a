import { afterAll } from 'vitest';

const closers: (() => unknown)[] = [];

// vitest takes an afterAll only while a file is loading; importing this module is enough to have it.
afterAll(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Runs `close` when the test file ends, the last one first; may be called from anywhere, at any time. */
export const onFileEnd = (close: () => unknown): void => {
  closers.push(close);
};
