import { html, type Renderable } from '../../html.ts';
import type { Translation } from '../catalogue.ts';
import type { login as fr } from '../fr/login.ts';

/** The sign-in pages. */
export const login = {
  title: 'Sign in',
  tabs: { label: 'How to sign in', ecps: 'e-CPS', card: 'CPS card' },
  identifier: {
    label: 'National identifier',
    hint: '8, then your RPPS number (11 digits).',
    example: 'Example: 8 10 12 34 56 78 9',
    remember: 'Remember my identifier on this computer',
    rememberHint: 'Not on a shared computer.',
    submit: 'Continue',
    or: 'or',
    qr: 'Scan a QR code, type nothing',
    which: 'What is my number?',
    activate: 'Activate my e-CPS',
    error: 'To correct:',
  },
  cancel: {
    self: 'Leave the test',
    to: (name: string) => `Cancel and go back to ${name}`,
  },
  wait: {
    title: 'Confirm on your phone',
    titleQr: 'Scan with your phone',
    open: 'Open the e-CPS app.',
    number: 'Type this number:',
    numberSpoken: (digits: string) => `The number to type: ${digits}`,
    pin: 'Enter your PIN.',
    qrStep: 'Choose “Scan” and aim at this QR code:',
    qrAlternative: 'Or scan this QR code with the app.',
    qrAlt: 'QR code of this sign-in, to scan with the e-CPS app.',
    samePhone: 'Open the e-CPS app',
    samePhoneWhy: 'Reading this page on your phone?',
    waiting: 'We are waiting for you to confirm.',
    left: 'Time left:',
    spokenLeft: (seconds: number) => (seconds >= 60 ? 'One minute left.' : `${seconds} seconds left.`),
    openOnce: 'The page will open by itself.',
    caution: 'Confirm only if you have just asked for this sign-in yourself.',
    identifier: (id: Renderable) => html`Identifier: <strong>${id}</strong>.`,
    luhn: 'Check this number: one digit seems wrong.',
    other: 'Change the identifier',
    typeInstead: 'Type my identifier',
    nothing: 'Nothing on the phone?',
    nothingText:
      'Open the app: the request is there, even without a notification. If it is not, check the identifier, or activate your e-CPS.',
    refresh: 'I have confirmed: continue',
    again: 'This page updates by itself.',
    offline: 'The network is down. We will go on as soon as it is back.',
  },
  ended: {
    expired: 'The request was not confirmed in time',
    expiredText:
      'It was valid for 2 minutes. It may have been refused, or the number typed was not the right one.',
    stopped: 'The request was stopped on the phone',
    stoppedText: 'It was refused, or the number typed was not the right one. Nothing was opened.',
    action: 'Start again when you are ready, phone in hand.',
    again: 'Start again',
  },
  help: {
    title: 'Something wrong?',
    intro: 'Choose what is happening to you.',
    cases: {
      number: {
        question: 'I do not know my identifier',
        answer:
          'It is the digit 8 followed by your 11-digit RPPS number. It stands on your CPS card and in the public health directory.',
      },
      none: {
        question: 'I have no e-CPS yet',
        answer:
          'Activate it on your phone, without a card, with the e-mail and phone you declared to your Ordre.',
      },
      silent: {
        question: 'Nothing arrives on my phone',
        answer:
          'Open the e-CPS app: the request is there even when no notification comes. Check that the phone has a network and that the identifier typed is yours.',
      },
      expired: {
        question: 'I am told that the request has expired',
        answer:
          'A request is valid for 2 minutes. A wrong number ends it too. Go back to the service and start again with the app already open.',
      },
      message: {
        question: 'The activation e-mail or SMS does not come',
        answer:
          'Look among unwanted mail, then ask for it again in the app. Check your contact details with your Ordre: a change serves after 72 hours.',
      },
      pin: {
        question: 'I forgot my PIN, or my e-CPS is locked',
        answer: 'Activate your e-CPS again: you will choose a new PIN. Nobody can give you the old one.',
      },
      phone: {
        question: 'I lost or changed my phone',
        answer:
          'Activate the e-CPS on the new one. To remove the old one, use the revocation code printed at activation, or call the help desk.',
      },
      unasked: {
        question: 'I received a request I did not make',
        answer: 'Do not confirm it. Choose “This wasn’t me” in the app: whoever insists will be kept away.',
      },
      left: {
        question: 'I forgot to sign out somewhere else',
        answer: 'You can see your open sessions and end them all at once, from any computer.',
      },
      place: {
        question: 'I have no place of practice',
        answer: 'It is no obstacle: interns, replacement and retired doctors sign in like everyone else.',
      },
    },
    call: 'Call the help desk',
    callText: 'If a page showed a code and a number, keep them before you.',
  },
  activate: {
    title: 'Activate my e-CPS',
    intro: 'Once for each phone. It takes five minutes.',
    needTitle: 'You need',
    need: [
      'your phone and a network',
      'your national identifier: 8, then your RPPS number',
      'access to the e-mail and mobile number you declared to your Ordre',
    ],
    stepsTitle: 'Without a card',
    steps: [
      'Open the e-CPS app on your phone and choose “Ask for activation”.',
      'Type your national identifier.',
      'An e-mail brings you a QR code, valid for 30 minutes. Scan it with the app, or type the 8 characters below it.',
      'An SMS brings you a 6-digit code. Type it in the app.',
      'Choose your PIN. You may reuse the one of your CPS card.',
    ],
    open: 'Open the e-CPS app',
    ruleTitle: 'Your contact details must be up to date',
    rule: 'If they are missing we will tell you: “We have not received an up-to-date e-mail address or phone number for you in our registers.”',
    ruleAction: (hours: number) =>
      `Update them in your account with the Ordre: your e-CPS can be activated ${hours} hours later.`,
    cardTitle: 'With the CPS card',
    card: 'Are your card and its reader connected to a computer? No e-mail, no text message: present the card, scan a QR code, choose your PIN.',
    byCard: 'Activate with my card',
    cardClosed: 'Activation with the card is not open here. Without a card, it is possible now.',
    then: 'Once it is active, check that everything works.',
  },
  test: {
    title: 'I test my e-CPS',
    service: 'Test of the e-CPS',
    intro: 'A real sign-in that opens no service. In a minute you will know whether your e-CPS works.',
    start: 'Start the test',
    done: 'Well done!',
    doneText: 'Your e-CPS works.',
    doneFor: (name: Renderable) => html`You are <strong>${name}</strong>.`,
    same: 'Confirmed on this phone.',
    cross: 'Confirmed with your phone.',
    nothingKept: 'No service was opened and you did not stay signed in.',
    again: 'Test again',
  },
  logout: {
    title: 'Sign out',
    question: 'Do you want to sign out?',
    questionFrom: (name: string) => `You are leaving ${name}.`,
    text: 'You will be signed out of every service opened with this sign-in.',
    confirm: 'Sign out of everything',
    stay: 'Stay signed in to the other services',
    done: 'You are signed out',
    doneText: 'It is true in every service you had opened with this sign-in.',
    donePartly: 'You have left this service. The others stay open.',
    shared: 'On a shared computer, close the browser too.',
    telling: 'We are telling the services you had opened. It takes a few seconds at most.',
    goOn: 'Go on without waiting',
  },
  handOver: {
    title: 'Back to the service',
    text: 'We are taking you back to the service.',
    button: 'Continue',
  },
} as const satisfies Translation<typeof fr>;
