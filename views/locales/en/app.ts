import type { Translation } from '../catalogue.ts';
import type { app as fr } from '../fr/app.ts';

/** What the phone app says: its frame, and the activation. */
export const app = {
  appName: 'e-CPS',
  back: 'Back',
  help: 'Something is not working?',
  support: 'To give on the phone if you call the help desk:',
  noScript:
    'The e-CPS app needs JavaScript to keep your keys on this phone. Allow it for this site in the browser’s settings.',
  offlineBanner: 'No network: the app is waiting. Nothing is lost.',
  update: { ready: 'A new version of the app is ready.', install: 'Install it' },
  keypad: {
    erase: 'Erase the last digit',
    typed: (count: number) => (count === 0 ? 'Erased' : `${count} ${count > 1 ? 'digits' : 'digit'} typed`),
  },
  ways: {
    retry: 'Try again',
    home: 'Back to the start',
    activation: 'Go on with the activation',
    activateAgain: 'Ask for an activation',
    directory: 'What is my number?',
    ordre: 'My page at the Ordre',
  },
  welcome: {
    title: 'Your e-CPS, on this phone',
    what: 'It replaces your card when a health service asks you to sign in: you confirm here, with a PIN.',
    steps: 'To activate it, three minutes and:',
    needs: [
      'your national identifier (8 + RPPS number)',
      'your mailbox, the one the Ordre knows',
      'this phone, which will receive an SMS',
    ],
    start: 'Ask to activate my e-CPS',
    resume: 'Go on with the activation under way',
    restart: 'Start again with another identifier',
    privacy: 'Your PIN never leaves this phone. This app calls no other company.',
  },
  lost: {
    title: 'The e-CPS of this phone was erased',
    text: 'An e-CPS was active here. The browser erased what it kept for it: browsing data cleared, no room left, or an app that was not used for long.',
    action: 'Activate it again: it takes three minutes. The former one is of no more use to anyone.',
    prevent: 'To prevent it from happening again, add the app to the home screen and open it now and then.',
  },
  identifier: {
    title: 'Your national identifier',
    label: 'National identifier (8 + RPPS number)',
    hint: '11 or 12 digits, such as 810 0012 34567. Spaces do no harm.',
    directory: 'What is my number?',
    letters: 'My identifier has letters in it',
    submit: 'Get the e-mail',
    malformed:
      'An RPPS number has 11 digits; the national identifier is that number with an 8 before it. Check the number and type it again.',
  },
  mail: {
    title: 'Open your e-mail',
    sent: 'We sent you an e-mail with a QR code, at the address that the Ordre knows.',
    until: (hour: string) => `It works until ${hour}.`,
    scan: 'Scan the QR code',
    scanHint: 'Open the e-mail on a computer or another screen, then point the camera at the QR code.',
    type: 'Type the 8 characters',
    typeHint: 'You read your e-mail on this phone? Type the 8 characters written under the QR code.',
    missing: 'I did not receive the e-mail',
    look: (sender: string) =>
      `It comes within about a minute. Look among the junk mail: it comes from ${sender}.`,
    address:
      'For safety, we do not show the address. It is that of your page at the Ordre: you can check and correct it there.',
    resend: 'Send a new e-mail',
    resent: 'A new e-mail is on its way.',
    ordre: 'My page at the Ordre',
    restart: 'Change the identifier',
  },
  scan: {
    title: 'Point the camera at the QR code of the e-mail',
    hint: 'Hold the phone about twenty centimetres from the screen.',
    starting: 'The camera is starting…',
    looking: 'Looking for the QR code…',
    other: 'This QR code is not that of the activation e-mail.',
    signIn: 'This QR code is that of a sign-in page. Use the one of the e-mail.',
    type: 'Type the 8 characters instead',
    light: 'Light',
    blocked: {
      title: 'The camera is not available',
      denied:
        'This app may not use the camera. Allow it in the browser’s settings, or type the 8 characters of the e-mail.',
      absent: 'This phone has no camera that can be used here. Type the 8 characters of the e-mail.',
    },
    retry: 'Try the camera again',
  },
  typedCode: {
    title: 'The 8 characters of the e-mail',
    label: 'Code of the e-mail',
    hint: 'Under the QR code, such as 7KQF-2M9X. Capitals, spaces and hyphens do not count.',
    malformed: 'This code has 8 characters: digits and letters. Read it again in the e-mail.',
    submit: 'Continue',
  },
  sms: {
    title: 'The code received by SMS',
    sent: 'We are sending you an SMS with a 6-digit code.',
    until: (hour: string) => `It works until ${hour}.`,
    label: '6-digit code',
    hint: 'Such as 493 027. Your phone may offer to fill it in.',
    malformed: 'This code has 6 digits. Read the SMS again.',
    submit: 'Continue',
    missing: 'I did not receive the SMS',
    look: 'It comes within about a minute. Check that the phone has network and does not filter SMS from unknown senders.',
    number:
      'For safety, we do not show the number. It is that of your page at the Ordre: you can check and correct it there.',
    resend: 'Send a new SMS',
    resent: 'A new SMS is on its way. The former code no longer works.',
    ordre: 'My page at the Ordre',
  },
  pin: {
    title: 'Choose your PIN',
    again: 'Type it a second time',
    hint: (min: number, max: number) =>
      min >= 6 ? `From ${min} to ${max} digits.` : `From ${min} to ${max} digits; 6 are safer.`,
    againHint: 'To be certain that it is the one you want.',
    label: 'PIN',
    next: 'Continue',
    confirm: 'Activate my e-CPS',
    different: 'The two PINs are not the same. Choose it again.',
    making: 'We are preparing your e-CPS: a few seconds.',
  },
  done: {
    title: 'Your e-CPS is active',
    text: 'This phone can now confirm your sign-ins.',
    quarantine: (at: string) =>
      `You already had a phone: this one will work from ${at}, or as soon as the other one accepts it.`,
    codeTitle: 'Keep this revocation code',
    codeWhy:
      'If this phone is lost or stolen, this code ends its e-CPS. Keep it elsewhere than on this phone: it will not be shown again.',
    codeWhere: (address: string) => `To be typed at ${address}`,
    person: (nationalId: string) => `e-CPS of national identifier ${nationalId}`,
    print: 'Print',
    copy: 'Copy',
    copied: 'Copied.',
    finish: 'Noted, continue',
  },
  closed: {
    title: 'This activation is over',
    text: 'It has expired, or a more recent one replaced it.',
    action: 'Ask for a new one: you will have to open the latest e-mail.',
  },
  home: {
    title: 'Your e-CPS is ready',
    text: 'Open a service on your computer: the request to sign in will appear here.',
  },
  pinProblems: {
    not_digits: 'The PIN is made of digits.',
    too_short: 'This PIN is too short.',
    too_long: 'This PIN has more than 8 digits.',
    equal_digits: 'This PIN repeats one digit: it is among the first that anyone would try.',
    sequence: 'This PIN is a run of digits: it is among the first that anyone would try.',
    repeated: 'This PIN repeats the same pattern: it would soon be guessed.',
    date: 'This PIN looks like a date: people would try those close to you.',
    identifier_digits: 'This PIN is inside your national identifier, which anyone can read.',
  },
  problems: {
    offline: {
      title: 'No connection to the Internet',
      text: 'The app opens without a network, but the e-CPS cannot answer without it.',
      action: 'Check the Wi-Fi or the mobile data, then try again.',
    },
    answer_invalid: {
      title: 'The answer cannot be read',
      text: 'The server answered something else than expected; the app may be old.',
      action: 'Close the app, open it again and start over.',
    },
    not_activated: {
      title: 'This phone has no e-CPS',
      text: 'No e-CPS is active here.',
      action: 'Activate it first.',
    },
    no_activation: {
      title: 'No activation under way',
      text: 'The activation is over, or it was started on another phone.',
      action: 'Ask for an activation.',
    },
    issuer_untrusted: {
      title: 'This request comes from elsewhere',
      text: 'It was not made by the server of this e-CPS.',
      action: 'Do not go on. Start again from the service that you wanted to open.',
    },
    pin_refused: {
      title: 'Choose another PIN',
      text: 'This PIN would be too easy to guess.',
      action: 'Choose another one.',
    },
    nothing_to_roll_back: {
      title: 'Nothing to undo',
      text: 'No change of PIN can be undone any more.',
      action: 'Use your present PIN.',
    },
    unreadable: {
      title: 'This code cannot be read',
      text: 'It is not a QR code or a link of the e-CPS.',
      action: 'Check that it is the right one, then try again.',
    },
    unknown: {
      title: 'The request is refused',
      text: 'The server refused the request.',
      action: 'Close the app, open it again and start over.',
    },
    failed: {
      title: 'The app could not go on',
      text: 'Something went wrong in the app. Your e-CPS is not affected.',
      action: 'Try again. If it goes on, close the app and open it again.',
    },
    storage: {
      title: 'This browser keeps nothing',
      text: 'The e-CPS needs the browser to keep its keys. In private browsing, or when site data are blocked, it cannot.',
      action: 'Open the app outside private browsing, or with the usual browser of this phone.',
    },
  },
} satisfies Translation<typeof fr>;
