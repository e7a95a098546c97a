import { once } from 'node:events';
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/** Opens the card's listener where the configuration says. */

export interface OpenedListener {
  address: AddressInfo | string | null;
  /** Answers under way get a moment; handshakes that wait for a PIN do not. */
  close(): Promise<void>;
}

const GRACE_MS = 2_000;

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect({ path }, () => resolve(true) ?? probe.destroy());
    probe.once('error', () => resolve(false));
  });

/** Takes away the socket of a process that is gone; of a live one, or any other file, never. */
const clear = async (path: string): Promise<void> => {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new Error(`${path} exists and is not a socket`);
  if (await answers(path)) throw new Error(`another process listens on ${path}`);
  unlinkSync(path);
};

/** Listens on a Unix socket for owner and group alone, or on an address. */
export const openCardListener = async (
  server: Server,
  at: { socket: string } | { host: string; port: number },
): Promise<OpenedListener> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  if ('socket' in at) {
    await clear(at.socket);
    server.listen({ path: at.socket });
  } else server.listen({ host: at.host, port: at.port });
  await once(server, 'listening');
  if ('socket' in at) chmodSync(at.socket, 0o660);
  return {
    address: server.address(),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      const timer = setTimeout(() => sockets.forEach((socket) => socket.destroy()), GRACE_MS);
      await closed;
      clearTimeout(timer);
    },
  };
};
