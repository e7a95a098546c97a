import { connect, createServer, type Socket } from 'node:net';

/**
 * A Redis seen from the wire: everything goes through, and is counted. A round trip begins when something is asked while
 * nothing is outstanding; what is asked meanwhile travels with it.
 */
export interface RedisWire {
  port: number;
  /** What went through since the last call. */
  take(): { roundTrips: number; commands: number; bytes: number };
  close(): void;
}

const CRLF = Buffer.from('\r\n');

/**
 * Counts whole messages of the Redis protocol in a stream that comes in pieces. Arrays hold further messages; a bulk string its
 * bytes; everything else is one line.
 */
const messageCounter = (): ((chunk: Buffer) => number) => {
  let rest: Buffer = Buffer.alloc(0);
  /** How many elements are still awaited at each depth. */
  const open: number[] = [];
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    let whole = 0;
    for (;;) {
      const end = rest.indexOf(CRLF, at);
      if (end === -1) break;
      const kind = String.fromCharCode(rest[at] ?? 0);
      const size = Number(rest.toString('latin1', at + 1, end));
      let next = end + 2;
      if ('$=!'.includes(kind) && size >= 0) next += size + 2;
      if (next > rest.length) break;
      at = next;
      if ('*%~'.includes(kind) && size > 0) {
        open.push(kind === '%' ? 2 * size : size);
        continue;
      }
      while (open.length > 0) {
        const left = (open.pop() ?? 0) - 1;
        if (left > 0) {
          open.push(left);
          break;
        }
      }
      if (open.length === 0) whole += 1;
    }
    rest = rest.subarray(at);
    return whole;
  };
};

/** Puts itself in front of a Redis (`host:port` or the path of a socket). */
export const tapRedis = async (target: { port: number } | { path: string }): Promise<RedisWire> => {
  const counts = { roundTrips: 0, commands: 0, bytes: 0 };
  const sockets = new Set<Socket>();
  let outstanding = 0;
  const server = createServer((client) => {
    const upstream = connect(target as { path: string });
    const asked = messageCounter();
    const answered = messageCounter();
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      if (outstanding === 0) counts.roundTrips += 1;
      const commands = asked(chunk);
      counts.commands += commands;
      outstanding += commands;
      counts.bytes += chunk.length;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      outstanding -= answered(chunk);
      counts.bytes += chunk.length;
      client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    take: () => {
      const taken = { ...counts };
      Object.assign(counts, { roundTrips: 0, commands: 0, bytes: 0 });
      return taken;
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
};
