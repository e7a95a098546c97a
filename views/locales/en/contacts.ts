import type { Translation } from '../catalogue.ts';
import type { contacts as fr } from '../fr/contacts.ts';

export const contacts = {
  stop: {
    title: 'Cancel a change of contact details',
    question: {
      both: 'You did not change your e-mail address and phone?',
      email: 'You did not change your e-mail address?',
      phone: 'You did not change your phone?',
    },
    changed: {
      both: (at) => `A new e-mail address and a new phone number were declared on ${at}.`,
      email: (at) => `A new e-mail address was declared on ${at}.`,
      phone: (at) => `A new phone number was declared on ${at}.`,
    },
    text: (at) =>
      `An e-CPS can be activated with them from ${at}. If it wasn’t you, cancel: the former details come back, and what may have been activated with the new ones is stopped.`,
    confirm: 'Cancel this change',
    fine: 'It was you? Close this page, there is nothing to do.',
    done: 'The change is cancelled',
    doneText: 'Your former details are the right ones again.',
    next: 'Tell your Ordre: somebody may have access to your account there. Change its password, then call the help desk.',
  },
  ordre: {
    title: 'My account (Ordre)',
    sandbox:
      'A page of the sandbox: it plays the account where a professional updates contact details. Everybody in it is invented.',
    who: 'Who are you?',
    whoLabel: 'Person',
    open: 'Open my account',
    other: 'Somebody else',
    now: 'Declared contact details',
    email: 'E-mail',
    phone: 'Mobile phone',
    none: 'none',
    since: 'Declared',
    from: 'e-CPS can be activated',
    fromNow: 'now',
    edit: 'Update',
    emailHint: 'Example: camille.aubert@exemple.test. Empty: no e-mail any more.',
    phoneHint: 'Example: 06 39 98 12 34. Empty: no phone any more.',
    save: 'Save',
    problem: 'This address or number is malformed.',
    saved: 'Saved. Whoever the former details reach is told of it.',
    same: 'Nothing changed: these are your details already.',
    age: 'Make this declaration 72 hours older',
    ageText: 'To try without waiting: only this declaration gets older, the clock stays.',
    aged: 'This declaration is now 72 hours older.',
    activate: 'Activate my e-CPS',
    inbox: 'Inbox',
    history: 'History',
    origins: {
      import: 'registry file',
      desk: 'desk of the Ordre',
      feed: 'portal of the Ordre',
      sandbox: 'sandbox',
      espace: 'my account',
      stop_link: 'change cancelled',
    },
    stopped: 'cancelled',
  },
} as const satisfies Translation<typeof fr>;
