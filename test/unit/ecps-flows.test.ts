import { describe, expect, it } from 'vitest';
import { activationFlow } from '../../src/ecps/activation/flow.ts';
import { transactionFlow } from '../../src/ecps/approvals/flow.ts';
import { deviceFlow } from '../../src/ecps/devices/flow.ts';
import type { Flow } from '../../src/ecps/flow.ts';
import { operationFlow } from '../../src/ecps/pin/flow.ts';

/** The legal steps of each flow, written a second time by hand: `state action → state`. Everything else is illegal. */
const EXPECTED: [Flow<string, string>, string, string[]][] = [
  [
    activationFlow as Flow<string, string>,
    'mail_sent',
    [
      'mail_sent resend_mail mail_sent',
      'mail_sent scan sms_sent',
      'mail_sent spend spent',
      'sms_sent resend_sms sms_sent',
      'sms_sent confirm_sms pin_due',
      'sms_sent spend spent',
      'sms_sent refuse refused',
      'confirm_due confirm_phone pin_due',
      'confirm_due refuse refused',
      'pin_due evaluate pin_due',
      'pin_due enrol done',
      'pin_due spend spent',
      'pin_due refuse refused',
      ...['mail_sent', 'sms_sent', 'confirm_due', 'pin_due'].flatMap((state) => [
        `${state} supersede superseded`,
        `${state} close closed`,
        `${state} expire expired`,
      ]),
    ],
  ],
  [
    deviceFlow as Flow<string, string>,
    'active',
    [
      'active use active',
      'quarantine promote active',
      ...['active', 'quarantine'].map((state) => `${state} lock locked`),
      ...['active', 'quarantine', 'locked', 'expired'].map((state) => `${state} freeze frozen`),
      ...['active', 'quarantine', 'locked', 'frozen'].map((state) => `${state} expire expired`),
      ...['active', 'quarantine', 'locked', 'frozen', 'expired'].flatMap((state) => [
        `${state} revoke revoked`,
        `${state} readmit active`,
        `${state} readmit_quarantined quarantine`,
      ]),
    ],
  ],
  [
    transactionFlow as Flow<string, string>,
    'waiting',
    [
      'waiting scan waiting',
      'waiting evaluate waiting',
      'waiting sign signing',
      'waiting deny denied',
      'waiting report reported',
      'waiting mismatch broken',
      'waiting replace replaced',
      'signing release waiting',
      'signing approve approved',
      'approved serve served',
    ],
  ],
  [
    operationFlow('pin_change') as Flow<string, string>,
    'open',
    [
      'open evaluate open',
      'open prove proven',
      'open expire expired',
      'proven evaluate_new proven',
      'proven complete committed',
      'proven expire expired',
      'committed evaluate committed',
      'committed rollback rolled_back',
      'committed finalize final',
    ],
  ],
  ...(['renewal', 'new_phone'] as const).map((kind): [Flow<string, string>, string, string[]] => [
    operationFlow(kind) as Flow<string, string>,
    'open',
    ['open evaluate open', 'open complete done', 'open expire expired'],
  ]),
];

describe.each(EXPECTED.map(([flow, start, legal]) => ({ name: flow.name, flow, start, legal })))(
  'flow of $name',
  ({ flow, start, legal }) => {
    const pairs = flow.states.flatMap((state) => flow.actions.map((action) => [state, action] as const));

    it('allows these steps and no other', () => {
      const found = pairs.flatMap(([state, action]) => {
        const next = flow.next(state, action);
        return next === undefined ? [] : [`${state} ${action} ${next}`];
      });
      expect(found.sort()).toEqual([...legal].sort());
      expect(pairs).toHaveLength(flow.states.length * flow.actions.length);
    });

    it('leads from its start to each state that anything leads to', () => {
      const reached = new Set([start]);
      for (const state of reached) {
        for (const action of flow.actions) {
          const next = flow.next(state, action);
          if (next !== undefined) reached.add(next);
        }
      }
      const targets = pairs.map(([state, action]) => flow.next(state, action)).filter((next) => next);
      expect(targets.filter((next) => !reached.has(next ?? ''))).toEqual([]);
    });
  },
);
