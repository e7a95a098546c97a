import type { device as fr } from '../fr/device.ts';
import type { Translation } from '../index.ts';

/** The pages of a sign-in on a device (kiosk, screen) that shows a code. */
export const device = {
  title: 'Connect a device',
  intro: 'Type the code shown on the device that you want to open.',
  label: 'Code of the device',
  hint: '8 letters. Example: BDWP-HQPK',
  submit: 'Continue',
  problems: {
    missing: 'Type the code shown on the device.',
    unknown: 'This code does not exist. Check each letter on the screen of the device.',
    expired: 'This code has expired. It was valid for 10 minutes. Ask for a new one on the device.',
    used: 'This code has been used. Ask for a new one on the device.',
    aborted: 'The sign-in of the device was cancelled. Nothing was opened.',
    failed: 'The sign-in of the device did not succeed. Ask for a new code on the device.',
  },
  confirmTitle: 'Is this your device?',
  confirmService: (name: string) => `You are about to open ${name} on this device.`,
  confirmCode: 'The device must show this code:',
  codeSpoken: (letters: string) => `The code of the device: ${letters}`,
  caution:
    'Go on only if the device is in front of you and you have just asked for this sign-in yourself. If somebody sent you this code, refuse.',
  confirm: 'It is the same code: sign in',
  refuse: 'Refuse',
  doneTitle: 'The device is signed in',
  done: 'You can close this page and go back to the device.',
  doneService: (name: string) => `${name} is opening on the device.`,
  shared: 'On a shared device, sign out when you leave.',
} as const satisfies Translation<typeof fr>;
