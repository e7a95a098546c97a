import type { MessageRequest } from './request.ts';

/** What may be shown of a recipient: enough for its owner to recognise it, too little for anyone else. */

const DOTS = '•••';

/** `jean.martin@example.test` → `j•••@e•••.test`. */
export const maskEmail = (email: string): string => {
  const at = email.lastIndexOf('@');
  if (at < 1) return DOTS;
  const domain = email.slice(at + 1);
  const dot = domain.lastIndexOf('.');
  const ending = dot > 0 ? domain.slice(dot) : '';
  return `${first(email)}${DOTS}@${first(domain)}${DOTS}${ending}`;
};

const first = (text: string): string => Array.from(text)[0] ?? '';

/** `+33612345612` → `+33 6 •• •• •• 12`; other countries keep their first two and last two digits. */
export const maskPhone = (phone: string): string => {
  const digits = phone.replaceAll(/[^\d+]/g, '');
  if (digits.length < 8) return DOTS;
  const end = digits.slice(-2);
  const french = /^\+33(\d)\d{8}$/.exec(digits);
  if (french) return `+33 ${french[1]} •• •• •• ${end}`;
  return `${digits.slice(0, 3)} ${DOTS} ${end}`;
};

/** The recipient of any message, masked. A push shows its service's host, never the subscription. */
export const maskRecipient = (message: MessageRequest): string => {
  if (message.kind === 'mail') return maskEmail(message.to);
  if (message.kind === 'sms') return maskPhone(message.to);
  return URL.canParse(message.subscription.endpoint) ? new URL(message.subscription.endpoint).hostname : DOTS;
};

/**
 * An error text as it may be kept: servers love to repeat the address or the number they refuse. Addresses,
 * URLs, long digit runs and the given secrets go; 160 characters stay.
 */
export const scrub = (text: string, secrets: readonly string[] = []): string => {
  let clean = text;
  for (const secret of secrets) if (secret.length > 3) clean = clean.replaceAll(secret, '…');
  return clean
    .replaceAll(/https?:\/\/\S+/gi, '…')
    .replaceAll(/[^\s<>"']+@[^\s<>"']+/g, '…')
    .replaceAll(/\+?\d[\d ]{4,}\d/g, '…')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 160);
};
