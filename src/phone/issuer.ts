import { PhoneError } from './errors.ts';

/** The issuer, provided it is of the server this phone talks to: no other server may borrow a signature. */
export const trustedIssuer = (aud: string, origin: string): string => {
  if (!URL.canParse(aud) || new URL(aud).origin !== origin) {
    throw new PhoneError('issuer_untrusted', `${aud} is not of ${origin}`);
  }
  return aud;
};
