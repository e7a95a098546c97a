import { createServer } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import {
  type Browser,
  type Harness,
  type Tokens,
  authorizationRequest,
  basic,
  post,
  startProvider,
} from '../http/oidc-harness.ts';
import { listen } from './card-site.ts';
import { onFileEnd } from './cleanup.ts';

/** A provider, and services that want to hear of sign-outs in every way there is. */

/** What a service was asked. */
export interface Asked {
  method: string;
  url: URL;
  form: URLSearchParams;
  headers: Record<string, string | string[] | undefined>;
}

/** What a service's page holds, by path; anything else answers 200 with its address. */
type Pages = Record<string, (asked: Asked) => { status?: number; body?: string; hang?: boolean }>;

export interface Service {
  origin: string;
  /** Everything it was asked, in order. */
  asked: Asked[];
  /** What it was asked at an address. */
  at(path: string): Asked[];
  pages: Pages;
}

/** Starts a service on a host of this machine: `localhost` is the provider's site, `127.0.0.1` is another one. */
export const startService = async (host: 'localhost' | '127.0.0.1' = '127.0.0.1'): Promise<Service> => {
  const asked: Asked[] = [];
  const pages: Pages = {};
  let origin = '';
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', origin);
      const one = {
        ...{ url, method: request.method ?? '', headers: request.headers },
        form: new URLSearchParams(body),
      };
      asked.push(one);
      const page = pages[url.pathname]?.(one) ?? {};
      if (page.hang) return;
      response.writeHead(page.status ?? 200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(page.body ?? `<!doctype html><title>service</title>${url.pathname}`);
    });
  });
  origin = `http://${host}:${await listen(server)}`;
  onFileEnd(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { origin, asked, pages, at: (path) => asked.filter(({ url }) => url.pathname === path) };
};

export interface LogoutSite {
  harness: Harness;
  logoutUrl: string;
  /** Registers a service as a client. */
  register(clientId: string, service: Service, extra?: Record<string, unknown>): Promise<void>;
  /** A whole sign-in at a registered service. */
  signIn(
    browser: Browser,
    clientId: string,
    service: Service,
    extra?: Record<string, string>,
  ): Promise<Tokens>;
  /** True while `prompt=none` is answered with a code. */
  isOpen(browser: Browser, clientId: string, service: Service): Promise<boolean>;
  logout(parameters: Record<string, string>): string;
  /** Verifies a token with the provider's published keys. */
  verify(token: string, audience: string, options?: { currentDate?: Date }): ReturnType<typeof jwtVerify>;
}

/** Starts the provider with the real pages. */
export const startLogoutSite = async (): Promise<LogoutSite> => {
  const harness = await startProvider('postgres', {}, { pages: 'real' });
  const { issuer } = harness.config;
  const logoutUrl = `${issuer}/protocol/openid-connect/logout`;
  const keys = createRemoteJWKSet(new URL(`${issuer}/protocol/openid-connect/certs`));
  const ask = async (browser: Browser, clientId: string, service: Service, extra: Record<string, string>) => {
    const redirect = `${service.origin}/callback`;
    const { url, verifier } = authorizationRequest(harness, {
      ...{ client_id: clientId, redirect_uri: redirect },
      ...extra,
    });
    const { location } = await browser.follow(url);
    return { answer: new URL(location ?? 'http://none.invalid').searchParams, verifier, redirect };
  };
  return {
    harness,
    logoutUrl,
    register: (clientId, service, extra = {}) =>
      harness.addClient(
        {
          client_id: clientId,
          client_name: `Service ${clientId}`,
          redirect_uris: [`${service.origin}/callback`],
          post_logout_redirect_uris: [`${service.origin}/bye`],
          ...extra,
        },
        'secret',
      ),
    signIn: async (browser, clientId, service, extra = {}) => {
      const { answer, verifier, redirect } = await ask(browser, clientId, service, extra);
      const { body } = await post(
        harness,
        'token',
        {
          grant_type: 'authorization_code',
          code: answer.get('code') ?? '',
          redirect_uri: redirect,
          code_verifier: verifier,
        },
        basic(clientId, 'secret'),
      );
      return { ...(body as Tokens), answered_session_state: answer.get('session_state') };
    },
    isOpen: async (browser, clientId, service) =>
      (await ask(browser, clientId, service, { prompt: 'none' })).answer.get('code') !== null,
    logout: (parameters) => `${logoutUrl}?${new URLSearchParams(parameters).toString()}`,
    verify: (token, audience, options = {}) => jwtVerify(token, keys, { issuer, audience, ...options }),
  };
};
