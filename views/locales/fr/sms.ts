/**
 * SMS, in French. Plain spaces, straight words: a no-break space is not in GSM 7-bit, and one character outside it
 * makes a message half as long and twice as dear.
 */
export const sms = {
  activation_code: (code: string) => `Votre code e-CPS : ${code}. Ne le communiquez à personne.`,
} as const;
