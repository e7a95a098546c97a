import type { Translation } from '../catalogue.ts';
import type { ecps as fr } from '../fr/ecps.ts';

/** Pages by which an owner ends a phone without having it in hand. */
export const ecps = {
  service: 'the service’s own software',
  stop: {
    title: 'Remove a phone',
    question: 'Did you not add this phone?',
    added: (name: string, at: string) => `“${name}” was added to your e-CPS ${at}.`,
    text: 'If it was not you, remove it: it can no longer be used to sign in in your name.',
    confirm: 'Remove this phone',
    fine: 'Was it you? Close this page, there is nothing to do.',
    done: 'This phone has been removed',
    doneText: 'It can no longer be used to sign in in your name.',
    next: 'If you asked for nothing, change the password of your mailbox, then call the help desk.',
  },
  revocation: {
    title: 'Remove a lost or stolen phone',
    question: 'Is your phone lost or stolen?',
    text: 'Type the revocation code you were given at activation: that phone can then no longer be used to sign in.',
    label: 'Revocation code',
    hint: '16 characters. Example: K7QF-2M9A-3XTD-8WPE',
    problem: 'Type the code printed at activation.',
    confirm: 'Remove the phone',
    without: 'No longer have the code? Remove the phone from another of your phones, or call the help desk.',
    done: 'Recorded',
    doneText: 'If the code is right, the phone is removed and you receive an e-mail that says so.',
    next: 'No e-mail within a few minutes? Check the code and try again, or call the help desk.',
    again: 'Type another code',
  },
} satisfies Translation<typeof fr>;
