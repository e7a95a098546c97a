import type { Translation } from '../catalogue.ts';
import type { phone as fr } from '../fr/phone.ts';

const dateTime = (instant: string): string =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'short', timeStyle: 'short' }).format(new Date(instant));

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

/** What the phone says. */
export const phone = {
  mailSent: 'A mail with a QR code has been sent.',
  smsSent: 'QR code read. An SMS with a code has been sent.',
  activated: (nationalId) => `The e-CPS of ${nationalId} is active on this phone.`,
  quarantine: (name, until) =>
    `${name} can confirm from ${dateTime(until)} on, or as soon as another of your phones has accepted it.`,
  revocationCode: (code) => `Revocation code, to keep elsewhere than on the phone: ${code}`,
  compare: (letters, model) =>
    `Letters: ${letters}\nLook at the computer: it must show these letters and “${model}”. Answer there.`,
  activateCardUsage:
    'caducee phone activate-card --qr TEXT --pin PIN --state FILE; the text of the QR code begins with ECPS3:',
  asks: (name, host) => `${name} (${host}) asks you to sign in.`,
  from: (browser, place) => `  from ${browser}, ${place}`,
  placeUnknown: 'unknown place',
  known: '  You have signed in from this browser before.',
  unknown: '  Unknown browser: confirm only if you have just asked for this sign-in yourself.',
  message: (text) => `  Message: ${text}`,
  triesLeft: (count) => `  PIN: ${plural(count, 'try', 'tries')} left.`,
  wait: (seconds) => `  Next try in ${plural(seconds, 'second', 'seconds')}.`,
  byService: '  Asked by the service itself: give the message that it shows (--message).',
  askMessage: 'The message shown by the service: ',
  askNumber: 'The number on your computer: ',
  approved: (name) => `Confirmed. ${name} opens on the computer.`,
  approvedHere: 'Confirmed.',
  wrongTries: (count) =>
    `${plural(count, 'wrong PIN was', 'wrong PINs were')} tried since the last confirmation.`,
  returnTo: 'To finish, open in the same browser:',
  denied: (name) => `Refused. ${name} is not opened.`,
  reported: (name) =>
    `Reported. You had asked for nothing: ${name} is not opened, and this origin will not disturb you again.`,
  nothingPending: 'No sign-in is waiting.',
  pinChanged: (until) => `PIN changed. You can come back to the former one until ${dateTime(until)}.`,
  pinRestored: 'The former PIN is back.',
  renewed: (until) => `e-CPS renewed until ${dateTime(until)}.`,
  revoked: 'Phone revoked. The sessions opened with it are closed.',
  thisOne: '(this phone)',
  renewBy: (instant) => `to be renewed before ${dateTime(instant)}`,
  states: {
    active: 'active',
    quarantine: 'waiting',
    locked: 'locked',
    frozen: 'frozen: a copy was detected',
    expired: 'expired',
    revoked: 'revoked',
  },
  newPhone: (name, model, place) => `A phone was added to your e-CPS: ${name} (${model}), ${place}.`,
  noNewPhone: 'No new phone is waiting for your consent.',
  newPhoneApproved: 'The new phone is accepted.',
  newPhoneDenied: 'The new phone is removed.',
  instant: dateTime,
  history: {
    sign_in: 'sign-in confirmed',
    denied: 'sign-in refused',
    reported: 'sign-in reported',
    pin_changed: 'PIN changed',
    device_added: 'phone added',
    device_removed: 'phone removed',
    renewed: 'e-CPS renewed',
  },
  pinProblems: {
    not_digits: 'A PIN is made of digits.',
    too_short: 'This PIN is too short.',
    too_long: 'This PIN has more than 8 digits.',
    equal_digits: 'This PIN repeats one digit: choose another.',
    sequence: 'This PIN is a sequence: choose another.',
    repeated: 'This PIN repeats a pattern: choose another.',
    date: 'This PIN looks like a date: choose another.',
    identifier_digits: 'This PIN is part of your national identifier: choose another.',
  },
  failures: {
    offline: 'Caducée does not answer. Check that the sandbox is started (npm start).',
    answer_invalid: 'The answer is not what the protocol says.',
    not_activated: 'This phone has no e-CPS yet. Activate it first.',
    no_activation: 'No activation is under way on this phone.',
    issuer_untrusted: 'The request comes from another server than this phone’s.',
    pin_refused: 'This PIN is not accepted.',
    nothing_to_roll_back: 'No PIN change to undo.',
    unreadable: 'This QR code or link cannot be read.',
    mail_not_received: 'The mail of this activation has not come.',
    sms_not_received: 'The SMS has not come.',
    inbox_unreachable: 'The inbox of the sandbox does not answer.',
    computer_refused: 'The computer refused this phone, or time ran out.',
    computer_silent: 'Nobody answered at the computer.',
    no_request: 'No sign-in request has come.',
    bind_required:
      'The number on the computer (--number), its QR code (--qr) or the link (--link) is needed.',
    no_phone: (file) => `${file} holds no phone. Activate one first.`,
    other_person: (nationalId) => `This file is the phone of ${nationalId}.`,
    state_busy: 'Another command is using this file.',
  },
  noSuchVerb: (verb) => `caducee phone has no "${verb}"; caducee phone --help lists them.`,
  noState: '--state FILE names the file of the virtual phone.',
  help: `caducee phone VERB --state FILE [OPTIONS]

The sandbox's virtual phone.

  activate ID --pin PIN    activates the e-CPS (reads the mail and the SMS in the inbox)
      --name NAME          name of the phone
      --new-keys           starts over with new keys (revoked phone)
  activate-card --qr TEXT --pin PIN
                           activates the e-CPS by card: scans the QR code that the computer shows after the card
                           (ECPS3:…), shows four letters, waits for the answer at the computer (--wait, 180)
  pending                  the requests that wait
  approve                  waits for a request and confirms it
      --number N           the number on the computer
      --qr TEXT            the text of the page's QR code (ECPS2:…)
      --link URL           the "on this phone" link; prints the address to open next
      --message M          the message shown by a service that asks by itself (CIBA)
      --txn ID             only this request; else the newest
      --pin PIN            another PIN than the file's
      --wait SECONDS       how long to wait (20)
  deny, report             refuses, or reports "this wasn't me" (--txn, --wait)
  change-pin --new-pin PIN changes the PIN; undo-pin comes back to the former one for 10 minutes
  renew                    renews for 12 months
  me, devices, history     this phone, all of the person's, the latest events
  revoke [ID]              revokes a phone; without ID, this one
  approve-phone [ID], deny-phone [ID]  accepts or removes a phone that was just added

  --json                   one line of JSON: {"ok":true,…} or {"ok":false,"code":…,"message":…}
  --port-base N            the sandbox whose first port is N (4000)

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
The file keeps the PIN (mode 600): for the sandbox only.
`,
} as const satisfies Translation<typeof fr>;
