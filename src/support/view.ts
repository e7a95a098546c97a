import type { DeviceState } from '../ecps/devices/flow.ts';
import type { ActivationState } from '../ecps/activation/flow.ts';
import type { MessageFate } from '../messages/service.ts';
import type { Status } from '../registry/service.ts';

/** All that the help desk sees of one person: no address or number in clear, no code, no key. */
export interface SupportView {
  nationalId: string;
  /** The identifier's check digit is right. */
  luhn: boolean;
  at: Date;
  /** Undefined: nobody in the registry has this identifier, and the rest is empty. */
  person: SeenPerson | undefined;
  contact: SeenContact;
  /** The newest first, as all lists. */
  activations: SeenActivation[];
  messages: MessageFate[];
  phones: SeenPhone[];
  cards: SeenLostCard[];
  refusals: SeenRefusal[];
  lastSignIn: { at: Date; clientId: string } | undefined;
  /** The last sign-in that waited for a phone, and what came of it. */
  lastAsk: { at: Date; answer: 'approved' | 'denied' | 'reported' | 'bind_wrong' | 'none' } | undefined;
}

export interface SeenPerson {
  id: string;
  name: string;
  professionCode: string;
  professionCategory: string;
  status: Status;
  /** The status was set by hand at that time, and outlives the registry's files. */
  statusSetAt: Date | undefined;
  /** Since when the registry's files no longer name this person; access ends after the grace. */
  missingSince: Date | undefined;
  source: string;
}

export interface SeenContact {
  state: 'ok' | 'missing' | 'too_recent';
  missing: ('email' | 'phone')[];
  /** Masked; what holds today. */
  email: string | undefined;
  phone: string | undefined;
  origin: string | undefined;
  declaredAt: Date | undefined;
  effectiveAt: Date | undefined;
}

export interface SeenActivation {
  id: string;
  state: ActivationState;
  /** How far it came, also when it ended. */
  step: 'mail_sent' | 'sms_sent' | 'confirm_due' | 'pin_due';
  via: 'contact' | 'card';
  device: string;
  /** Over a quota: no mail was sent. */
  silent: boolean;
  wrongTries: number;
  startedAt: Date;
  expiresAt: Date;
  endedAt: Date | undefined;
}

export interface SeenPhone {
  id: string;
  name: string;
  model: string;
  os: string;
  state: DeviceState;
  via: 'contact' | 'card';
  addedAt: Date;
  lastUsedAt: Date | undefined;
  renewBy: Date;
  quarantineUntil: Date | undefined;
  endedAt: Date | undefined;
  endedWhy: string | undefined;
  pin: { triesLeft: number; waitSeconds: number };
  notifications: boolean;
}

export interface SeenLostCard {
  cardNumber: string;
  cardType: string;
  serial: string;
  notAfter: Date;
  lastAt: Date;
  lost: { at: Date; reason: string } | undefined;
}

export interface SeenRefusal {
  at: Date;
  /** A code of docs/errors.md, or the audit's event where there is none. */
  code: string;
  supportId: string | undefined;
  /** Where it was met, or through which service. */
  where: string | undefined;
}
