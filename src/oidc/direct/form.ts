import type { IncomingMessage } from 'node:http';
import { parse } from 'node:querystring';
import type { DirectRequest } from '../../http/direct.ts';

/** Small forms, read before the application; whoever reads the request after gets the same bytes. */

const MOST_BYTES = 8192;
const FORM = /^application\/x-www-form-urlencoded(; ?charset=utf-8)?$/i;

/** Length of a plain form's body, or undefined when it is anything else. */
export const formLength = ({ headers }: IncomingMessage): number | undefined => {
  if (!FORM.test(headers['content-type'] ?? '') || headers['transfer-encoding'] !== undefined)
    return undefined;
  if (headers['content-encoding'] !== undefined) return undefined;
  const length = Number(headers['content-length']);
  return Number.isSafeInteger(length) && length > 0 && length <= MOST_BYTES ? length : undefined;
};

/** Reads the whole body; undefined when the other side went away. */
const readBytes = (request: IncomingMessage, length: number): Promise<Buffer | undefined> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const [only] = chunks;
      const body = chunks.length === 1 && only ? only : Buffer.concat(chunks);
      resolve(body.length === length ? body : undefined);
    });
    request.once('error', () => resolve(undefined));
    request.once('close', () => resolve(undefined));
  });

/** Puts the body back, for the library's own reading (shared/selective_body.js asks these two). */
const putBack = (request: IncomingMessage, body: Buffer): void => {
  Object.defineProperty(request, 'readable', { configurable: true, value: true });
  Object.defineProperty(request, 'iterator', {
    configurable: true,
    value: async function* iterator() {
      yield body;
    },
  });
};

/** Reads the body and goes on with it; `otherwise` gives the request to the application, its body with it. */
export const withBody = (
  asked: DirectRequest,
  length: number,
  goOn: (body: Buffer, otherwise: () => void) => void,
): void => {
  void readBytes(asked.request, length).then((body) => {
    if (!body) return; // nobody is there any more
    goOn(body, () => {
      putBack(asked.request, body);
      asked.otherwise();
    });
  });
};

/** The fields, if each is there once and none is unexpected. */
export const fieldsOf = (
  body: Buffer,
  expected: ReadonlySet<string>,
): Readonly<Record<string, string>> | undefined => {
  const fields = parse(body.toString());
  for (const [name, value] of Object.entries(fields)) {
    if (!expected.has(name) || typeof value !== 'string') return undefined;
  }
  return fields as Record<string, string>;
};

const BASIC = /^Basic ([A-Za-z0-9+/]+={0,2})$/;
const PLAIN = /^([A-Za-z0-9._~-]+):([A-Za-z0-9._~-]+)$/;

/** Identifier and secret, when nothing in them had to be encoded. */
export const basicOf = ({ headers }: IncomingMessage): { id: string; secret: string } | undefined => {
  const encoded = BASIC.exec(headers.authorization ?? '')?.[1];
  if (encoded === undefined || encoded.length % 4 !== 0) return undefined;
  const [, id, secret] = PLAIN.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
};
