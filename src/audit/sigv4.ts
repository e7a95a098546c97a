import { hmacSha256, sha256 } from '../platform/crypto.ts';

/** Signature Version 4 of Amazon's, as every S3-compatible store checks it. Five small files of a library less. */

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface ToSign {
  method: string;
  url: URL;
  /** To be signed besides `host`, `x-amz-date` and `x-amz-content-sha256`. */
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array;
  at: Date;
  region: string;
  credentials: Credentials;
}

/** RFC 3986: everything but unreserved characters. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** By name, then by value, as they are encoded. */
const canonicalQuery = (url: URL): string =>
  [...url.searchParams]
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .toSorted(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&');

const canonicalPath = (url: URL): string =>
  url.pathname
    .split('/')
    .map((segment) => encode(decodeURIComponent(segment)))
    .join('/');

/** The headers to send: those given, and those that prove who asks. */
export const signS3 = (request: ToSign): Record<string, string> => {
  const { method, url, body = new Uint8Array(), at, region, credentials } = request;
  const stamp = at.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const payload = sha256(body).toString('hex');
  const headers: Record<string, string> = {
    ...Object.fromEntries(
      Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value.trim()]),
    ),
    'x-amz-content-sha256': payload,
    'x-amz-date': stamp,
  };
  const signed = Object.entries({ ...headers, host: url.host }).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(';');
  const canonical = [
    method,
    canonicalPath(url),
    canonicalQuery(url),
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    payload,
  ].join('\n');
  const scope = `${stamp.slice(0, 8)}/${region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', stamp, scope, sha256(canonical).toString('hex')].join('\n');
  const key = [stamp.slice(0, 8), region, 's3', 'aws4_request'].reduce<Uint8Array>(
    (secret, part) => hmacSha256(secret, part),
    Buffer.from(`AWS4${credentials.secretAccessKey}`),
  );
  const signature = hmacSha256(key, toSign).toString('hex');
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
};
