import { createServer } from 'node:http';
import type { Config } from '../../src/config.ts';
import { authorizationRequest, payloadOf, post } from '../http/oidc-harness.ts';
import { listen } from './card-site.ts';
import { onFileEnd } from './cleanup.ts';

/** A service for real browsers: its page has nothing but what it was told of the person, as JSON. */
export interface RelyingParty {
  /** Where a person begins; the query goes to the provider (`prompt=login`…). */
  url: string;
  /** Where the claims are shown, or the error. */
  shown: RegExp;
}

/** Starts a service of the client `sandbox`; it ends with the test file. */
export const startRelyingParty = async (site: { origin: string; config: Config }): Promise<RelyingParty> => {
  const verifiers = new Map<string, string>();
  let origin = '';
  const claims = async (query: URLSearchParams): Promise<unknown> => {
    const state = query.get('state') ?? '';
    const code = query.get('code');
    if (code === null) return Object.fromEntries(query);
    const { body } = await post(site, 'token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: `${origin}/retour`,
      code_verifier: verifiers.get(state) ?? '',
    });
    return typeof body['id_token'] === 'string' ? payloadOf(body['id_token']) : body;
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', origin);
    if (pathname === '/retour') {
      claims(searchParams).then(
        (told) => response.end(JSON.stringify(told)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
      return;
    }
    const state = `s${verifiers.size}`;
    const { url, verifier } = authorizationRequest(site, {
      ...Object.fromEntries(searchParams),
      redirect_uri: `${origin}/retour`,
      state,
    });
    verifiers.set(state, verifier);
    response.writeHead(pathname === '/' ? 303 : 404, { Location: url }).end();
  });
  origin = `http://127.0.0.1:${await listen(server)}`;
  onFileEnd(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `${origin}/`, shown: new RegExp(`^${origin}/retour`) };
};
