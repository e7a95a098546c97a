import type { Context } from 'koa';

/**
 * The pages that the protocol needs, drawn by the caller: this room decides what is said and when, the views decide
 * how. Each function sets type and body of the answer; the status is already set and should be kept.
 */
export interface OidcPages {
  /** The request cannot go on and there is nowhere to send the browser back to. */
  error(ctx: Context, problem: OidcProblem): void | Promise<void>;
  /**
   * "Sign out of every service?" `form` is HTML without buttons, with id `op.logoutForm`; a button of that form named
   * `logout` with the value `yes` signs out, one without name leaves this service only.
   */
  logoutConfirm(ctx: Context, page: { form: string; service: OidcService | undefined }): void | Promise<void>;
  /** Signed out. */
  loggedOut(ctx: Context, page: LoggedOut): void | Promise<void>;
  /** A form that submits itself (a button without JavaScript): `response_mode=form_post`. */
  formPost(ctx: Context, form: OidcForm): void | Promise<void>;
  /** A device waits: type the code that it shows, in a field named `user_code`. */
  deviceCode(
    ctx: Context,
    page: { form: OidcForm; typed: string | undefined; problem: DeviceProblem | undefined },
  ): void | Promise<void>;
  /**
   * Is this the code on the device, is this the service? A button named `confirm` with the value `yes` goes on to the
   * sign-in, one named `abort` tells the device no.
   */
  deviceConfirm(
    ctx: Context,
    page: { form: OidcForm; code: string; service: OidcService },
  ): void | Promise<void>;
  /** The device is signed in: back to it. */
  deviceDone(ctx: Context, page: { service: OidcService | undefined }): void | Promise<void>;
}

/** Why a code typed from a device was not taken. `aborted`: the person gave up. */
export type DeviceProblem = 'missing' | 'unknown' | 'expired' | 'used' | 'aborted' | 'failed';

/** The page after a sign-out. */
export interface LoggedOut {
  service: OidcService | undefined;
  /** Of this service only, the session goes on. */
  partly: boolean;
  /** Addresses to open in iframes, so that services end what they keep in this browser. */
  frames?: readonly string[];
  /** Where the browser goes once they are open, or after a few seconds. Without it the page stays. */
  next?: string | undefined;
}

/** A form of hidden fields. */
export interface OidcForm {
  action: string;
  fields: Record<string, string>;
}

/** The service that a page is about. */
export interface OidcService {
  clientId: string;
  name: string;
  /** Its home page, to return to. */
  uri: string | undefined;
}

/** What went wrong, for a page. */
export interface OidcProblem {
  /** Key of the text catalogue. */
  code: OidcProblemCode;
  status: number;
  supportId: string;
  /** What the standard calls it, and the detail for the service's developers. */
  error: string;
  description: string | undefined;
  service: OidcService | undefined;
}

/** The problems that end on a page of ours instead of at the service. */
export type OidcProblemCode =
  'service_unknown' | 'redirect_unknown' | 'request_refused' | 'session_gone' | 'internal_error';
