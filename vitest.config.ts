import { defineConfig } from 'vitest/config';

/**
 * Every suite is a folder of `test/`: `npm test -- test/unit` runs one, `npm test -- test/unit/limits.test.ts` one file.
 * Real servers start when a file first asks for them (test/support/services.ts).
 */
// oxlint-disable-next-line import/no-default-export -- vitest reads its configuration from there
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global.ts'],
    pool: 'forks',
    // One file is one process: what it starts and what it breaks stay its own.
    isolate: true,
    // Limits for what hangs, not measures of speed: machines are shared and noisy.
    testTimeout: 120_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 15_000 } },
    teardownTimeout: 30_000,
    restoreMocks: true,
    unstubEnvs: true,
    env: { NODE_ENV: 'test' },
  },
});
