/**
 * Why a card was refused: a closed list, in the order in which the checks are made. Each is a key of the text
 * catalogue; `docs/card.md` says what to do about it.
 */
export const CARD_REFUSALS = [
  'card_absent',
  'card_certificate_malformed',
  'card_chain_unknown',
  'card_chain_broken',
  'card_chain_too_long',
  'card_issuer_not_ca',
  'card_issuer_key_usage',
  'card_issuer_not_allowed',
  'card_signature_algorithm',
  'card_key_too_weak',
  'card_signature_invalid',
  'card_not_yet_valid',
  'card_expired',
  'card_issuer_not_valid',
  'card_is_ca',
  'card_critical_extension_unknown',
  'card_signature_certificate',
  'card_key_usage',
  'card_extended_key_usage',
  'card_policy',
  'card_software_certificate',
  'card_subject',
  'card_revoked',
  'card_issuer_revoked',
  'card_opposed',
  'card_revocation_unknown',
  'card_person_unknown',
  'card_person_inactive',
] as const;

export type CardRefusal = (typeof CARD_REFUSALS)[number];
