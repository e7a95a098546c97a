import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';

/** A web application that can be started and stopped. */
export interface Listening {
  /** Listens on this port (0: a free one), on the loopback addresses of the machine; says which port it is. */
  start(port: number): Promise<number>;
  /** Stops: ends idle connections at once, lets answers under way finish. */
  stop(): Promise<void>;
}

const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      server.removeListener('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });

const missingAddress = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT');

/** `localhost` is 127.0.0.1, and ::1 where the machine has it: some browsers try that one first. */
export const loopback = (app: Koa): Listening => {
  const servers: Server[] = [];
  return {
    async start(port) {
      const handler = app.callback();
      const first = createServer(handler);
      const actual = await listen(first, port, '127.0.0.1');
      servers.push(first);
      const second = createServer(handler);
      try {
        await listen(second, actual, '::1');
        servers.push(second);
      } catch (error) {
        if (!missingAddress(error)) {
          await close(first);
          throw error;
        }
      }
      return actual;
    },
    stop: async () => {
      await Promise.all(servers.splice(0).map(close));
    },
  };
};
