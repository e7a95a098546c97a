import {
  askPhone,
  forgetTheEnded,
  handOver,
  knowBrowser,
  nameThePerson,
  onlyThatBrowser,
  openInteraction,
  ownForm,
  rememberIdentifier,
  sameBrowser,
  showWaitPage,
  spareTheHouse,
  takeApproval,
} from './acts.ts';
import { askCard, forgetCardRefusal, handOverCard, takeCard } from './card-acts.ts';
import type { LoginDeps } from './deps.ts';
import type { SignIn } from './sign-in.ts';

/**
 * The steps of a sign-in, in their order. Order is a security property: nobody is asked anything before the
 * interaction, the form and the budget are found right, and nothing is consumed before the browser is.
 */

/** One step: goes on, or has answered the request itself. */
export type Step = (signIn: SignIn, deps: LoginDeps) => Promise<'answered' | void> | 'answered' | void;

/** POST /connexion/:uid — the person says who they are, or asks for a QR. */
export const START: readonly Step[] = [
  openInteraction,
  ownForm,
  spareTheHouse,
  nameThePerson,
  askPhone,
  rememberIdentifier,
];

/** GET /connexion/:uid/attente — waits, and ends an approved sign-in. */
export const WAIT: readonly Step[] = [
  openInteraction,
  sameBrowser,
  takeApproval,
  showWaitPage,
  knowBrowser,
  forgetTheEnded,
  handOver,
];

/** GET /connexion/:uid/retour — back from the app on the same phone, with the verifier that the phone signed. */
export const RETURN: readonly Step[] = [
  onlyThatBrowser,
  openInteraction,
  sameBrowser,
  takeApproval,
  showWaitPage,
  knowBrowser,
  forgetTheEnded,
  handOver,
];

/** POST /connexion/:uid/carte — sends the browser to the card's host. */
export const CARD: readonly Step[] = [openInteraction, ownForm, spareTheHouse, askCard];

/** GET /connexion/:uid/carte/retour — back from the card's host, with what it has to say of this very attempt. */
export const CARD_RETURN: readonly Step[] = [
  onlyThatBrowser,
  openInteraction,
  takeCard,
  forgetCardRefusal,
  handOverCard,
];

/** Walks the steps until one has answered. */
export const walk = async (steps: readonly Step[], signIn: SignIn, deps: LoginDeps): Promise<void> => {
  for (const step of steps) {
    // oxlint-disable-next-line no-await-in-loop -- each step relies on the one before
    if ((await step(signIn, deps)) === 'answered') return;
  }
};
