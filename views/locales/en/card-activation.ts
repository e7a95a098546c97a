import { html } from '../../html.ts';
import type { Translation } from '../catalogue.ts';
import type { cardActivation as fr } from '../fr/card-activation.ts';

export const cardActivation = {
  title: 'Activate my e-CPS with my card',
  intro:
    'Your CPS card proves who you are: no e-mail, no text message. You need your card, its reader and your phone.',
  app: 'Open the e-CPS app on your phone, ready to scan.',
  openApp: 'The e-CPS app',
  submit: 'My card is inserted: continue',
  without: 'Activate without a card',
  scan: {
    title: 'Scan with your phone',
    card: (id) => html`Card accepted. Identifier: <strong>${id}</strong>.`,
    steps: [
      'Open the e-CPS app on the phone to activate and choose “Activate with my card”.',
      'Aim at this QR code:',
      'Come back to this screen: we will ask you whether it is your phone.',
    ],
    alt: 'QR code of this activation, to scan with the e-CPS app.',
    waiting: 'We are waiting for your phone.',
    caution:
      'Let nobody photograph this screen. If another phone scans this QR code, you will see it here and can refuse it.',
    sandbox: 'Sandbox: with the virtual phone',
    sandboxText: 'The text of the QR code, to give to caducee phone activate-card --qr within 30 seconds:',
    refresh: 'I have scanned: continue',
  },
  compare: {
    title: 'Is this your phone?',
    letters: 'Your phone must show these four letters:',
    spoken: (letters) => `The letters: ${letters}`,
    phone: 'And it must be this one:',
    fields: { name: 'Name', model: 'Model', os: 'System', place: 'Place' },
    placeUnknown: 'unknown',
    others:
      'Caution: another phone scanned this QR code too. It got nothing. Compare the letters one by one; when in doubt, refuse.',
    yes: 'Yes, my phone shows these letters',
    no: 'No, this is not my phone',
    caution: 'If your phone shows other letters, or none, answer no.',
    left: 'Time to answer:',
  },
  pin: {
    title: 'Choose your PIN on the phone',
    text: (name) =>
      html`“${name}” is confirmed. It now asks for a PIN: you may use the one of your CPS card.`,
    leave: 'You can take your card out of the reader now.',
    waiting: 'We are waiting for your PIN.',
    refresh: 'Done: continue',
  },
  done: {
    title: 'Your e-CPS is active',
    text: (name) => html`“${name}” can confirm your sign-ins from now on. We have told your known addresses.`,
    code: 'Your phone shows a revocation code: write it down and keep it elsewhere than on the phone.',
    leave: 'Take your card out of the reader.',
  },
  refused: {
    title: 'This phone is refused',
    text: 'It got nothing, and this QR code no longer serves.',
    action: 'To activate yours, present the card again, the screen out of others’ sight.',
  },
  expired: {
    title: 'Time is up',
    text: 'For your safety, the QR code is shown for 90 seconds only, and there are three minutes to answer.',
    action: 'Have your phone ready, then present the card again.',
  },
  again: 'Start again with the card',
} as const satisfies Translation<typeof fr>;
