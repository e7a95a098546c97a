import { randomInt, randomUUID } from 'node:crypto';
import { Connection, Jar, locationOf, type Answer } from './http.ts';
import { CALLBACK, SECRET, type Paths, type ServiceId } from './targets.ts';

/** What relying parties and browsers do, on one connection. */

export interface Tokens {
  access_token: string;
  refresh_token: string;
  id_token: string;
}

const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

const basic = (id: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${id}:${SECRET}`).toString('base64')}`,
});
const encoded = encodeURIComponent(CALLBACK);

const authorizationPath = (paths: Paths, service: ServiceId, more: string): string =>
  `${paths.authorization}?client_id=${service}&response_type=code&scope=openid%20scope_all&redirect_uri=${encoded}` +
  `&state=state&nonce=${randomUUID()}&code_challenge=${CHALLENGE}&code_challenge_method=S256&acr_values=eidas1${more}`;

/** One worker: a connection, and what it holds between operations. */
export class Worker {
  readonly connection: Connection;
  readonly #paths: Paths;
  jar = new Jar();
  /** The request that this worker polls. */
  polled = '';
  #from: Record<string, string> = {};
  tokens: Tokens = { access_token: '', refresh_token: '', id_token: '' };

  constructor(port: number, host: string, paths: Paths) {
    this.connection = new Connection(port, host);
    this.#paths = paths;
  }

  async #code(service: ServiceId, more: string): Promise<string> {
    let path = authorizationPath(this.#paths, service, more);
    for (let hops = 0; hops < 7; hops += 1) {
      const { status, head, body } = await this.connection.send('GET', path, this.jar.header(path));
      this.jar.keep(head);
      const location = locationOf(head);
      if (location === undefined) throw new Error(`no redirect: ${status} ${body.slice(0, 300)}`);
      if (location.startsWith(CALLBACK)) {
        const code = new URL(location).searchParams.get('code');
        if (code === null) throw new Error(`no code: ${location}`);
        return code;
      }
      const next = new URL(location, 'http://host');
      path = next.pathname + next.search;
    }
    throw new Error('redirected for ever');
  }

  async #token(service: ServiceId, form: string): Promise<void> {
    const { status, body } = await this.connection.send('POST', this.#paths.token, basic(service), form);
    if (status !== 200) throw new Error(`no tokens: ${status} ${body}`);
    this.tokens = JSON.parse(body) as Tokens;
    if (!this.tokens.id_token || !this.tokens.refresh_token) throw new Error(`tokens are missing: ${body}`);
  }

  #redeem(service: ServiceId, code: string): Promise<void> {
    return this.#token(
      service,
      `grant_type=authorization_code&code=${code}&redirect_uri=${encoded}&code_verifier=${VERIFIER}`,
    );
  }

  /** Authorization, interaction, resumption, code, tokens and userinfo, in a fresh browser. */
  async signIn(service: ServiceId): Promise<void> {
    this.jar = new Jar();
    await this.#redeem(service, await this.#code(service, '&prompt=login'));
    await this.userinfo();
  }

  /** The next service of the same browser: authorization, tokens, userinfo. */
  async singleSignOn(service: ServiceId): Promise<void> {
    await this.#redeem(service, await this.#code(service, ''));
    await this.userinfo();
  }

  refresh(service: ServiceId): Promise<void> {
    return this.#token(
      service,
      `grant_type=refresh_token&refresh_token=${encodeURIComponent(this.tokens.refresh_token)}`,
    );
  }

  async userinfo(): Promise<void> {
    const headers = { Authorization: `Bearer ${this.tokens.access_token}` };
    const { status, body } = await this.connection.send('GET', this.#paths.userinfo, headers);
    if (status !== 200 || !body.includes('SubjectRefPro')) throw new Error(`no userinfo: ${status} ${body}`);
  }

  async introspection(service: ServiceId): Promise<void> {
    const form = `token=${this.tokens.access_token}`;
    const { status, body } = await this.connection.send(
      'POST',
      this.#paths.introspection,
      basic(service),
      form,
    );
    if (status !== 200 || !body.includes('"active":true')) throw new Error(`not active: ${status} ${body}`);
  }

  async get(path: string): Promise<void> {
    const { status, body } = await this.connection.send('GET', path, {});
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${body}`);
  }

  /** Begins a backchannel authentication of somebody, who does not answer. */
  async ciba(): Promise<void> {
    const hint = `8${String(randomInt(1e11)).padStart(11, '0')}`;
    const form = `scope=openid&login_hint=${hint}&binding_message=12&acr_values=eidas1`;
    const { status, body } = await this.connection.send('POST', this.#paths.ciba, basic('ciba'), form);
    if (status !== 200) throw new Error(`no CIBA: ${status} ${body}`);
    this.polled = (JSON.parse(body) as { auth_req_id: string }).auth_req_id;
  }

  async #visit(method: 'GET' | 'POST', path: string, form?: string): Promise<Answer> {
    const headers = { ...this.jar.header(path), ...this.#from, Accept: 'text/html' };
    const answer = await this.connection.send(method, path, headers, form);
    this.jar.keep(answer.head);
    return answer;
  }

  /** Goes to the wait page of a sign-in by QR, which nobody scans. Each comes from an address of its own, which limits count. */
  async wait(service: ServiceId): Promise<void> {
    this.jar = new Jar();
    const from = `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}`;
    this.#from = { 'X-Forwarded-For': from, Origin: `http://${this.connection.host}` };
    const asked = await this.#visit('GET', authorizationPath(this.#paths, service, '&prompt=login'));
    const page = locationOf(asked.head) ?? '';
    const { body } = await this.#visit('GET', page);
    const [, name = '', value = ''] =
      /<input\s+type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"/.exec(body) ?? [];
    const sent = await this.#visit('POST', page, `${name}=${encodeURIComponent(value)}&moyen=qr`);
    if (!locationOf(sent.head)?.endsWith('/attente'))
      throw new Error(`no wait page: ${sent.status} ${sent.body}`);
    this.polled = `${page}/statut`;
  }

  /** Asks whether the phone has answered, as the page does without an event stream. */
  async waitStatus(): Promise<void> {
    const { status, body } = await this.connection.send('GET', this.polled, this.jar.header(this.polled));
    if (status !== 200 || !body.includes('"waiting"')) throw new Error(`wait: ${status} ${body}`);
  }

  /** Asks whether there is an answer. Ours tells whoever asks more than once a second to slow down, which costs the same. */
  async cibaPoll(): Promise<void> {
    const form = `grant_type=${encodeURIComponent('urn:openid:params:grant-type:ciba')}&auth_req_id=${this.polled}`;
    const { status, body } = await this.connection.send('POST', this.#paths.token, basic('ciba'), form);
    if (status !== 400 || !/authorization_pending|slow_down/.test(body))
      throw new Error(`poll: ${status} ${body}`);
  }
}
