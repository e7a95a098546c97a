import type { Translation } from '../catalogue.ts';
import type { home as fr } from '../fr/home.ts';

export const home = {
  title: 'Sandbox',
  heading: 'Try Caducée on your computer',
  what: [
    'Caducée lets health professionals sign in to their services with their phone (e-CPS) or their CPS card.',
    'A service that can talk to Pro Santé Connect can talk to Caducée: only addresses and credentials change.',
    'This is a sandbox: everything runs on your computer and listens to nothing else.',
    'The people below are invented. Mails and SMS go no further than this sandbox’s inbox.',
    'The e-CPS app opens in a browser, as on a phone; a virtual phone, on the command line, follows the same protocol.',
    'The story: a doctor activates the e-CPS, opens a service with the phone, then a second one without doing anything again, and signs out of both.',
  ],
  data: 'What you do is kept from one start to the next. `npm run reset` starts afresh.',
  links: {
    heading: 'What is here',
    service: (name) => `Open ${name}`,
    serviceNote: 'Example service: one sign-in for all of them.',
    inbox: 'Inbox',
    inboxNote: 'The mails and SMS that Caducée sends.',
    discovery: 'Discovery document',
    discoveryNote: 'OpenID Connect: all that a service needs to know to connect.',
    directory: 'What is my number?',
    directoryNote: 'The directory: find a national identifier by name.',
    help: 'Something wrong?',
    helpNote: 'The most common troubles and what to do.',
    app: 'e-CPS app',
    appNote: 'The phone: activate the e-CPS, confirm a sign-in. To be opened in another, narrow window.',
  },
  story: {
    heading: 'Live the story in three commands',
    intro: (name) => `In a second terminal, at the root of the project, for ${name}:`,
    activate: 'Activate the e-CPS. The mail’s QR code and the SMS code go through the inbox.',
    open: {
      before: 'Open',
      after: ", press “S'identifier avec Caducée”, type the identifier: a number is shown.",
    },
    approve: 'Confirm with the number shown (instead of 42). The page opens at once.',
    second: { before: 'Open', after: ': nothing is asked. Sign out: it is true everywhere.' },
    pending: 'See what the phone receives, before confirming:',
  },
  card: {
    heading: 'A CPS card without card or reader',
    intro:
      'The sandbox has an authority of its own, which makes virtual cards: files that the browser presents as it would present a card.',
    trust: 'Tell your browser to trust the sandbox:',
    authority: 'its authority (PEM)',
    trustHow: [
      'Firefox: Settings, Privacy & Security, View Certificates, Authorities, Import; tick “websites”.',
      'Chrome, Edge: `chrome://certificate-manager`, custom certificates, Installed by you, Import under “Trusted Certificates”.',
      'It is good for `localhost` only, whatever it signs. Without it, accept the browser’s warning at each sign-in.',
    ],
    make: 'Make a card:',
    importIt: 'Import it in the browser. Password:',
    importHow: [
      'Firefox: View Certificates, Your Certificates, Import.',
      'Chrome, Edge: `chrome://certificate-manager`, Your certificates, Import (on Windows and macOS, open the file).',
    ],
    use: {
      before: 'Open',
      after: ', choose the tab “Carte CPS”, then the card that the browser offers.',
    },
    activate: 'Or activate the e-CPS with it:',
    activateLink: 'activation by card',
    refused:
      'Cards that must be refused: `--expired`, `--revoked`, `--signature`, `--software`, `--wrong-ca`… `caducee card --help` lists them all.',
    remove: 'When you are done, remove the card and the authority from the browser, in the same place.',
  },
  personas: {
    heading: 'The people',
    caption: 'Invented people of the sandbox',
    identifier: 'National identifier',
    name: 'Name',
    profession: 'Profession',
    note: 'What is special',
    none: '–',
  },
  clients: {
    heading: 'Connect your own service',
    text: 'Two clients are registered already and accept any redirect to this computer:',
    confidential: 'confidential, secret',
    public: 'public, with PKCE',
    issuer: 'Issuer',
  },
  copy: 'Copy',
  copied: 'Copied',
} satisfies Translation<typeof fr>;
