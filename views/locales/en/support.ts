import type { Translation } from '../catalogue.ts';
import type { support as fr } from '../fr/support.ts';

/** The help desk's screen. */
export const support = {
  labels: {
    person: 'Person',
    registry: 'Registry',
    contact: 'Contact',
    activations: 'Activations',
    messages: 'Messages',
    phones: 'Phones',
    cards: 'Cards',
    refusals: 'Refusals',
    signIn: 'Sign-in',
    acts: 'Act',
    tell: 'Tell',
    also: 'Also',
  },
  none: {
    activations: 'never asked',
    messages: 'no message',
    phones: 'none',
    cards: 'no card seen at a sign-in',
    refusals: 'none in the last 30 days',
    signIn: 'never',
  },
  more: (count) => `… and ${count} more (--json has them all)`,
  status: {
    active: 'active',
    inactive: 'inactive',
    struck_off: 'struck off',
  },
  byHand: (at) => `, set by hand on ${at}`,
  missingSince: (at) => `, missing from the file since ${at}`,
  source: (source) => `source ${source}`,
  contact: {
    none: (missing) => `missing: ${missing}`,
    email: 'e-mail',
    phone: 'phone',
    line: (email, phone) => `${email} · ${phone}`,
    since: (at, origin) => `declared on ${at} (${origin}), usable`,
    from: (at, when, origin) => `declared on ${at} (${origin}), usable from ${when}`,
  },
  activation: {
    mail_sent: 'mail sent, QR not scanned yet',
    sms_sent: 'QR scanned, SMS code awaited',
    confirm_due: 'card read, to be confirmed on the computer',
    pin_due: 'codes right, PIN to be chosen',
    done: 'finished, phone activated',
    spent: 'stopped: too many wrong codes',
    refused: 'refused',
    superseded: 'replaced by a newer one',
    closed: 'closed',
    expired: 'expired',
  },
  silent: 'no mail: the day’s limit was reached',
  tries: (count) => `${count} wrong code(s)`,
  message: {
    queued: 'waiting',
    sending: 'leaving',
    sent: 'accepted',
    abandoned: 'FAILED',
    expired: 'too late',
  },
  phone: {
    active: 'active',
    quarantine: 'not ready yet',
    locked: 'LOCKED',
    frozen: 'SUSPENDED',
    expired: 'expired',
    revoked: 'removed',
  },
  until: (at) => `until ${at}`,
  since: (at) => `on ${at}`,
  used: (at) => `used on ${at}`,
  neverUsed: 'never used',
  triesLeft: (count) => `${count} PIN tries left`,
  silentPhone: 'no notifications',
  cardUntil: (at) => `valid until ${at}`,
  cardLost: (at) => `DECLARED LOST on ${at}`,
  lastSignIn: (at, service) => `last one granted on ${at} (${service})`,
  lastAsk: (at) => `a phone was last asked on ${at}`,
  route: (route) => `at ${route}`,
  supportId: (id, at) => `Support id ${id}, shown on ${at}`,
  supportIdUnknown: (id) =>
    `The support id ${id} is not known. It is kept for 30 days; check the characters (no I, L, O or U).`,
  supportIdAnonymous: 'This refusal was not about anyone yet: ask for the national identifier.',
  actions: 'caducee support ID resend|cancel|suspend|revoke dev_… --reason "…"',
  unlock:
    'A phone that is locked or suspended cannot be unlocked from here: the person proves again who they are, by activating the e-CPS on that phone (mail and SMS, or card).',
  done: {
    mail: 'The mail leaves again.',
    sms: 'The SMS leaves again, with another code.',
    quota: 'The day’s limit is reached: nothing leaves. It frees itself within 24 hours.',
    nothingOpen: 'No activation is under way: the person starts again in the app.',
    nothingToSend: 'At this step there is nothing to send again.',
    cancelled: (count) => `${count} activation(s) cancelled.`,
    suspended: 'The person is suspended: no sign-in any more, by phone or by card.',
    suspendedAlready: 'The person was not active already.',
    lifted: 'The suspension is lifted: the registry’s file decides again.',
    notSuspended: 'The person was not suspended by hand.',
    revoked: 'The phone is removed; the person is told by mail.',
    revokedAlready: 'This phone was removed already.',
    phoneUnknown: 'This phone is not that person’s.',
    personUnknown: 'Nobody in the registry has this identifier.',
  },
  codes: {
    person_struck_off: 'the person is struck off',
    person_inactive: 'the person no longer practises',
    sign_in_expired: 'the request was not confirmed in time',
    sign_in_stopped: 'the request was stopped on the phone',
  },
  problems: {
    unknown: {
      says: () => 'Nobody in the registry has this identifier.',
      tell: () =>
        'Have the number read again (8, then the 11 digits of the RPPS), or look it up in the directory. If it is right, the registry does not have it yet: the Ordre registers people.',
    },
    check_digit: {
      says: () => 'This identifier has a wrong digit: its check digit does not match.',
      tell: () => 'Have the number read again digit by digit, or look it up in the directory.',
    },
    struck_off: {
      says: () => 'The person is struck off, and can neither activate nor sign in.',
      tell: () => 'They turn to their Ordre. The help desk can do nothing.',
    },
    inactive: {
      says: () => 'The registry no longer counts this person among those who practise.',
      tell: () => 'If that is wrong, the Ordre corrects the registration; everything resumes the day after.',
    },
    suspended: {
      says: ({ at }) => `The person was suspended by hand on ${at}.`,
      tell: () => 'The audit tells who and why; lifting the suspension takes a second person.',
    },
    leaving: {
      says: ({ at }) => `The registry’s file no longer names them since ${at}: access will end soon.`,
      tell: () => 'If that is wrong, the Ordre corrects the registration before the grace is over.',
    },
    contact_missing: {
      says: ({ missing }) =>
        `Missing from the contact details: ${missing}. No activation is possible like this.`,
      tell: ({ delay }) =>
        `They declare e-mail and mobile to the Ordre; activation is possible ${delay} h later. Otherwise, activate with the CPS card.`,
    },
    contact_too_recent: {
      says: ({ at }) => `The contact details have just changed: they serve an activation from ${at} only.`,
      tell: ({ at }) => `Start the activation again after ${at}, or activate with the CPS card now.`,
    },
    mail_failed: {
      says: ({ to, error }) => `The activation mail did not leave for ${to}: ${error}.`,
      tell: () =>
        'The address declared to the Ordre is probably wrong or full: have it corrected, or activate with the CPS card.',
    },
    mail_waiting: {
      says: ({ to }) => `The activation mail is still waiting to be delivered to ${to}.`,
      tell: () => 'Wait a few minutes; if nothing arrives, tell operations (mail server).',
    },
    mail_sent: {
      says: ({ to, at }) => `The activation mail left on ${at} for ${to}; its QR was not scanned.`,
      tell: () =>
        'Look into the junk folder, check that the address is the right one; scan the QR within 30 minutes, or type its 8 characters. It can be sent again.',
    },
    activation_quota: {
      says: () => 'Too many activation mails were asked for today: the last one did not leave.',
      tell: () => 'Look into the mails already received, or start again in 24 hours.',
    },
    sms_failed: {
      says: ({ to, error }) => `The SMS did not leave for ${to}: ${error}.`,
      tell: () =>
        'The mobile declared to the Ordre is probably wrong: have it corrected, or activate with the CPS card.',
    },
    sms_waiting: {
      says: ({ to }) => `The SMS is still waiting to be delivered to ${to}.`,
      tell: () => 'Wait a minute; if nothing arrives, tell operations (SMS).',
    },
    sms_sent: {
      says: ({ to, at }) => `The SMS left on ${at} for ${to}; its code was not typed yet.`,
      tell: () =>
        'Check that the mobile is the right one and has reception; the code is good for 10 minutes. It can be sent again.',
    },
    pin_due: {
      says: () => 'The activation is nearly done: the PIN remains to be chosen on the phone.',
      tell: () => 'Open the app again and choose the PIN, within 15 minutes.',
    },
    confirm_due: {
      says: () => 'The phone scanned the QR of the card; the computer awaits the confirmation.',
      tell: () => 'Compare the four letters of computer and phone, then confirm on the computer.',
    },
    activation_spent: {
      says: () => 'The last activation stopped: too many wrong codes.',
      tell: () => 'Start again in the app, and type the code of the last mail received.',
    },
    activation_expired: {
      says: ({ step }) => `The last activation expired at this step: ${step}.`,
      tell: () => 'Start again in the app, with mail and phone at hand.',
    },
    activation_refused: {
      says: () => 'The last activation was refused: three phones are active already.',
      tell: () => 'Remove a phone that is no longer used, then start again.',
    },
    activation_closed: {
      says: () => 'The last activation was closed before its end.',
      tell: () => 'Start again in the app.',
    },
    phone_locked: {
      says: ({ device }) => `The phone "${device}" is locked: too many wrong PINs.`,
      tell: () =>
        'Nothing unlocks it from here: activate the e-CPS on it again (mail and SMS, or card), and choose a new PIN.',
    },
    phone_frozen: {
      says: ({ device }) => `The phone "${device}" is suspended: two copies of it spoke.`,
      tell: () =>
        'Ask whether the app was restored or copied. If not, tell security. Activate the e-CPS on this phone again.',
    },
    phone_quarantine: {
      says: ({ device, at }) => `The phone "${device}" was just added: it is ready on ${at}.`,
      tell: () => 'Wait until then, or approve it from another phone that is active.',
    },
    phone_expired: {
      says: ({ device }) => `The e-CPS of the phone "${device}" expired, not having been renewed.`,
      tell: () => 'Activate the e-CPS on this phone again.',
    },
    phone_revoked: {
      says: ({ device, at }) => `The phone "${device}" was removed on ${at}.`,
      tell: () => 'If they did not ask for it, see the audit. Otherwise, activate the e-CPS on a phone.',
    },
    pin_wait: {
      says: ({ device, wait }) => `Wrong PIN on "${device}": ${wait} to wait before the next try.`,
      tell: ({ tries }) => `Wait, then type the right PIN: ${tries} tries before it locks.`,
    },
    no_phone: {
      says: () => 'The e-CPS was never activated.',
      tell: () => 'Install the app and ask for the activation; the contact details are good for it.',
    },
    card_refused: {
      says: ({ at, title }) => `The card was refused on ${at}: ${title}.`,
      tell: ({ action }) => action ?? '',
    },
    card_lost: {
      says: ({ card, at }) => `The card ${card} is declared lost since ${at}.`,
      tell: () => 'Sign in with the e-CPS; if the card was found again, the declaration can be taken back.',
    },
    bind_wrong: {
      says: ({ at }) => `On ${at}, the number typed on the phone was not the computer’s.`,
      tell: () => 'Start again, and type the number that the computer shows at that moment.',
    },
    denied: {
      says: ({ at }) => `On ${at}, the request was refused on the phone.`,
      tell: () => 'Start again if that was a mistake.',
    },
    reported: {
      says: ({ at }) => `On ${at}, the person reported a sign-in that was not theirs.`,
      tell: () => 'Tell security: someone is trying this identifier. Confirm nothing.',
    },
    unanswered: {
      says: ({ at }) => `On ${at}, a sign-in waited for the phone, which did not answer.`,
      tell: () =>
        'Open the app: the request is there, even without notification. Check that the phone has network.',
    },
    fine: {
      says: () => 'Everything is in order: the person can sign in.',
      tell: () => 'Ask at which step they stop, and for the support id on the page.',
    },
    fine_by_card: {
      says: () => 'The e-CPS is not activated; the card works.',
      tell: () => 'Sign in with the card, or activate the e-CPS, with the card too.',
    },
  },
} satisfies Translation<typeof fr>;
