import { directBody, type DirectAnswer } from '../../http/direct.ts';

/** Headers of the library's answers and of the languages before it, which a direct answer gives alike. */
const SHARED = ['Vary', 'Accept-Language, Origin', 'Access-Control-Allow-Origin', '*'] as const;
const NEVER_STORED = ['Cache-Control', 'no-store'] as const;
const JSON_TYPE = ['Content-Type', 'application/json; charset=utf-8'] as const;

/** Which headers a page of another origin may read, by the library's own choice for each endpoint. */
export const EXPOSED = {
  userinfo: 'DPoP-Nonce,WWW-Authenticate',
  introspection: 'WWW-Authenticate',
  token: 'DPoP-Nonce,WWW-Authenticate',
} as const;

/** An answer about a token: never to be stored by anyone. */
export const tokenAnswer = (endpoint: keyof typeof EXPOSED, status: number, text: string): DirectAnswer => {
  const { length, ...body } = directBody(text);
  const exposed = ['Access-Control-Expose-Headers', EXPOSED[endpoint]];
  return { status, headers: [...SHARED, ...exposed, ...NEVER_STORED, ...JSON_TYPE, ...length], ...body };
};

/** An answer that is the same for all. */
export const publicAnswer = (type: string, etag: string, text: string): DirectAnswer => {
  const { length, ...body } = directBody(text);
  return { status: 200, headers: [...SHARED, 'ETag', etag, 'Content-Type', type, ...length], ...body };
};

/** What the other side has is what there is. */
export const notModified = (etag: string): DirectAnswer => ({
  status: 304,
  headers: [...SHARED, 'ETag', etag],
  body: '',
  encoding: 'latin1',
});
