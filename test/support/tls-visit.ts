import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, type TLSSocket, connect as connectTls } from 'node:tls';

/** One visit as it really goes over the wire: any header lines, any TLS session, and what came back. */
export interface Visit {
  answer: string;
  /** TLS sessions that the server gave, to try to resume them. */
  sessions: Buffer[];
  reused: boolean;
}

export interface VisitRequest {
  port: number;
  /** Name of the handshake. */
  servername: string;
  /** `GET /path`. */
  line: string;
  /** Header lines besides Host, as they are sent. */
  headers?: readonly string[];
  /** Host header; default: the name of the handshake. */
  host?: string;
  tls?: ConnectionOptions;
  /** The connection is asked to stay open, unless `close`. */
  connection?: 'keep-alive' | 'close';
}

const requestText = ({ line, headers = [], host, servername, connection = 'keep-alive' }: VisitRequest) =>
  [`${line} HTTP/1.1`, `Host: ${host ?? servername}`, `Connection: ${connection}`, ...headers, '', ''].join(
    '\r\n',
  );

/** Visits over TLS; resolves when the server has closed the connection. */
export const visitTls = (request: VisitRequest): Promise<Visit> =>
  new Promise((resolve, reject) => {
    const { port, servername, tls } = request;
    const sessions: Buffer[] = [];
    let answer = '';
    let reused = false;
    const socket: TLSSocket = connectTls({
      ...{ host: '127.0.0.1', port, servername, rejectUnauthorized: false },
      ...tls,
    });
    socket.on('session', (session) => sessions.push(session));
    socket.on('secureConnect', () => {
      reused = socket.isSessionReused();
      const session = socket.getSession();
      if (session) sessions.push(session);
      socket.write(requestText(request));
    });
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve({ answer, sessions, reused }));
  });

/** Visits a listener without TLS, from this address of the machine; resolves with the answer. */
export const visitPlain = (
  request: Pick<VisitRequest, 'port' | 'line' | 'headers'> & { from?: string },
): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = '';
    const { port, from } = request;
    const socket = connectTcp({ host: '127.0.0.1', port, ...(from ? { localAddress: from } : {}) });
    socket.on('connect', () =>
      socket.write(requestText({ servername: 'x', connection: 'close', ...request })),
    );
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
