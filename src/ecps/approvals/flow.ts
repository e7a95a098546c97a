import { defineFlow, type FlowTable } from '../flow.ts';

/** Where a sign-in that waits for a phone may stand; it lives in the expiring store. */
export const TRANSACTION_STATES = [
  'waiting',
  // a phone's signed approval is being judged; nobody else may take the sign-in meanwhile
  'signing',
  'approved',
  'served',
  'denied',
  'reported',
  // a wrong number, QR or link
  'broken',
  // the same browser started again
  'replaced',
] as const;
export type TransactionState = (typeof TRANSACTION_STATES)[number];

export const TRANSACTION_ACTIONS = [
  'scan',
  'evaluate',
  'sign',
  'release',
  'approve',
  'serve',
  'deny',
  'report',
  'mismatch',
  'replace',
] as const;
export type TransactionAction = (typeof TRANSACTION_ACTIONS)[number];

const table = {
  waiting: {
    scan: 'waiting',
    evaluate: 'waiting',
    sign: 'signing',
    deny: 'denied',
    report: 'reported',
    mismatch: 'broken',
    replace: 'replaced',
  },
  signing: { release: 'waiting', approve: 'approved' },
  approved: { serve: 'served' },
  served: {},
  denied: {},
  reported: {},
  broken: {},
  replaced: {},
} as const satisfies FlowTable<TransactionState, TransactionAction>;

export const transactionFlow = defineFlow<TransactionState, TransactionAction>(
  'transaction',
  TRANSACTION_ACTIONS,
  table,
);
