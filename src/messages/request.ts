import type { MailData, MailTemplate } from '../../views/mails/data.ts';
import type { SmsData, SmsTemplate } from '../../views/sms/data.ts';

/** What the other capabilities ask to send, and what became of it. */

export type Locale = 'fr' | 'en';
export type MessageKind = 'mail' | 'sms' | 'push';

/** queued → sending → sent, or back to queued; abandoned and expired are ends too. */
export type MessageState = 'queued' | 'sending' | 'sent' | 'abandoned' | 'expired';

interface Common {
  practitionerId?: string;
  activationId?: string;
  deviceId?: string;
  /** After this instant the message is worth nothing and is no longer sent. Mails: 48 h unless told. */
  expiresAt?: Date;
  /** At most one message for each key, ever: the second one asked for is the first one. */
  dedupeKey?: string;
}

/** One mail: its template decides what `data` must hold. */
export type MailRequest = {
  [T in MailTemplate]: Common & { kind: 'mail'; template: T; to: string; locale: Locale; data: MailData[T] };
}[MailTemplate];

/** One SMS. Codes die young: it must say when. */
export type SmsRequest = {
  [T in SmsTemplate]: Common & {
    kind: 'sms';
    template: T;
    to: string;
    locale: Locale;
    data: SmsData[T];
    expiresAt: Date;
  };
}[SmsTemplate];

/** A subscription as the browser gives it (PushSubscription.toJSON). */
export interface PushSubscription {
  endpoint: string;
  keys: { p256dh: string; auth: string };
}

/** A ring of the phone's doorbell: it carries nothing. */
export interface PushRequest extends Common {
  kind: 'push';
  subscription: PushSubscription;
  deviceId: string;
  expiresAt: Date;
}

export type MessageRequest = MailRequest | SmsRequest | PushRequest;

/** What the help desk sees of one message: everything but its content and its recipient. */
export interface MessageFate {
  id: string;
  kind: MessageKind;
  template: string;
  locale: Locale;
  /** j•••@e•••.test, +33 6 •• •• •• 12, or the push service's host. */
  recipient: string;
  state: MessageState;
  attempts: number;
  /** Why the last try failed; undefined when none did. */
  lastError?: string;
  /** The SMTP server's or Twilio's own name for it, to ask them. */
  providerId?: string;
  practitionerId?: string;
  activationId?: string;
  deviceId?: string;
  createdAt: Date;
  /** While it is queued: when it is tried next. */
  nextAttemptAt?: Date;
  expiresAt: Date;
  /** When it was sent, abandoned or found expired. */
  endedAt?: Date;
}

/** Which messages' fate is asked; every given field must match. */
export interface FateFilter {
  id?: string;
  practitionerId?: string;
  activationId?: string;
  deviceId?: string;
  state?: MessageState;
  /** Newest first; 100 unless told. */
  limit?: number;
}
