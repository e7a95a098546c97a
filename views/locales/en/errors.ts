import { cardErrors } from './card-errors.ts';
import type { ErrorText } from '../error-text.ts';
import type { errors as fr } from '../fr/errors.ts';

const later = (retryAfter: string | undefined) =>
  retryAfter === undefined ? 'Try again a little later.' : `Try again in ${retryAfter}.`;

/** Every refusal in words: what happened, why, what to do now. The key is the code of the Refusal. */
export const errors = {
  // FHIR
  fhir_parameter_invalid: {
    title: 'This search parameter is malformed',
    text: 'The diagnostics say which one, and why.',
    action: 'Correct it (docs/directory.md).',
  },
  fhir_parameter_unsupported: {
    title: 'This search is not offered',
    text: 'The diagnostics say which parameter is not; /fhir/metadata lists them.',
    action: 'Search otherwise (docs/directory.md).',
  },
  fhir_too_costly: {
    title: 'This search is too wide',
    text: 'It would have read too large a part of the directory.',
    action: 'Add a name, a profession or a period.',
  },
  fhir_format: {
    title: 'This format is not offered',
    text: 'FHIR is served here as JSON only.',
    action: 'Ask for application/fhir+json.',
  },

  // Contact details
  contact_stop_late: {
    title: 'This link is no longer valid',
    text: 'The change of contact details has been in force for more than 30 days: this link no longer cancels it.',
    action: 'Declare your details in your account at the Ordre, or call the help desk.',
  },
  feed_assertion_invalid: {
    title: 'The signature of this request is not accepted',
    text: 'The signed token is missing, expired, for another address, not of this content, or not by a declared key.',
    action: 'Check the key, the clock and the claims of the token (docs/registry.md), then send again.',
  },
  feed_assertion_replayed: {
    title: 'This token was used already',
    text: 'A signed token serves once.',
    action: 'Sign a new token and send again: a batch already received is not applied twice.',
  },
  feed_key_unfit: {
    title: 'This key is unfit',
    text: 'An asymmetric public key (PEM, JWK or JWKS) is needed: P-256, P-384, Ed25519, or RSA of at least 2048 bits.',
    action: 'Give another key.',
  },
  batch_malformed: {
    title: 'This batch is malformed',
    text: 'A batch is a JSON object with "batch" and 1 to 500 lines in "contacts".',
    action: 'Correct the batch (docs/registry.md), then send it again.',
  },
  batch_conflict: {
    title: 'This batch number was used for another content',
    text: 'A batch once received does not change.',
    action: 'Send the new content under a new batch number.',
  },

  // Any page
  internal_error: {
    title: 'Something went wrong on our side',
    text: 'It is nothing you did. It is recorded under the number below.',
    action: 'Try again in a moment. If it goes on, call the help desk and give this number.',
  },
  not_found: {
    title: 'This page does not exist',
    text: 'The address is incomplete or has changed.',
    action: 'Go back to the service you wanted to open and start again.',
  },
  method_not_allowed: {
    title: 'This page does not open this way',
    text: 'This address expects another kind of request.',
    action: 'Go back to the service you wanted to open and start again.',
  },
  request_invalid: {
    title: 'The request is incomplete',
    text: 'We could not read what was sent to us.',
    action: 'Go back to the previous page and start again.',
  },
  too_large: {
    title: 'That is too much to send',
    text: 'This form takes a few lines only.',
    action: 'Go back to the previous page and start again.',
  },
  media_type_wrong: {
    title: 'This format is not accepted',
    text: 'This address expects a form.',
    action: 'Go back to the previous page and start again.',
  },
  origin_wrong: {
    title: 'The request does not come from our page',
    text: 'For your safety we only accept forms shown at our own address.',
    action: 'Go back to the service you wanted to open and sign in again.',
  },
  form_stale: {
    title: 'The page stayed open too long',
    text: 'The form was no longer valid, or this browser blocks cookies.',
    action: 'Reload the page and start again. If it goes on, allow cookies for this site.',
  },
  host_unknown: {
    title: 'This address is not ours',
    text: 'The server only answers under its official name.',
    action: 'Go back to the service you wanted to open and start again.',
  },
  insecure_request: {
    title: 'The connection is not encrypted',
    text: 'The request reached us without encryption, so we refused it.',
    action: 'Open the page with an address that starts with https. If it does, call the help desk.',
  },
  too_many_requests: {
    title: 'Too many requests in a short time',
    text: 'For your safety we are taking a break.',
    action: ({ retryAfter }) => later(retryAfter),
  },
  // Sign-in
  interaction_expired: {
    title: 'This sign-in has expired',
    text: 'The page stayed open too long, or the sign-in is already complete.',
    action: ({ service }) =>
      service === undefined
        ? 'Go back to the service you wanted to open and ask to sign in again.'
        : `Go back to ${service} and ask to sign in again.`,
  },
  other_browser: {
    title: 'This link opened in another browser',
    text: 'The sign-in was asked from another browser; for your safety it cannot be completed here.',
    action:
      'Return to the browser where you began. If its page shows a number, type it in the e-CPS app. Otherwise start again from the service.',
  },
  identifier_missing: {
    title: 'Your identifier is missing',
    text: 'The field was empty.',
    action: 'Type your national identifier, or scan a QR code and type nothing.',
  },
  identifier_malformed: {
    title: 'This identifier does not have the right form',
    text: 'An RPPS number has 11 digits; the national identifier is that number with an 8 in front.',
    action: 'Check the number and type it again. Spaces do no harm.',
  },
  practitioner_inactive: {
    title: 'Your registration is no longer active',
    text: 'The register of health professionals no longer lists you as active.',
    action: 'If this is a mistake, ask your Ordre; then start again the day after it is corrected.',
  },
  // Sign-in, as told to services and people by the OpenID provider
  access_denied: {
    title: 'The sign-in was abandoned',
    text: 'The service was not opened.',
    action: 'Go back to the service to start again whenever you like.',
  },
  service_unknown: {
    title: 'This service is not known',
    text: 'The service that sent you here is not registered with us, or no longer is.',
    action: 'Tell the service, and give it the code below.',
  },
  redirect_unknown: {
    title: 'This service is not set up correctly',
    text: 'The return address it asks for is not among those it declared.',
    action: 'Tell the service, and give it the code below.',
  },
  request_refused: {
    title: 'The service made a request we cannot follow',
    text: 'Its sign-in request is incomplete or contradictory.',
    action: 'Go back to the service and start again. If it goes on, give it the code below.',
  },
  session_gone: {
    title: 'This sign-in is no longer open',
    text: 'It expired, or was started in another browser, or cookies are blocked.',
    action: 'Go back to the service you wanted to open and ask to sign in again.',
  },
  // Card
  ...cardErrors,
  // Activation
  identifier_unknown: {
    title: 'We cannot find this identifier',
    text: 'It does not exist in the register of health professionals.',
    action: 'Check the number in the health directory, then type it again.',
  },
  identifier_check: {
    title: 'Check your number',
    text: 'One digit seems wrong: the last one is a key and does not match the others.',
    action: 'Compare with your card or with the health directory, then type the number again.',
  },
  contact_missing: {
    title: 'Your contact details are missing',
    text: 'We have not received an up-to-date e-mail address or phone number for you in our registers.',
    action: 'Update them in your account with the Ordre: your e-CPS can be activated 72 hours later.',
  },
  contact_too_recent: {
    title: 'Your contact details have just changed',
    text: 'For your safety, a changed contact detail can activate an e-CPS only after 72 hours.',
    action: ({ availableAt }) =>
      availableAt === undefined
        ? 'Come back 72 hours after the change.'
        : `You can activate your e-CPS from ${availableAt}.`,
  },
  contact_malformed: {
    title: 'These contact details do not have the right form',
    text: 'The e-mail address or phone number given cannot be used.',
    action: 'Check them and start again.',
  },
  code_wrong: {
    title: 'This is not the right code',
    text: ({ triesLeft }) =>
      triesLeft === undefined
        ? 'It does not match the one we sent.'
        : `It does not match the one we sent. Tries left: ${triesLeft}.`,
    action: 'Read the last message you received and type the code again.',
  },
  code_expired: {
    title: 'This code has expired',
    text: 'A QR code is valid for 30 minutes, a code received by SMS for 10 minutes.',
    action: 'Ask for a new one in the app.',
  },
  already_used: {
    title: 'This code has already been used',
    text: 'Each code serves once.',
    action: 'Ask for a new one in the app.',
  },
  superseded: {
    title: 'A newer request replaces this one',
    text: 'You started the activation again on this phone.',
    action: 'Use the last message you received.',
  },
  qr_stale: {
    title: 'This QR code has expired',
    text: 'The QR code shown after the card was presented changes every 10 seconds and only serves for a moment.',
    action: 'Scan the one that the computer shows now. If it shows none any more, present the card again.',
  },
  scanned_elsewhere: {
    title: 'Another phone has already scanned this QR code',
    text: 'Each QR code serves one phone. If the other one is not yours, someone photographed the screen.',
    action:
      'On the computer, answer that it is not your phone, then present the card again out of others’ sight.',
  },
  step_wrong: {
    title: 'This step does not come next',
    text: 'The app and the server are not at the same point.',
    action: 'Close the app, open it again and go on.',
  },
  phone_limit: {
    title: 'You already have three phones',
    text: 'An e-CPS can be activated on three phones at most.',
    action: 'Remove an old phone in the app, then start again.',
  },
  evaluations_spent: {
    title: 'Too many tries to choose the PIN',
    text: 'This activation cannot go on.',
    action: 'Start the activation again in the app.',
  },
  // Phone: every call
  use_nonce: {
    title: 'The app has to ask again',
    text: 'The request was too old.',
    action: 'The app tries again by itself. If not, close it and open it again.',
  },
  proof_invalid: {
    title: 'We do not recognise this call',
    text: 'The proof sent by the phone is not valid.',
    action: 'Close the app, open it again and start again.',
  },
  // Phone: confirming a sign-in
  bind_wrong: {
    title: 'This is not the right number',
    text: 'The number typed is not the number on your computer. For your safety this request has ended.',
    action: 'Start the sign-in again on your computer.',
  },
  payload_mismatch: {
    title: 'The confirmation does not match the request',
    text: 'What was signed is not what was asked.',
    action: 'Start the sign-in again on your computer.',
  },
  signature_invalid: {
    title: 'The signature is not valid',
    text: 'We could not verify what the phone signed.',
    action: 'Start again. If it goes on, activate your e-CPS again.',
  },
  pin_wrong: {
    title: 'This is not the right PIN',
    text: ({ triesLeft }) =>
      triesLeft === undefined
        ? 'The PIN typed does not match.'
        : `The PIN typed does not match. Tries left: ${triesLeft}.`,
    action: 'Type it again. If you forgot it, activate your e-CPS again.',
  },
  pin_wait: {
    title: 'Wait before another try',
    text: 'After several wrong PINs we take a break to protect your e-CPS.',
    action: ({ retryAfter }) => later(retryAfter),
  },
  gone: {
    title: 'This request is over',
    text: 'It has expired, or was already answered.',
    action: 'Start the sign-in again from the service.',
  },
  // Phone: its state
  device_unknown: {
    title: 'This phone is not known',
    text: 'No e-CPS is active on this phone, or it was removed.',
    action: 'Activate your e-CPS on this phone.',
  },
  device_locked: {
    title: 'The e-CPS of this phone is locked',
    text: 'The PIN was wrong too many times.',
    action: 'Activate your e-CPS again: you will choose a new PIN.',
  },
  device_frozen: {
    title: 'The e-CPS of this phone is suspended',
    text: 'Two copies of this phone seem to exist. We have told you by message.',
    action: 'Activate your e-CPS again on this phone.',
  },
  device_quarantined: {
    title: 'This phone is not ready yet',
    text: 'A new phone waits a little before it can be used, so that you have time to object.',
    action: ({ availableAt, retryAfter }) =>
      availableAt !== undefined
        ? `It can be used from ${availableAt}.`
        : retryAfter !== undefined
          ? `It can be used in ${retryAfter}.`
          : 'Confirm it with your other phone, or wait.',
  },
  device_expired: {
    title: 'The e-CPS of this phone has expired',
    text: 'An e-CPS is renewed every year.',
    action: 'Activate your e-CPS again on this phone.',
  },
  device_revoked: {
    title: 'The e-CPS of this phone was removed',
    text: 'It was removed by you, by the help desk, or because your registration changed.',
    action: 'Activate your e-CPS again, or call the help desk.',
  },
} as const satisfies Record<keyof typeof fr, ErrorText>;
