import type { Translation } from '../catalogue.ts';
import type { mails as fr } from '../fr/mails.ts';

/** Mails, in English. */
export const mails = {
  hello: 'Hello,',
  phone: 'Phone',
  when: 'Date',
  notYou: 'If this wasn’t you',
  unknownPlace: 'unknown place',
  unnamedPhone: 'unnamed phone',
  stop: 'Stop this phone',
  stopAbout: 'The link opens a page that asks you to confirm.',
  footer: {
    never: 'Caducée never asks for your PIN by e-mail, by SMS or by telephone.',
    help: (phone, hours) => `Need help? Call ${phone} (${hours}).`,
    automatic: 'This e-mail is automatic: nobody reads replies.',
  },

  activation_qr: {
    subject: 'Activate your e-CPS: here is your QR code',
    preheader: (minutes) => `Scan it with the e-CPS app within ${minutes} minutes.`,
    title: 'Activate your e-CPS',
    intro: (device) =>
      device
        ? `You have just asked to activate your e-CPS on this phone: ${device}.`
        : 'You have just asked to activate your e-CPS.',
    open: 'Open the e-CPS app on the phone to activate.',
    scan: 'Scan this QR code with the app.',
    alt: 'Activation QR code, to scan with the e-CPS app. If it does not show, type the code written below.',
    noImage: '(A text cannot show the QR code: type the code below.)',
    type: 'Reading this e-mail on that phone? Type this code in the app:',
    sms: 'Copy the code that you will receive at once by SMS.',
    pin: 'Choose your PIN: you are done.',
    validity: (minutes, until) =>
      `This QR code works once, for ${minutes} minutes: until ${until}. After that, ask for a new one in the app.`,
    notYou:
      'Scan nothing and give this code to nobody. Without it, nothing can be activated. If it happens again, call us.',
  },

  activation_closed: {
    subject: 'An activation of your e-CPS was not completed',
    preheader: 'Nothing to do if it was you.',
    title: 'An activation was not completed',
    intro: 'An activation of your e-CPS had begun on this phone. It will go no further.',
    reasons: {
      other_completed: 'Meanwhile you activated another phone: this request is no longer needed.',
    },
    notYou:
      'Someone may have tried to activate your e-CPS in your place, and failed. If it happens again, call us.',
  },

  device_added: {
    subject: 'A phone was added to your e-CPS',
    preheader: 'Was it you? If not, stop it now.',
    title: 'A phone was added to your e-CPS',
    now: 'Your e-CPS is active on this phone. It can sign you in from now on.',
    quarantine: (until) =>
      `To keep you safe, this phone can sign you in only from ${until}. Until then you can stop it. If it was you, there is nothing to do.`,
    notYouStop: 'Stop this phone now, then call us.',
    notYou: 'Remove this phone now in the app of another of your phones, or call us.',
  },

  device_removed: {
    subject: 'A phone was removed from your e-CPS',
    preheader: 'It can no longer sign you in.',
    title: 'A phone was removed from your e-CPS',
    intro: 'This phone can no longer sign you in. The sessions opened with it are closed.',
    by: {
      owner: 'It was removed from within your e-CPS.',
      revocation_code: 'It was removed with your revocation code.',
      stop_link: 'It was stopped with the link of an e-mail.',
      operator: 'It was removed by the help desk.',
      registry:
        'Your registration has changed, and the e-CPS follows the registry. Please contact your Ordre.',
      replaced: 'A new phone replaces it.',
    },
    again: 'To use this phone again, activate your e-CPS on it in the app.',
    notYou: 'Call us: we will look together at what happened.',
  },

  device_locked: {
    subject: 'Your e-CPS is locked on a phone',
    preheader: 'A wrong PIN was typed too many times.',
    title: 'Your e-CPS is locked on this phone',
    intro: 'A wrong PIN was typed too many times. To keep you safe, this phone can no longer sign you in.',
    again:
      'To unlock it, activate your e-CPS again in the app and choose a new PIN. Your other phones stay active.',
    notYou: 'Someone may be holding your phone. Call us now.',
  },

  device_frozen: {
    subject: 'Your e-CPS is suspended on a phone',
    preheader: 'There seem to be two copies of it.',
    title: 'Your e-CPS is suspended on this phone',
    intro:
      'There seem to be two copies of your e-CPS. To keep you safe, this phone can no longer sign you in.',
    cause: 'This can happen after restoring a backup or moving to a new phone.',
    again: 'Activate your e-CPS again in the app. Your other phones stay active.',
    notYou: 'If you restored and moved nothing, someone may have copied your e-CPS. Call us now.',
  },

  pin_changed: {
    subject: 'The PIN of your e-CPS has changed',
    preheader: 'Was it you?',
    title: 'Your PIN has changed',
    intro: 'The PIN of your e-CPS has just changed on this phone.',
    rollback: (until) => `A mistake? You can go back to the former PIN in the app until ${until}.`,
    notYou: 'Someone has your phone and knows your PIN. Remove this phone from your e-CPS and call us now.',
  },

  contact_changed: {
    subject: 'Your contact details have changed',
    preheader: 'Was it you? If not, cancel this change.',
    title: 'Your contact details have changed',
    changed: {
      both: 'A new e-mail address and a new phone number were declared for you in the registry.',
      email: 'A new e-mail address was declared for you in the registry.',
      phone: 'A new phone number was declared for you in the registry.',
    },
    effective: (moment) =>
      `Your e-CPS can be activated with these details from ${moment}. If it was you, there is nothing to do.`,
    notYou: 'Cancel this change with the link below, then tell your Ordre.',
    stop: 'Cancel this change',
  },

  contact_restored: {
    subject: 'A change of your contact details was cancelled',
    preheader: 'Your former details are the right ones again.',
    title: 'A change of your contact details was cancelled',
    intro:
      'The change of contact details was cancelled with the link sent to the former ones. They are the right ones again.',
    again: 'If you did want to change your details, declare them again in your account at the Ordre.',
    notYou: 'Somebody may read your mail or have access to your account. Call us.',
  },

  renewal_due: {
    subject: (days) => (days <= 1 ? 'Renew your e-CPS: last day' : `Renew your e-CPS: ${days} days left`),
    preheader: 'It takes a minute, in the app.',
    title: 'Renew your e-CPS',
    until: 'Valid until',
    intro: (day) => `Your e-CPS is valid until ${day} on this phone.`,
    open: 'Open the e-CPS app on this phone.',
    renew: 'Choose to renew it, then type your PIN.',
    after: 'After that date you will have to activate it again, with an e-mail and an SMS.',
    notYours: 'No longer your phone?',
    notYou: 'Remove it from your e-CPS in the app of another of your phones, or call us.',
  },

  operator_act: {
    act: 'Act',
    operator: 'Operator',
    reason: 'Reason',
    command: 'To look at it',
    waits: {
      subject: 'An act waits for your confirmation',
      preheader: 'Nothing is done until a second operator has confirmed.',
      title: 'An act waits for your confirmation',
      intro: 'Another operator asks for what follows. Nothing is done until you have confirmed it.',
      then: 'Check with that person, aloud. Then confirm (operators confirm) or refuse (operators refuse).',
    },
    done: {
      subject: 'An operator has stopped something',
      preheader: 'It is done. Look at it.',
      title: 'An operator has stopped something',
      intro: 'Another operator has done what follows. It is in force.',
      then: 'Say that you have seen it (operators seen). If it surprises you, ask that person, aloud.',
    },
    break_glass: {
      subject: 'URGENT: an operator acted without a second one',
      preheader: 'An act that takes two people was done by one.',
      title: 'An operator acted without a second one',
      intro: 'An act that takes two people was done by one, as an emergency. It is in force.',
      then: 'Call that person now. Then say that you have seen it (operators seen).',
    },
  },
  sign_in_reported: {
    subject: 'This wasn’t you: sign-in refused',
    preheader: 'Your report is recorded. Nothing was opened.',
    title: 'Your report is recorded',
    intro:
      'You answered “this wasn’t me” to this sign-in. It was not opened, and requests from the same origin will not ring any more.',
    service: 'Service',
    browser: 'Browser',
    place: 'Approximate place',
    remember:
      'Approve only sign-ins that you have just asked for yourself, and never type a number that someone reads out to you.',
    notYou: 'If you did not send this report, someone may be holding your phone. Call us now.',
    notYouTitle: 'You did not send this report?',
  },
} as const satisfies Translation<typeof fr>;
