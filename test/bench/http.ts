import { connect, type Socket } from 'node:net';

/** HTTP/1.1 on one kept connection, one request at a time, with as little of the generator's own work as possible. */

export interface Answer {
  status: number;
  head: string;
  body: string;
}

const END = '\r\n\r\n';

const unchunk = (body: string): string => {
  let out = '';
  for (let at = 0; ;) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.slice(at, end), 16);
    if (!size) return out;
    out += body.slice(end + 2, end + 2 + size);
    at = end + 4 + size;
  }
};

export class Connection {
  readonly #port: number;
  readonly host: string;
  #socket: Socket | undefined;
  #received = '';
  #resolve: ((answer: Answer) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor(port: number, host: string) {
    this.#port = port;
    this.host = host;
  }

  #open(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#port, '127.0.0.1');
      socket.setNoDelay(true).setEncoding('latin1');
      socket.on('data', (chunk: string) => this.#data(chunk));
      socket.once('connect', () => resolve(socket));
      socket.on('error', reject);
      socket.on('close', () => {
        this.#socket = undefined;
        this.#reject?.(new Error('the connection was closed'));
      });
    });
  }

  #data(chunk: string): void {
    this.#received += chunk;
    const end = this.#received.indexOf(END);
    if (end === -1) return;
    const head = this.#received.slice(0, end);
    const length = /\r\ncontent-length: ?(\d+)/i.exec(head)?.[1];
    const chunked = length === undefined && /\r\ntransfer-encoding: ?chunked/i.test(head);
    const body = this.#received.slice(end + END.length);
    if (chunked ? !body.endsWith(`0${END}`) : body.length < Number(length ?? 0)) return;
    this.#received = '';
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.#reject = undefined;
    resolve?.({ status: Number(head.slice(9, 12)), head, body: chunked ? unchunk(body) : body });
  }

  async send(method: string, path: string, headers: Record<string, string>, form?: string): Promise<Answer> {
    this.#socket ??= await this.#open();
    let text = `${method} ${path} HTTP/1.1\r\nHost: ${this.host}\r\n`;
    for (const [name, value] of Object.entries(headers)) text += `${name}: ${value}\r\n`;
    if (form !== undefined) {
      text += `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n`;
    }
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      socket.write(`${text}\r\n${form ?? ''}`);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }
}

/** Cookies by path, as a browser keeps them. */
export class Jar {
  readonly #cookies = new Map<string, { value: string; path: string }>();

  keep(head: string): void {
    for (const [, name = '', value = '', rest = ''] of head.matchAll(
      /\r\nset-cookie: ([^=]+)=([^;\r]*)([^\r]*)/gi,
    )) {
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(rest)) this.#cookies.delete(name);
      else this.#cookies.set(name, { value, path: /path=([^;]+)/i.exec(rest)?.[1] ?? '/' });
    }
  }

  header(path: string): Record<string, string> {
    const sent = [...this.#cookies].filter(([, cookie]) => path.startsWith(cookie.path));
    return sent.length === 0
      ? {}
      : { Cookie: sent.map(([name, { value }]) => `${name}=${value}`).join('; ') };
  }
}

export const locationOf = (head: string): string | undefined => /\r\nlocation: ([^\r]+)/i.exec(head)?.[1];
