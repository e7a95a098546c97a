import {
  createHash,
  createHmac,
  generateKeyPairSync,
  randomBytes,
  sign,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { CALLBACK, EXERCISES, HOLDER, LIBRARY_PATHS, SECRET, settings, tellReady } from '../targets.ts';

/**
 * F: the floor. The same exchanges, the same cryptography and the same durability by hand, without a framework and without
 * an OpenID provider's checks: what Node can do at best. Not a provider.
 */

const redis = new Redis(settings().redisUrl, { enableAutoPipelining: true });

type Fields = Record<string, string | number>;

const keys: Record<string, KeyObject> = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
};
const algorithmOf = (clientId: string): string => (clientId.startsWith('rs') ? 'RS256' : 'ES256');
const cookieKey = randomBytes(32);
const random = (): string => randomBytes(32).toString('base64url');
const mac = (text: string): string => createHmac('sha256', cookieKey).update(text).digest('base64url');
const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const readCookie = (request: IncomingMessage, name: string): string | undefined => {
  const value = new RegExp(`${name}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1];
  const [id = '', given = ''] = value?.split('~') ?? [];
  const right = mac(name + id);
  return given.length === right.length && timingSafeEqual(Buffer.from(given), Buffer.from(right))
    ? id
    : undefined;
};
const cookie = (name: string, id: string): string =>
  `${name}=${id}~${mac(name + id)}; path=/; httponly; samesite=lax`;

const redirect = (response: ServerResponse, location: string, setCookie?: string): void => {
  response
    .writeHead(303, { location, 'content-length': 0, ...(setCookie ? { 'set-cookie': setCookie } : {}) })
    .end();
};
const json = (response: ServerResponse, value: object, status = 200): void => {
  const body = JSON.stringify(value);
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body);
};
const save = (key: string, value: object, seconds: number) =>
  redis.set(key, JSON.stringify(value), 'EX', seconds);
const load = async (key: string, take = false): Promise<Fields | undefined> => {
  const text = take ? await redis.getdel(key) : await redis.get(key);
  return text === null ? undefined : (JSON.parse(text) as Fields);
};

const form = async (request: IncomingMessage): Promise<URLSearchParams> => {
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) body += String(chunk);
  return new URLSearchParams(body);
};
const secretHash = createHash('sha256').update(SECRET).digest();
const clientOf = (request: IncomingMessage): string | undefined => {
  const [id = '', secret = ''] = Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64')
    .toString()
    .split(':');
  return timingSafeEqual(createHash('sha256').update(secret).digest(), secretHash) ? id : undefined;
};
const now = (): number => Math.floor(Date.now() / 1000);

const giveCode = async (response: ServerResponse, asked: Fields, sid: string, setCookie?: string) => {
  const code = random();
  await Promise.all([
    save(`c:${code}`, { ...asked, sid, at: now() }, 60),
    ...(setCookie ? [save(`s:${sid}`, { sub: HOLDER, at: now() }, 14_400)] : []),
  ]);
  redirect(response, `${CALLBACK}?code=${code}&state=${String(asked['state'])}`, setCookie);
};

const authorize = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
  const asked = Object.fromEntries(url.searchParams) as Fields;
  const sid = asked['prompt'] === 'login' ? undefined : readCookie(request, 'session');
  if (sid !== undefined && (await load(`s:${sid}`))) return giveCode(response, asked, sid);
  const id = random();
  await save(`i:${id}`, asked, 1800);
  redirect(response, `/interaction/${id}`, cookie('interaction', id));
};
const approve = async (request: IncomingMessage, response: ServerResponse, id: string): Promise<void> => {
  const asked = readCookie(request, 'interaction') === id ? await load(`i:${id}`) : undefined;
  if (!asked) return json(response, { error: 'gone' }, 400);
  await save(`i:${id}`, { ...asked, sub: HOLDER }, 1800);
  redirect(response, `/auth/${id}`);
};
const resume = async (request: IncomingMessage, response: ServerResponse, id: string): Promise<void> => {
  const asked = readCookie(request, 'interaction') === id ? await load(`i:${id}`, true) : undefined;
  if (!asked) return json(response, { error: 'gone' }, 400);
  const sid = random();
  await giveCode(response, asked, sid, cookie('session', sid));
};

const token = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const given = await form(request);
  const clientId = clientOf(request);
  const isCode = given.get('grant_type') === 'authorization_code';
  const source = await load(isCode ? `c:${given.get('code')}` : `r:${given.get('refresh_token')}`, true);
  const verifier = createHash('sha256')
    .update(given.get('code_verifier') ?? '')
    .digest('base64url');
  if (!clientId || source?.['client_id'] !== clientId || (isCode && source['code_challenge'] !== verifier)) {
    return json(response, { error: 'invalid_grant' }, 400);
  }
  const [access, refresh] = [random(), random()];
  const alg = algorithmOf(clientId);
  const key = keys[alg] as KeyObject;
  const claims = {
    sub: HOLDER,
    auth_time: source['at'],
    nonce: source['nonce'],
    aud: clientId,
    sid: source['sid'],
  };
  const input = `${base64({ alg, kid: alg })}.${base64({ ...claims, iat: now(), exp: now() + 120 })}`;
  const signature = sign(
    'sha256',
    Buffer.from(input),
    alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key,
  );
  await Promise.all([
    save(`a:${access}`, { sub: HOLDER, client_id: clientId, scope: source['scope'] }, 120),
    save(`r:${refresh}`, source, 1800),
  ]);
  const tokens = {
    access_token: access,
    refresh_token: refresh,
    id_token: `${input}.${signature.toString('base64url')}`,
  };
  json(response, { ...tokens, expires_in: 120, token_type: 'Bearer', scope: source['scope'] });
};
const userinfo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const found = await load(`a:${request.headers.authorization?.slice(7)}`);
  if (!found) return json(response, { error: 'invalid_token' }, 401);
  json(response, { sub: HOLDER, given_name: 'CLAIRE', SubjectRefPro: { exercices: EXERCISES } });
};
const introspect = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const given = await form(request);
  if (!clientOf(request)) return json(response, {}, 401);
  const found = await load(`a:${given.get('token')}`);
  json(response, found ? { active: true, ...found } : { active: false });
};

const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? '/', 'http://floor');
  const path = url.pathname;
  if (path === '/auth') return authorize(request, response, url);
  if (path.startsWith('/interaction/')) return approve(request, response, path.slice(13));
  if (path.startsWith('/auth/')) return resume(request, response, path.slice(6));
  if (path === '/token') return token(request, response);
  if (path === '/me') return userinfo(request, response);
  if (path === '/token/introspection') return introspect(request, response);
  json(response, { error: 'not_found' }, 404);
};
const server = createServer((request, response) => {
  route(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
});
server.keepAliveTimeout = 65_000;
server.listen(0, '127.0.0.1', () => tellReady((server.address() as AddressInfo).port, LIBRARY_PATHS));
