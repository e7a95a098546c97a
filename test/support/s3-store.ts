import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sign } from 'aws4';
import { onFileEnd } from './cleanup.ts';

/**
 * A store that speaks enough of S3 for checkpoints, and lets in only who signs as Amazon wants it: each signature is
 * judged by another implementation than ours (aws4).
 */
export interface TestStore {
  endpoint: string;
  objects: Map<string, string>;
  /** Requests refused for their signature. */
  refused: string[];
  /** The next requests get this answer instead. */
  failing: { status: number; times: number };
}

export const STORE_KEY = {
  accessKeyId: 'AKIDCADUCEE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
export const STORE_REGION = 'eu-west-3';
const PAGE = 3;

const read = async (req: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of req as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
};

const isSigned = (req: IncomingMessage, body: Buffer): boolean => {
  const given = req.headers.authorization ?? '';
  const names = /SignedHeaders=([^,]+)/.exec(given)?.[1]?.split(';') ?? [];
  if (req.headers['x-amz-content-sha256'] !== createHash('sha256').update(body).digest('hex')) return false;
  if (!names.includes('host') || !names.includes('x-amz-date') || !names.includes('x-amz-content-sha256'))
    return false;
  const headers = Object.fromEntries(names.map((name) => [name, String(req.headers[name])]));
  const judged = sign(
    {
      host: req.headers.host ?? '',
      path: req.url ?? '',
      method: req.method ?? '',
      service: 's3',
      region: STORE_REGION,
      headers,
    },
    STORE_KEY,
  );
  return judged.headers['Authorization'] === given;
};

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const list = (objects: Map<string, string>, bucket: string, query: URLSearchParams): string => {
  const prefix = `${bucket}/${query.get('prefix') ?? ''}`;
  const after = query.get('continuation-token');
  const names = [...objects.keys()].filter((name) => name.startsWith(prefix)).toSorted();
  const rest = names.filter((name) => after === null || name > Buffer.from(after, 'base64').toString());
  const page = rest.slice(0, PAGE);
  const truncated = rest.length > PAGE;
  const keys = page.map(
    (name) => `<Contents><Key>${escapeXml(name.slice(bucket.length + 1))}</Key></Contents>`,
  );
  const token = Buffer.from(page.at(-1) ?? '').toString('base64');
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${String(truncated)}</IsTruncated>${keys.join('')}${
    truncated ? `<NextContinuationToken>${escapeXml(token)}</NextContinuationToken>` : ''
  }</ListBucketResult>`;
};

const answer = (res: ServerResponse, status: number, body = '') => void res.writeHead(status).end(body);
const complain = (res: ServerResponse, status: number, code: string) =>
  answer(res, status, `<Error><Code>${code}</Code></Error>`);

/** Starts a store; it stops when the file ends. */
export const startTestStore = async (): Promise<TestStore> => {
  const store: TestStore = {
    endpoint: '',
    objects: new Map(),
    refused: [],
    failing: { status: 503, times: 0 },
  };
  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = await read(req);
    if (!isSigned(req, body)) {
      store.refused.push(`${req.method} ${req.url}`);
      return complain(res, 403, 'SignatureDoesNotMatch');
    }
    if (store.failing.times > 0) {
      store.failing.times -= 1;
      return complain(res, store.failing.status, 'SlowDown');
    }
    const url = new URL(req.url ?? '', 'http://store');
    const [bucket = '', ...path] = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const name = `${bucket}/${path.join('/')}`;
    if (req.method === 'GET' && url.searchParams.get('list-type') === '2') {
      return answer(res, 200, list(store.objects, bucket, url.searchParams));
    }
    if (req.method === 'GET') {
      const object = store.objects.get(name);
      return object === undefined ? complain(res, 404, 'NoSuchKey') : answer(res, 200, object);
    }
    if (req.headers['if-none-match'] === '*' && store.objects.has(name)) {
      return complain(res, 412, 'PreconditionFailed');
    }
    store.objects.set(name, body.toString());
    return answer(res, 200);
  };
  const server = createServer((req, res) => void handle(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  onFileEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  store.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return store;
};
