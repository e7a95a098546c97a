import type { DirectAnswer } from '../../http/direct.ts';

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
export const tokenAnswer = (endpoint: keyof typeof EXPOSED, status: number, body: string): DirectAnswer => ({
  status,
  headers: [...SHARED, 'Access-Control-Expose-Headers', EXPOSED[endpoint], ...NEVER_STORED, ...JSON_TYPE],
  body,
});

/** An answer that is the same for all. */
export const publicAnswer = (type: string, etag: string, body: string): DirectAnswer => ({
  status: 200,
  headers: [...SHARED, 'ETag', etag, 'Content-Type', type],
  body,
});

/** What the other side has is what there is. */
export const notModified = (etag: string): DirectAnswer => ({
  status: 304,
  headers: [...SHARED, 'ETag', etag],
  body: '',
});
