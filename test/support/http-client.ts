/** A browser's bare bones over fetch: keeps cookies by path, sends Origin with POSTs, follows nothing by itself. */
export class HttpClient {
  readonly #cookies = new Map<string, { name: string; value: string; path: string }>();
  readonly #origin: string;
  readonly headers: Record<string, string>;

  constructor(origin: string, headers: Record<string, string> = {}) {
    this.#origin = origin;
    this.headers = { accept: 'text/html,*/*', 'accept-language': 'fr', ...headers };
  }

  #cookieHeader(path: string): string {
    return [...this.#cookies.values()]
      .filter((cookie) => cookie.path === '/' || path === cookie.path || path.startsWith(`${cookie.path}/`))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  #keep(response: Response, path: string): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      const attribute = (key: string) =>
        attributes.find((one) => one.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
      const kept = { name, value, path: attribute('path') ?? path };
      const expires = attribute('expires');
      const key = `${kept.name} ${kept.path}`;
      if (expires !== undefined && new Date(expires).getTime() < Date.now()) this.#cookies.delete(key);
      else this.#cookies.set(key, kept);
    }
  }

  /** Names of the cookies kept. */
  get cookieNames(): string[] {
    return [...this.#cookies.values()].map((cookie) => cookie.name);
  }

  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const url = new URL(path, this.#origin);
    const cookie = this.#cookieHeader(url.pathname);
    const response = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: {
        ...this.headers,
        ...(cookie ? { cookie } : {}),
        ...(init.headers as Record<string, string>),
      },
    });
    if (url.origin === this.#origin) this.#keep(response, url.pathname);
    return response;
  }

  get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    this.request(path, { headers });

  post = (
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    this.request(path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: this.#origin, ...headers },
    });
}

/** The hidden fields of a page's first form that posts to `action`, or of its first form. */
export const hiddenFields = (page: string): Record<string, string> =>
  Object.fromEntries(
    [...page.matchAll(/<input\s+type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"/g)].map((match) => [
      match[1],
      match[2],
    ]),
  ) as Record<string, string>;
