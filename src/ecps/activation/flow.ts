import { defineFlow, type FlowTable } from '../flow.ts';

/** Where an activation, by mail and SMS or by card, may stand. */
export const ACTIVATION_STATES = [
  'mail_sent',
  'sms_sent',
  'confirm_due',
  'pin_due',
  'done',
  'spent',
  'refused',
  'superseded',
  'closed',
  'expired',
] as const;
export type ActivationState = (typeof ACTIVATION_STATES)[number];

export const ACTIVATION_ACTIONS = [
  'resend_mail',
  'scan',
  'resend_sms',
  'confirm_sms',
  // the person found phone and computer to show the same
  'confirm_phone',
  'evaluate',
  'enrol',
  // wrong codes beyond the limit
  'spend',
  // a fourth phone, or one that the person at the computer does not know
  'refuse',
  // a newer activation by the same key D
  'supersede',
  // another activation of the same person came to its end
  'close',
  'expire',
] as const;
export type ActivationAction = (typeof ACTIVATION_ACTIONS)[number];

const endings = { supersede: 'superseded', close: 'closed', expire: 'expired' } as const;

const table = {
  mail_sent: { resend_mail: 'mail_sent', scan: 'sms_sent', spend: 'spent', ...endings },
  sms_sent: {
    resend_sms: 'sms_sent',
    confirm_sms: 'pin_due',
    spend: 'spent',
    refuse: 'refused',
    ...endings,
  },
  confirm_due: { confirm_phone: 'pin_due', refuse: 'refused', ...endings },
  pin_due: { evaluate: 'pin_due', enrol: 'done', spend: 'spent', refuse: 'refused', ...endings },
  done: {},
  spent: {},
  refused: {},
  superseded: {},
  closed: {},
  expired: {},
} as const satisfies FlowTable<ActivationState, ActivationAction>;

export const activationFlow = defineFlow<ActivationState, ActivationAction>(
  'activation',
  ACTIVATION_ACTIONS,
  table,
);
