import type { Clock } from '../platform/clock.ts';
import { signS3, type Credentials } from './sigv4.ts';

/** A bucket of an S3-compatible store, addressed by path: as much of it as checkpoints need. */
export interface Bucket {
  /** Writes an object that does not exist yet; false when it does. */
  put(name: string, content: string): Promise<boolean>;
  get(name: string): Promise<string>;
  /** Names that begin so, in order. */
  list(prefix: string): Promise<string[]>;
}

export interface BucketOptions {
  /** `https://s3.example` */
  endpoint: string;
  bucket: string;
  region: string;
  credentials: Credentials;
  clock: Clock;
}

const PATIENCE_MS = 20_000;

const unescapeXml = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');

/** The texts of every element of this name. */
const elements = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) => unescapeXml(text));

/** What the store says is wrong, without what it repeats of the request. */
const complaint = async (answer: Response): Promise<string> => {
  const [code] = elements(await answer.text().catch(() => ''), 'Code');
  return `${answer.status}${code === undefined ? '' : ` ${code}`}`;
};

/** Makes the client of one bucket; it opens nothing. */
export const createBucket = (options: BucketOptions): Bucket => {
  const { endpoint, bucket, region, credentials, clock } = options;
  const ask = (
    method: 'GET' | 'PUT',
    path: string,
    given: { query?: Record<string, string>; headers?: Record<string, string>; body?: Uint8Array } = {},
  ): Promise<Response> => {
    const url = new URL(`${endpoint.replace(/\/$/, '')}/${bucket}${path}`);
    for (const [name, value] of Object.entries(given.query ?? {})) url.searchParams.set(name, value);
    const headers = signS3({ method, url, at: clock.now(), region, credentials, ...given });
    return fetch(url, {
      method,
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(given.body ? { body: given.body as Uint8Array<ArrayBuffer> } : {}),
    });
  };
  const path = (name: string): string => `/${name.split('/').map(encodeURIComponent).join('/')}`;

  return {
    put: async (name, content) => {
      const answer = await ask('PUT', path(name), {
        headers: { 'content-type': 'application/jose', 'if-none-match': '*' },
        body: Buffer.from(content),
      });
      if (answer.status === 412) return false;
      if (!answer.ok) throw new Error(`s3://${bucket}/${name} was not written: ${await complaint(answer)}`);
      await answer.arrayBuffer();
      return true;
    },
    get: async (name) => {
      const answer = await ask('GET', path(name));
      if (!answer.ok) throw new Error(`s3://${bucket}/${name} was not read: ${await complaint(answer)}`);
      return answer.text();
    },
    list: async (prefix) => {
      const names: string[] = [];
      let token: string | undefined;
      do {
        const query = {
          'list-type': '2',
          prefix,
          ...(token === undefined ? {} : { 'continuation-token': token }),
        };
        const answer = await ask('GET', '', { query });
        if (!answer.ok) throw new Error(`s3://${bucket} was not listed: ${await complaint(answer)}`);
        const xml = await answer.text();
        names.push(...elements(xml, 'Key'));
        [token] = elements(xml, 'IsTruncated')[0] === 'true' ? elements(xml, 'NextContinuationToken') : [];
      } while (token !== undefined);
      return names;
    },
  };
};
