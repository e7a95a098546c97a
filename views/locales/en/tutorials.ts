import type { Translation } from '../catalogue.ts';
import type { tutorials as fr } from '../fr/tutorials.ts';

export const tutorials = {
  other: 'Other tutorials',
  more: 'In pictures',
  activate: {
    title: 'Activate my e-CPS, in pictures',
    short: 'Activate my e-CPS',
    intro: 'Three minutes, your phone, and the e-mail address and number declared to your Ordre. No card.',
    steps: {
      welcome: 'Open the e-CPS app and touch “Ask to activate my e-CPS”.',
      identifier:
        'Type your national identifier: the digit 8 followed by your RPPS number. The 11 digits of the RPPS are enough.',
      mail: 'Open the e-mail you receive on another screen and film its QR code, or type the 8 characters below it.',
      sms: 'Type the 6 digits received by SMS; many phones fill them in by themselves.',
      pin: 'Choose a PIN that only you know, then type it a second time.',
      done: 'Print or write down the revocation code: it blocks the e-CPS if the phone is lost. You are ready.',
    },
  },
  signIn: {
    title: 'Sign in, in pictures',
    short: 'Sign in',
    intro: 'On the computer, the service shows a number; the phone asks for that number and your PIN.',
    steps: {
      computer: 'On the service, touch “S’identifier” and type your identifier: a number appears.',
      request: 'Open the e-CPS app: the request is there. Check the service, the place and the time.',
      number: 'Type the number shown on the computer, or scan its QR code.',
      confirm: 'Type your PIN.',
      confirmed: 'The computer opens the service by itself.',
    },
  },
  trouble: {
    title: 'It does not work, in pictures',
    short: 'It does not work',
    intro: 'The four most frequent troubles, and the way out of each.',
    steps: {
      'no-mail':
        'No e-mail? Touch “I did not receive the e-mail”: where to look, how to get another, where to check your address.',
      'no-sms': 'No SMS? Touch “I did not receive the SMS”, then ask for another.',
      'wrong-pin':
        'Wrong PIN? The app says how many tries are left. After five, the activation is to be done again, with a new PIN.',
      report: 'A request you did not make? Refuse it and report it: nothing opens.',
    },
  },
} satisfies Translation<typeof fr>;
