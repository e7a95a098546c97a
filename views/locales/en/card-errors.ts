import type { ErrorText } from '../error-text.ts';
import type { cardErrors as fr } from '../fr/card-errors.ts';

export const cardErrors = {
  card_not_open: {
    title: 'The CPS card is not accepted here',
    text: 'No sign-in with a card is open on this site.',
    action: 'Sign in with the e-CPS on your phone.',
  },
  card_link_gone: {
    title: 'This link to the card reading no longer works',
    text: 'Each link works once, within ten minutes.',
    action: 'Go back to the service you wanted to open and start signing in again.',
  },
  card_handoff_gone: {
    title: 'The card reading did not come to its end',
    text: 'More than 30 seconds passed since the reading, the page was reloaded, or it opened in another browser.',
    action: 'Start again: choose the card, then let the page open.',
  },
  card_absent: {
    title: 'No card was presented',
    text: 'The card was not in the reader, the choice of certificate was cancelled, or the reader’s software is not installed.',
    action:
      'Insert your card, wait a few seconds and try again. Choose the certificate you are offered, then type your PIN.',
  },
  card_certificate_malformed: {
    title: 'We could not read this certificate',
    text: 'What your browser presented is not a certificate in good order.',
    action: 'Take the card out, put it back and try again. If it goes on, have the card checked.',
  },
  card_chain_unknown: {
    title: 'This certificate is not that of a card we know',
    text: 'None of the authorities that we accept issued it.',
    action: 'Try again and choose the certificate of your CPS card. Another certificate will not do.',
  },
  card_chain_broken: {
    title: 'We could not follow your card up to its authority',
    text: 'An authority between your card and those that we accept is missing here.',
    action: 'Call the help desk and give the code below: it is for us to complete.',
  },
  card_chain_too_long: {
    title: 'This certificate comes from too far',
    text: 'Too many authorities stand between it and those that we accept.',
    action: 'Try again and choose the certificate of your CPS card.',
  },
  card_issuer_not_ca: {
    title: 'This certificate was not issued by an authority',
    text: 'Whoever signed it had no right to issue certificates.',
    action: 'Try again and choose the certificate of your CPS card.',
  },
  card_issuer_key_usage: {
    title: 'This certificate was not issued by the rules',
    text: 'The authority that signed it had no right to sign certificates.',
    action: 'Try again and choose the certificate of your CPS card. If it was that one, call the help desk.',
  },
  card_issuer_not_allowed: {
    title: 'This authority issues no cards',
    text: 'The certificate comes from an authority we know, but not from one that issues CPS cards.',
    action: 'Try again and choose the certificate of your CPS card.',
  },
  card_signature_algorithm: {
    title: 'This certificate is signed in a way that is too old',
    text: 'This way of signing is no longer safe enough.',
    action: 'Ask for your card to be renewed. Until then, sign in with the e-CPS.',
  },
  card_key_too_weak: {
    title: 'The key of this card is too short',
    text: 'It is no longer safe enough.',
    action: 'Ask for your card to be renewed. Until then, sign in with the e-CPS.',
  },
  card_signature_invalid: {
    title: 'The signature of this certificate is false',
    text: 'It carries the name of an authority for cards, which did not sign it.',
    action: 'Try again and choose the certificate of your CPS card. If it was that one, call the help desk.',
  },
  card_not_yet_valid: {
    title: 'Your card is not valid yet',
    text: 'The first date of its certificate has not come.',
    action: 'Wait for that date, or sign in with the e-CPS.',
  },
  card_expired: {
    title: 'Your card has expired',
    text: 'The last date of its certificate has passed.',
    action:
      'Use the card that was sent to replace it. If you did not receive it, ask for it, and sign in with the e-CPS until then.',
  },
  card_issuer_not_valid: {
    title: 'The authority of your card is no longer valid',
    text: 'The last date of an authority on which your card depends has passed.',
    action: 'Ask for your card to be renewed. Until then, sign in with the e-CPS.',
  },
  card_is_ca: {
    title: 'This certificate is not that of a person',
    text: 'It is that of an authority.',
    action: 'Try again and choose the certificate of your CPS card.',
  },
  card_critical_extension_unknown: {
    title: 'This certificate contains a rule that we do not know',
    text: 'It is marked as mandatory: without understanding it, we have to refuse.',
    action: 'Call the help desk and give the code below. Until then, sign in with the e-CPS.',
  },
  card_signature_certificate: {
    title: 'This certificate is for signing, not for signing in',
    text: 'Your card holds two: you chose the one for signatures.',
    action: 'Try again and choose the other certificate, the one for authentication.',
  },
  card_key_usage: {
    title: 'This certificate is not for signing in',
    text: 'It lacks the usage that an authentication certificate has.',
    action: 'Try again and choose the authentication certificate of your card.',
  },
  card_extended_key_usage: {
    title: 'This certificate is not for signing in',
    text: 'It is not meant to identify somebody to a site.',
    action: 'Try again and choose the authentication certificate of your card.',
  },
  card_policy: {
    title: 'This certificate does not follow the rules of CPS cards',
    text: 'It was not issued under a policy that we accept.',
    action: 'Try again and choose the certificate of your CPS card.',
  },
  card_software_certificate: {
    title: 'This certificate is not in a card',
    text: 'It is a software certificate, kept on the computer. Only a card is accepted here.',
    action: 'Insert your CPS card and choose its certificate.',
  },
  card_subject: {
    title: 'We could not read whose card this is',
    text: 'The certificate does not name one person.',
    action: 'Call the help desk and give the code below. Until then, sign in with the e-CPS.',
  },
  card_revoked: {
    title: 'Your card was revoked',
    text: 'The authority that issued it has said that it must no longer serve.',
    action: 'Use your new card, or ask for one. Until then, sign in with the e-CPS.',
  },
  card_issuer_revoked: {
    title: 'The authority of your card was revoked',
    text: 'No card that it issued is accepted any more.',
    action: 'Ask for a new card. Until then, sign in with the e-CPS.',
  },
  card_opposed: {
    title: 'This card was declared lost or stolen',
    text: 'It can no longer be used to sign in.',
    action: 'If you have found it again, call the help desk. Otherwise use your new card or the e-CPS.',
  },
  card_revocation_unknown: {
    title: 'We cannot check your card at the moment',
    text: 'The list of revoked cards is missing here or out of date. To be safe, we then refuse all cards.',
    action: 'Sign in with the e-CPS, or try again later. Our team has been told.',
  },
  card_person_unknown: {
    title: 'The holder of this card is not in the register',
    text: 'We do not find the identifier among health professionals.',
    action: 'If you registered recently, try again tomorrow. Otherwise call the help desk.',
  },
  card_person_inactive: {
    title: 'Your registration is no longer active',
    text: 'The register of health professionals no longer counts you among those in practice.',
    action: 'If this is wrong, turn to your Ordre; then try again the day after it is corrected.',
  },
} as const satisfies Record<keyof typeof fr, ErrorText>;
