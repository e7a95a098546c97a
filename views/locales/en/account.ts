import type { Translation } from '../catalogue.ts';
import type { account as fr } from '../fr/account.ts';

/** "My account": sessions, phones and history of the person signed in. */
export const account = {
  title: 'My account',
  hello: (name: string) => `Signed in: ${name}`,
  ended: 'That session has ended.',
  sessions: {
    title: 'My open sessions',
    intro: 'While a session is open, moving from one service to another asks for nothing.',
    here: 'This computer',
    since: (when: string) => `Since ${when}`,
    withPhone: (name: string) => `With the e-CPS (${name})`,
    withSomePhone: 'With the e-CPS',
    withCard: 'With the CPS card',
    services: (names: string) => `Services: ${names}`,
    noService: 'No service is open for now.',
    end: 'End it',
    endWhich: (when: string) => `End the session opened ${when}`,
    endAll: 'End everything',
    endAllText:
      'You will be signed out everywhere, here too. Do it if you forgot to sign out elsewhere, or if there is a session you do not recognise.',
  },
  phones: {
    title: 'My phones',
    none: 'No phone carries your e-CPS.',
    added: (when: string) => `Added ${when}`,
    used: (when: string) => `last used ${when}`,
    manage: 'To remove one, open the e-CPS app, or use your removal code:',
    revoke: 'remove a lost phone',
  },
  history: { title: 'Latest events', none: 'Nothing yet.' },
  on: (day: string) => `on ${day}`,
} satisfies Translation<typeof fr>;
