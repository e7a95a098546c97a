import { html, type Renderable } from '../../html.ts';
import type { Translation } from '../catalogue.ts';
import type { card as fr } from '../fr/card.ts';

/** The pages of the CPS card. */
export const card = {
  title: 'Sign in with the CPS card',
  closed: {
    text: 'Sign-in with the CPS card is not open here.',
    meanwhile:
      'Sign in with the e-CPS on your phone. You do not have one? Activate it without a card, in a few minutes.',
  },
  steps: [
    'Plug in your reader and insert your card.',
    'Continue. Your browser asks which certificate to present: choose the one with your name or your identifier.',
    'Type the PIN of your card when you are asked for it.',
  ],
  submit: 'My card is inserted: continue',
  single:
    'Has someone already signed in with a card in this browser? It remembers: close all its windows and open it again before presenting yours.',
  leave:
    'On a shared computer, take your card out of the reader when you leave: as long as it is there, the PIN may not be asked for again.',
  use: 'Sign in with the e-CPS',
  again: 'Try the card again',
  refusedSession: {
    title: 'Your card is no longer accepted',
    text: 'It has expired, was revoked, was declared lost, or we could not check it again. Sign in with another card or with the e-CPS.',
  },
  diagnostic: {
    title: 'Check my card',
    intro:
      'Present your card as for a sign-in. We will tell you what your browser presented and what we checked. No service is opened.',
    start: 'Read my card',
    again: 'Read it again',
    good: 'Your card is accepted.',
    nothing: 'Your browser presented no certificate.',
    presented: 'What your browser presented',
    checks: 'What we checked',
    fields: {
      holder: 'Holder',
      nationalId: 'Identifier',
      cardType: 'Kind of card',
      issuer: 'Issued by',
      notAfter: 'Valid until',
      serial: 'Number of the certificate',
    },
    none: 'not read',
    states: { passed: 'Passed', failed: 'Failed', unchecked: 'Not checked' },
    groups: {
      presented: 'A readable certificate was presented',
      chain: 'An authority for cards that we accept issued it',
      strength: 'Its signature and its key are strong enough',
      dates: 'It is within its dates',
      kind: 'It is the authentication certificate of a card',
      subject: 'It names one person',
      revocation: 'It is not revoked',
      opposition: 'The card is not declared lost',
      person: 'Its holder is a practising professional',
    },
    forHelp: (code: Renderable) => html`Code to give to the help desk: <code>${code}</code>`,
    private: 'This comes from your card. It is shown in this browser only, for ten minutes.',
  },
  help: {
    question: 'My CPS card is not recognised',
    answer:
      'Check that the card is the right way round, that the reader is plugged in and that its software is installed. The check of your card will tell you what your browser presents.',
  },
  signedOut: {
    fresh:
      'Had you signed in with a card? Take it out of the reader. Another professional can then present theirs.',
    single:
      'Had you signed in with a card? Take it out of the reader and close all windows of the browser: until then it remembers the card that was chosen. Another professional can then present theirs.',
  },
  test: { doneText: 'Your CPS card works.', by: 'Proved with your card.' },
} as const satisfies Translation<typeof fr>;
