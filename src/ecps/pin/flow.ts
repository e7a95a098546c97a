import { defineFlow, type FlowTable } from '../flow.ts';

/** What a phone does with its PIN besides signing in. */
export type OperationKind = 'pin_change' | 'renewal' | 'new_phone';

export const OPERATION_STATES = [
  'open',
  // the old PIN was judged right: the new generation may be evaluated
  'proven',
  // the new PIN is in use and may still be undone
  'committed',
  'rolled_back',
  // the new PIN was used, or the time to undo ran out
  'final',
  'done',
  'expired',
] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

export const OPERATION_ACTIONS = [
  'evaluate',
  'prove',
  'evaluate_new',
  'complete',
  'rollback',
  'finalize',
  'expire',
] as const;
export type OperationAction = (typeof OPERATION_ACTIONS)[number];

type Table = FlowTable<OperationState, OperationAction>;

const pinChange = {
  open: { evaluate: 'open', prove: 'proven', expire: 'expired' },
  proven: { evaluate_new: 'proven', complete: 'committed', expire: 'expired' },
  committed: { evaluate: 'committed', rollback: 'rolled_back', finalize: 'final' },
  rolled_back: {},
  final: {},
  done: {},
  expired: {},
} as const satisfies Table;

/** Renewal, and letting a new phone in: one judgement of the PIN. */
const single = {
  open: { evaluate: 'open', complete: 'done', expire: 'expired' },
  proven: {},
  committed: {},
  rolled_back: {},
  final: {},
  done: {},
  expired: {},
} as const satisfies Table;

export const pinChangeFlow = defineFlow<OperationState, OperationAction>(
  'pin_change',
  OPERATION_ACTIONS,
  pinChange,
);
const renewalFlow = defineFlow<OperationState, OperationAction>('renewal', OPERATION_ACTIONS, single);
const newPhoneFlow = defineFlow<OperationState, OperationAction>('new_phone', OPERATION_ACTIONS, single);

export const operationFlow = (kind: OperationKind) =>
  ({ pin_change: pinChangeFlow, renewal: renewalFlow, new_phone: newPhoneFlow })[kind];
