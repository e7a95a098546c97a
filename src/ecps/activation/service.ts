import type { Ecps } from '../deps.ts';
import type { ActivationView } from '../protocol/api.ts';
import type { GeneralJws } from '../protocol/payloads.ts';
import { refuse } from '../refuse.ts';
import type { Body } from '../pin/signed.ts';
import { enrol, evaluateEnrolment } from './enrol.ts';
import { resendMail, type MailInput } from './mail.ts';
import { findActivation, type ActivationRow } from './repository.ts';
import { confirmSms, resendSms, scanMail } from './sms.ts';
import { startActivation, type ActivationRequest } from './start.ts';
import { viewActivation } from './step.ts';

export type { ActivationRow } from './repository.ts';
export type { ActivationRequest } from './start.ts';

/** Activation by mail and SMS. Each call answers how the activation stands afterwards. */
export interface Activations {
  start(request: ActivationRequest): Promise<ActivationView>;
  find(id: string): Promise<ActivationRow | undefined>;
  view(activation: ActivationRow): ActivationView;
  resendMail(activation: ActivationRow): Promise<ActivationView>;
  scan(activation: ActivationRow, input: MailInput): Promise<ActivationView>;
  resendSms(activation: ActivationRow): Promise<ActivationView>;
  confirmSms(activation: ActivationRow, code: string): Promise<ActivationView>;
  evaluate(
    activation: ActivationRow,
    asked: { blinded: string; gen: number },
  ): Promise<{ evaluated: string; triesLeft: number }>;
  enrol(activation: ActivationRow, jws: GeneralJws): Promise<Body>;
}

/** Makes {@link Activations}. */
export const createActivations = (ecps: Ecps): Activations => {
  const after = async (id: string): Promise<ActivationView> => {
    const activation = await findActivation(ecps.db, id);
    if (!activation) throw refuse('not_found');
    return viewActivation(ecps, activation);
  };
  return {
    start: async (request) => viewActivation(ecps, await startActivation(ecps, request)),
    find: (id) => findActivation(ecps.db, id),
    view: (activation) => viewActivation(ecps, activation),
    resendMail: async (activation) => {
      await resendMail(ecps, activation);
      return after(activation.id);
    },
    scan: async (activation, input) => {
      await scanMail(ecps, activation, input);
      return after(activation.id);
    },
    resendSms: async (activation) => {
      await resendSms(ecps, activation);
      return after(activation.id);
    },
    confirmSms: async (activation, code) => {
      await confirmSms(ecps, activation, code);
      return after(activation.id);
    },
    evaluate: (activation, asked) => evaluateEnrolment(ecps, activation, asked),
    enrol: (activation, jws) => enrol(ecps, activation, jws),
  };
};
