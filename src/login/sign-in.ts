import type { Context } from 'koa';
import type { SignInFrame } from '../../views/partials/cancel.ts';
import type { CardProof } from '../card/handoff.ts';
import type { Practitioner } from '../registry/service.ts';
import type { LoginDeps } from './deps.ts';
import type { BrowserState } from './memory.ts';
import type { Approved, Interaction, SignInProvider } from './ports.ts';

/** One request of a sign-in; the steps fill it in. */
export interface SignIn {
  ctx: Context;
  uid: string;
  /** `/connexion/<uid>` */
  base: string;
  provider: SignInProvider;
  /** Sent by the app on the same phone. */
  verifier?: string | undefined;
  interaction?: Interaction;
  state?: BrowserState;
  form?: URLSearchParams;
  identifier?: { nationalId: string; luhn: boolean } | undefined;
  approved?: Approved;
  /** What the card proved, and whom. */
  proof?: CardProof & { practitioner: Practitioner };
}

/** Our own test of the e-CPS has identifiers of this form instead of the provider's. */
export const SELF_TEST_PREFIX = 'essai-';

export const isSelfTest = (uid: string): boolean => uid.startsWith(SELF_TEST_PREFIX);

/** What an earlier step must have brought; its absence is a wrong order of steps. */
export const brought = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new Error(`a step needs ${what}, which none before it brought`);
  return value;
};

/** What every page of a sign-in shows around its own content. */
export const frameOf = (signIn: SignIn, deps: LoginDeps): SignInFrame => {
  const { service, cardRefused } = brought(signIn.interaction, 'the interaction');
  return {
    base: signIn.base,
    csrf: deps.kernel.forms.token(signIn.ctx),
    service: { name: service.name, host: service.host },
    selfTest: isSelfTest(signIn.uid),
    cardRefused,
  };
};
