/**
 * SMS, in French. Plain spaces, straight apostrophes and no circumflex: they are not in GSM 7-bit, and one character
 * outside it makes a message half as long and twice as dear.
 */
export const sms = {
  activation_code: (code: string) => `Votre code e-CPS : ${code}. Ne le communiquez à personne.`,
  device_added: (stopUrl: string | undefined) =>
    `Un téléphone a été ajouté à votre e-CPS. Si ce n'est pas vous, ${stopUrl ? `stoppez-le : ${stopUrl}` : "appelez l'assistance."}`,
  contact_changed: (stopUrl: string) =>
    `Vos coordonnées e-CPS ont changé. Si ce n'est pas vous, annulez : ${stopUrl}`,
} as const;
