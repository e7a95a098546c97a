import type { Context } from 'koa';
import type { Card } from '../card/service.ts';
import type { Practitioner } from '../registry/service.ts';

/** What the sign-in pages ask of the rooms around them. Implemented by oidc, ecps, limits and platform; wired in app.ts. */

/** A sign-in that a service has asked for. */
export interface Interaction {
  uid: string;
  service: { clientId: string; name: string; host: string };
  /** Where the answer goes at the end; the pages' CSP lets forms end there. */
  redirectUri: string;
  /** The service's own page, for "back to the service" once the sign-in is gone. */
  homeUrl?: string | undefined;
  /** What the service asks (or the default), as shown to the phone. */
  acr: string;
  uiLocales?: string | undefined;
  /** A national identifier that the service already knows. */
  loginHint?: string | undefined;
  bindingMessage?: string | undefined;
  /** True when a session existed and its card may no longer sign in. */
  cardRefused?: boolean | undefined;
  /** Set once the interaction has its answer: where the browser goes on. A reload then loses nothing. */
  resumeUrl?: string | undefined;
}

/** Who a phone has vouched for. */
export interface Approved {
  nationalId: string;
  practitionerId: string;
  deviceId: string;
  flow: 'cross' | 'same';
  amr: string[];
  acr: string;
  at: Date;
}

/** What the provider is told of a sign-in. */
export interface SignedIn {
  nationalId: string;
  /** The person, where this very request has asked the registry already. */
  practitioner?: Practitioner;
  acr: string;
  amr: string[];
  /** `MOBILE` or `CARD`. */
  authMode: string;
  authTime: Date;
  deviceId?: string;
  /** Serial number of the card's certificate. */
  cardSerial?: string;
}

/** Who asks for a sign-in and hears its end: the OpenID provider, or our own test of the e-CPS. */
export interface SignInProvider {
  /** The interaction whose cookie this browser holds; undefined when it expired or belongs to another browser. */
  interaction(ctx: Context): Promise<Interaction | undefined>;
  /** Records who signed in and answers with the redirect that goes on. */
  finishSignIn(ctx: Context, signedIn: SignedIn): Promise<void>;
  /** Answers with the redirect that tells the service it was refused. */
  abort(ctx: Context, error: { error: 'access_denied'; error_description: string }): Promise<void>;
}

/** What the phone shows of the computer that asks. */
export interface ApprovalContext {
  service: { clientId: string; name: string; host: string };
  browser: string;
  place: string;
  at: string;
  known: boolean;
  acr: string;
  bindingMessage?: string;
  locale: 'fr' | 'en';
}

export type ApprovalState = 'waiting' | 'approved' | 'expired' | 'stopped';

/** The e-CPS, seen from the computer (src/ecps/approvals). */
export interface Approvals {
  start(input: {
    nationalId?: string;
    interactionId: string;
    browserToken: string;
    context: ApprovalContext;
    bindings?: ('number' | 'qr' | 'link')[];
    /** A report from the phone silences it for that person. */
    address?: string;
  }): Promise<{ txn: string; number: string | undefined; expiresAt: Date }>;
  qr(txn: string, browserToken: string): Promise<string | undefined>;
  link(txn: string, browserToken: string): Promise<string | undefined>;
  status(txn: string, browserToken: string): Promise<ApprovalState>;
  watch(txn: string, onChange: () => void): Promise<() => Promise<void>>;
  finish(txn: string, browserToken: string, verifier?: string): Promise<Approved | undefined>;
  /** The person signed in from this browser; `browserKey` is the long-lived value of its cookie. */
  rememberBrowser(nationalId: string, browserKey: string): Promise<void>;
  isKnown(nationalId: string, browserKey: string): Promise<boolean>;
}

/** The card, seen from the sign-in pages (src/card/service.ts). */
export type CardReader = Pick<Card, 'hosts' | 'begin' | 'redeem' | 'recheck'>;

/** src/limits: counts first, then compares. */
export interface Limits {
  hit(
    name: string,
    subject: string,
    rules: { limit: number; seconds: number }[],
  ): Promise<{ allowed: boolean; retryAfter: number }>;
}

/** The approximate place of an address, "" when unknown (src/platform/geo). */
export interface Geo {
  place(address: string, locale: 'fr' | 'en'): string;
}
