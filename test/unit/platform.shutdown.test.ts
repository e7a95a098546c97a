import { describe, expect, test } from 'vitest';
import { createShutdown } from '../../src/platform/shutdown.ts';

const silent = { info: () => undefined, error: () => undefined };

describe('shutdown', () => {
  test('closes in reverse order, each closer once, whoever asks', async () => {
    const shutdown = createShutdown({ log: silent });
    const closed: string[] = [];
    for (const name of ['database', 'jobs', 'http']) {
      shutdown.add(name, async () => {
        await Promise.resolve();
        closed.push(name);
      });
    }
    await Promise.all([shutdown.run('one'), shutdown.run('two')]);
    expect(closed).toEqual(['http', 'jobs', 'database']);
  });

  test('a closer that fails is logged by name and does not keep the others open', async () => {
    const errors: unknown[] = [];
    const shutdown = createShutdown({ log: { ...silent, error: (fields: unknown) => errors.push(fields) } });
    const closed: string[] = [];
    shutdown.add('database', () => closed.push('database'));
    shutdown.add('http', () => {
      throw new Error('busy');
    });
    await shutdown.run('test');
    expect(closed).toEqual(['database']);
    expect(errors).toMatchObject([{ closer: 'http' }]);
  });

  test('tells when it is done, and closes at once what comes too late', async () => {
    const shutdown = createShutdown({ log: silent });
    const closed: string[] = [];
    void shutdown.run('test');
    shutdown.add('late', () => closed.push('late'));
    await shutdown.done;
    shutdown.add('later', () => closed.push('later'));
    expect(closed).toEqual(['late', 'later']);
  });

  test('a signal ends the process with 0 after closing; a second one does not wait', async () => {
    const codes: (number | string)[] = [];
    let finish = (): void => undefined;
    const closing = new Promise<void>((resolve) => (finish = resolve));
    const before = new Set(process.listeners('SIGHUP'));
    const shutdown = createShutdown({ log: silent, exit: (code) => void codes.push(code) });
    shutdown.add('slow', () => closing);
    shutdown.onSignals();
    const [listener] = process.listeners('SIGHUP').filter((one) => !before.has(one));
    listener?.('SIGHUP');
    listener?.('SIGHUP');
    expect(codes).toEqual([1]);
    finish();
    await shutdown.run('again');
    await Promise.resolve();
    expect(codes).toEqual([1, 0]);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.removeAllListeners(signal);
  });
});
