/** What each mail must be given. Instants may be dates or ISO texts (as they come back from the outbox). */

export type Instant = Date | string;

/** How a phone stopped being one of the person's phones. */
export type RemovalReason = 'owner' | 'revocation_code' | 'stop_link' | 'operator' | 'registry' | 'replaced';

/** Why an activation that was under way will not go further. */
export type ClosingReason = 'other_completed';

interface AboutPhone {
  /** The name or model of the phone, as it gave it: it is cleaned before it is shown. */
  deviceName: string;
  at: Instant;
}

export interface MailData {
  /** The QR code that activates the e-CPS, and the same as eight characters to type. */
  activation_qr: {
    qrText: string;
    /** Eight characters of Crockford's base 32, with or without the hyphen. */
    typedCode: string;
    expiresAt: Instant;
    minutes: number;
    deviceName?: string;
  };
  activation_closed: AboutPhone & { reason: ClosingReason };
  device_added: AboutPhone & { quarantineUntil?: Instant; stopUrl?: string };
  device_removed: AboutPhone & { by: RemovalReason };
  /** Too many wrong PINs. */
  device_locked: AboutPhone;
  /** Two copies of one phone were noticed. */
  device_frozen: AboutPhone;
  pin_changed: AboutPhone & { rollbackUntil?: Instant };
  /** Told to whom the former details reach; the link stops the change. */
  contact_changed: {
    at: Instant;
    effectiveAt: Instant;
    changed: 'both' | 'email' | 'phone';
    stopUrl: string;
  };
  /** A change was stopped: the former details hold again. Told to both sides. */
  contact_restored: { at: Instant };
  renewal_due: { deviceName: string; dueAt: Instant; days: number };
  /** To an operator: another one asks, or has done, something. */
  operator_act: {
    what: 'waits' | 'done' | 'break_glass';
    id: string;
    /** Such as `card.oppose`. */
    act: string;
    operator: string;
    reason: string;
    at: Instant;
  };
  /** The person answered "I asked for nothing". */
  sign_in_reported: { at: Instant; service: string; browser: string; place: string; deviceName?: string };
}

export type MailTemplate = keyof MailData;

/** What every mail knows besides its data. */
export interface MailContext {
  /** IANA time zone of the instants shown. */
  timeZone: string;
  help: { phone: string; hours: { fr: string; en: string } };
}
