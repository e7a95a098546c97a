import { createHash, randomBytes } from 'node:crypto';
import type { ClientDeclaration } from '../../src/clients/schema.ts';
import { Browser, basic, type Harness, type Tokens } from '../http/oidc-harness.ts';

/** A relying party in a test's hands: registered, and each of its requests may be bent. */

/** Parameters of a request; undefined leaves one out. */
export type Parameters = Record<string, string | undefined>;

const query = (parameters: Parameters): URLSearchParams =>
  new URLSearchParams(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );

const unescape = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');

/** The fields that a page posts to the service (`response_mode=form_post`); undefined for any other page. */
const postedForm = (page: string, redirectUri: string): URLSearchParams | undefined => {
  if (!page.includes(`action="${redirectUri}"`)) return undefined;
  const fields = [...page.matchAll(/<input (?:type="hidden" )?name="([^"]+)" value="([^"]*)"/g)];
  return new URLSearchParams(fields.map(([, name = '', value = '']) => [name, unescape(value)]));
};

/** What came back to the service, or the page where the browser stayed. */
export interface Outcome {
  answer: URLSearchParams;
  location: string | undefined;
  response: Response;
  verifier: string;
}

/** An answer of a back-channel endpoint. */
export interface Answer {
  status: number;
  body: Record<string, unknown>;
  response: Response;
}

export class Rp {
  readonly harness: Harness;
  readonly clientId: string;
  readonly secret: string | undefined;
  readonly redirectUri: string;
  readonly #byBody: boolean;

  constructor(
    harness: Harness,
    clientId: string,
    secret: string | undefined,
    redirectUri: string,
    byBody: boolean,
  ) {
    this.harness = harness;
    this.clientId = clientId;
    this.secret = secret;
    this.redirectUri = redirectUri;
    this.#byBody = byBody;
  }

  /** The authorization request that this service makes. */
  request(parameters: Parameters = {}): { url: string; verifier: string; query: URLSearchParams } {
    const verifier = randomBytes(32).toString('base64url');
    const all = query({
      client_id: this.clientId,
      redirect_uri: this.redirectUri,
      response_type: 'code',
      scope: 'openid',
      state: `state-${this.clientId}`,
      nonce: `nonce-${this.clientId}`,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...parameters,
    });
    return { url: `${this.harness.origin}/auth?${all.toString()}`, verifier, query: all };
  }

  /** Sends a browser there and follows it until it leaves the provider, or stays on a page. */
  async authorize(browser = new Browser(), parameters: Parameters = {}): Promise<Outcome> {
    const { url, verifier } = this.request(parameters);
    const { response, location } = await browser.follow(url);
    if (location !== undefined)
      return { answer: new URL(location).searchParams, location, response, verifier };
    const posted = postedForm(await response.clone().text(), this.redirectUri);
    return {
      answer: posted ?? new URLSearchParams(),
      location: posted && this.redirectUri,
      response,
      verifier,
    };
  }

  /** A POST to an endpoint below the issuer, authenticated as registered. */
  async post(path: string, form: Parameters, headers: Record<string, string> = {}): Promise<Answer> {
    const byHeader = this.secret !== undefined && !this.#byBody;
    const body = query({
      ...(byHeader ? {} : { client_id: this.clientId, client_secret: this.secret }),
      ...form,
    });
    const response = await fetch(`${this.harness.config.issuer}/protocol/openid-connect/${path}`, {
      method: 'POST',
      headers: { ...(byHeader ? basic(this.clientId, this.secret ?? '') : {}), ...headers },
      body,
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
      response,
    };
  }

  redeem(outcome: Pick<Outcome, 'answer' | 'verifier'>, more: Parameters = {}): Promise<Answer> {
    return this.post('token', {
      grant_type: 'authorization_code',
      code: outcome.answer.get('code') ?? '',
      redirect_uri: this.redirectUri,
      code_verifier: outcome.verifier,
      ...more,
    });
  }

  refresh(token: string): Promise<Answer> {
    return this.post('token', { grant_type: 'refresh_token', refresh_token: token });
  }

  /** A whole sign-in. */
  async signIn(browser = new Browser(), parameters: Parameters = {}): Promise<Tokens> {
    const outcome = await this.authorize(browser, parameters);
    const { status, body } = await this.redeem(
      outcome,
      'code_challenge' in parameters && parameters['code_challenge'] === undefined
        ? { code_verifier: undefined }
        : {},
    );
    if (status !== 200) throw new Error(`no tokens: ${outcome.answer.toString()} ${JSON.stringify(body)}`);
    return body as Tokens;
  }
}

let registered = 0;

/** Registers a service; `declaration` says what differs from a confidential one with `openid scope_all`. */
export const register = async (
  harness: Harness,
  declaration: Partial<ClientDeclaration> = {},
): Promise<Rp> => {
  registered += 1;
  const clientId = declaration.client_id ?? `rp-${registered}`;
  const redirectUri = declaration.redirect_uris?.[0] ?? `https://${clientId}.example/callback`;
  const method = declaration.token_endpoint_auth_method ?? 'client_secret_basic';
  const secret = method.startsWith('client_secret_') ? randomBytes(32).toString('base64url') : undefined;
  await harness.addClient(
    {
      client_id: clientId,
      client_name: `Service ${clientId}`,
      ...(declaration.grant_types?.includes('authorization_code') === false
        ? {}
        : { redirect_uris: [redirectUri] }),
      ...declaration,
    },
    secret,
  );
  return new Rp(harness, clientId, secret, redirectUri, method === 'client_secret_post');
};
