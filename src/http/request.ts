import type { IncomingMessage } from 'node:http';
import type { Locale } from '../../views/locales/index.ts';
import { attached } from '../platform/attached.ts';
import { readable, token } from '../platform/random.ts';

/** What may say which language to speak. */
export interface LanguageSigns {
  /** `?lang=`: the switch of our pages. */
  chosen?: string | undefined;
  /** The cookie that keeps that choice. */
  kept?: string | undefined;
  /** `ui_locales`, what the service asks. */
  asked?: string | undefined;
  acceptLanguage?: string | undefined;
}

/** What belongs to one request, whichever Koa application answers it (the OpenID library has its own). */
export interface RequestState {
  /** Names the request in the log and in the `X-Request-Id` header. */
  readonly id: string;
  /** Names the trace in the log, where traces are sent. */
  trace?: string;
  /** CSP nonce. */
  readonly nonce: string;
  /** Set once the language is negotiated, with what it was negotiated from. */
  signs?: LanguageSigns;
  locale?: Locale;
  /** More targets for forms of this answer: origins, or schemes such as `myapp:`. */
  readonly formAction: Set<string>;
  /** Origins that this answer may show in iframes. */
  readonly frames: Set<string>;
  /** Any site may show this answer in an iframe. */
  framed?: boolean;
}

/** What hardly any answer needs is made when it is asked for. */
class State implements RequestState {
  readonly id = readable(16);
  trace?: string;
  signs?: LanguageSigns;
  locale?: Locale;
  framed?: boolean;
  #nonce: string | undefined;
  #formAction: Set<string> | undefined;
  #frames: Set<string> | undefined;

  get nonce(): string {
    return (this.#nonce ??= token(16));
  }
  get formAction(): Set<string> {
    return (this.#formAction ??= new Set());
  }
  get frames(): Set<string> {
    return (this.#frames ??= new Set());
  }
}

const states = attached<IncomingMessage, RequestState>('request state');

/** The state of a request; made at the first call. Takes anything that carries Node's request, such as a Koa context. */
export const requestState = (ctx: { req: IncomingMessage }): RequestState => {
  const known = states.get(ctx.req);
  if (known) return known;
  const state = new State();
  states.set(ctx.req, state);
  return state;
};
