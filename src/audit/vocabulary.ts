/**
 * Every type of audit event, each with one line for docs/audit.md. The list is closed: what is not here cannot be
 * recorded. A name is never reused for another meaning.
 */
export const EVENTS = {
  // sign-in and tokens
  sign_in_granted: 'A service was told who signed in.',
  sign_in_refused: 'A known service asked for a sign-in and was refused.',
  sign_in_reported: 'A practitioner said that a sign-in asked in his name was not his.',
  tokens_issued:
    'A service obtained tokens: for a code, or by the way told in its details (a device, a request to a phone, an exchange).',
  token_refused: 'A service asked for tokens and was refused.',
  token_replayed: 'A code or refresh token was presented a second time; the tokens born from it are revoked.',
  ciba_refused:
    'A sign-in that a service had asked server to server (CIBA) was refused on the phone, or failed.',
  ciba_not_notified: 'A service could not be told, server to server, that its request (CIBA) has an answer.',
  ciba_limited: 'A service asked for more sign-ins server to server (CIBA) than it may.',
  signed_out: 'A session ended.',
  sessions_ended: 'An operator, or the practitioner, ended several sessions at once.',
  sign_out_delivered: 'A service was told, server to server, that a session ended.',
  sign_out_not_delivered: 'A service could not be told, server to server, that a session ended.',

  // e-CPS: activation
  'ecps.activation_started':
    'A phone asked for an activation, and the mail was queued; or it scanned the QR of a card.',
  'ecps.activation_refused': 'A person of the registry asked for an activation and could not have one.',
  'ecps.activation_resent': 'The mail or the SMS of an activation was sent again.',
  'ecps.activation_scanned':
    'The QR of the mail (or the characters beside it) was accepted; the SMS was queued.',
  'ecps.activation_code_wrong': 'A wrong QR, typed code or SMS code was tried.',
  'ecps.activation_confirmed':
    'The SMS code was right, or the person confirmed the phone at the computer; the PIN is to be chosen.',
  'ecps.activation_scanned_twice':
    'A second phone scanned the QR of an activation by card; it was refused, and the page said so.',
  'ecps.activation_closed': 'An activation ended without a phone.',
  'ecps.step_illegal': 'A step was asked that its state does not allow.',

  // e-CPS: phones
  'ecps.device_added': 'A phone carries the e-CPS.',
  'ecps.device_promoted': 'A phone left quarantine, or another phone approved it.',
  'ecps.device_expired': 'A phone was not renewed in time.',
  'ecps.device_renamed': 'A phone got another name.',
  'ecps.device_renewed': 'A phone was renewed.',
  'ecps.device_locked': 'A phone is locked: too many wrong PINs.',
  'ecps.device_frozen': 'A phone is frozen: two copies of it spoke.',
  'ecps.device_revoked': 'A phone was revoked.',

  // e-CPS: PIN
  'ecps.pin_evaluated': 'A PIN try was counted.',
  'ecps.pin_wrong': 'What the PIN signed does not verify: the PIN was wrong.',
  'ecps.pin_changed': 'The PIN was changed.',
  'ecps.pin_rolled_back': 'A PIN change was undone.',

  // e-CPS: approvals
  'ecps.approval_started':
    'A sign-in waits for a phone (recorded alike whether or not anyone has that identifier).',
  'ecps.approval_bound_wrong': 'A wrong number was typed on the phone; the request ended.',
  'ecps.approval_given': 'A practitioner approved a sign-in.',
  'ecps.approval_denied': 'A practitioner refused a sign-in.',
  'ecps.approval_reported': 'A practitioner reported a sign-in he had not asked for.',

  // card
  'card.refused': 'A card was refused, or none was presented.',
  'card.opposed': 'A card was declared lost: it no longer signs in.',
  'card.released': 'A card declared lost by mistake was taken off the list.',

  // registry, services, keys
  registry_imported: 'A file of the registry was imported.',
  registry_rolled_back: 'An import of the registry was undone.',
  registry_merged: 'Two identifiers turned out to be one person, who keeps one `sub`.',
  registry_status_changed: 'A practitioner’s status changed.',
  contact_changed: 'A practitioner’s contact details changed (the details themselves are not here).',
  contact_change_stopped:
    'Whom the former contact details reach stopped a change with the link sent to them; the former ones hold again.',
  contact_batch_received: 'A portal sent a batch of contact details.',
  contact_feed_changed: 'A portal that declares contact details was added, changed, disabled or enabled.',
  client_changed: 'A service’s registration was added, changed or removed.',
  signing_key_changed: 'A signing key was made, promoted or retired.',

  // the audit itself
  audit_pruned: 'A month of events was dropped because its time was over; the chain verifies from there on.',

  // operators by name
  'operator.added': 'An operator was registered, with a key.',
  'operator.removed': 'An operator may act no more.',
  'operator.act_asked':
    'An operator signed an act, for a reason; what opens something waits for a second one.',
  'operator.broke_glass': 'An operator did alone what a second one should have confirmed.',
  'operator.act_confirmed': 'A second operator confirmed an act, which was then done.',
  'operator.act_refused': 'A second operator refused an act.',
  'operator.act_seen': 'A second operator looked at what was done at once.',
  'operator.looked': 'An operator read what the help desk sees of a person, or that person’s events.',
  'operator.exported': 'An operator exported events.',
  'operator.acted': 'The help desk did something for a person, for a reason.',
} as const;

/** A type of audit event. */
export type EventType = keyof typeof EVENTS;
