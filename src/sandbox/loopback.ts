import type { Server } from 'node:net';

/**
 * `localhost` is 127.0.0.1, and ::1 where the machine has it; some programs try only the one, some the other first. The
 * sandbox answers on both and on nothing else.
 */

/** What was opened; closing it ends idle connections at once and lets answers under way finish for a moment. */
export interface Opened {
  port: number;
  close(): Promise<void>;
}

const ABSENT = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];
const GRACE_MS = 2_000;

const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    if ('closeIdleConnections' in server && typeof server.closeIdleConnections === 'function') {
      server.closeIdleConnections();
    }
    setTimeout(() => {
      if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') {
        server.closeAllConnections();
      }
    }, GRACE_MS).unref();
  });

/** Listens on both loopback addresses with two servers of the same making. */
export const openLoopback = async (make: () => Server, port: number): Promise<Opened> => {
  const first = make();
  await listen(first, port, '127.0.0.1');
  const address = first.address();
  const actual = typeof address === 'object' && address ? address.port : port;
  const second = make();
  const servers = [first];
  try {
    await listen(second, actual, '::1');
    servers.push(second);
  } catch (error) {
    if (!ABSENT.includes((error as NodeJS.ErrnoException).code ?? '')) {
      await close(first);
      throw error;
    }
  }
  return {
    port: actual,
    close: async () => {
      await Promise.all(servers.splice(0).map(close));
    },
  };
};
