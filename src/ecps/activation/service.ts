import type { Ecps } from '../deps.ts';
import type { ActivationView } from '../protocol/api.ts';
import type { GeneralJws } from '../protocol/payloads.ts';
import { refuse } from '../refuse.ts';
import type { Body } from '../pin/signed.ts';
import { enrol, evaluateEnrolment } from './enrol.ts';
import { resendMail, type MailInput } from './mail.ts';
import {
  confirmCardPhone,
  currentCardQr,
  declineCardPhone,
  openCardPage,
  viewCardPage,
  type CardPageView,
  type PresentedCard,
} from './card/page.ts';
import { scanCardQr, type CardScan } from './card/scan.ts';
import { activationChannel } from '../channels.ts';
import { findActivation, type ActivationRow } from './repository.ts';
import { confirmSms, resendSms, scanMail } from './sms.ts';
import { startActivation, type ActivationRequest } from './start.ts';
import { viewActivation } from './step.ts';

export type { ActivationRow } from './repository.ts';
export type { ActivationRequest } from './start.ts';

export type { CardPageState, CardPageView, PresentedCard } from './card/page.ts';

/** Activation by card, from the side of the computer; every call but `open` is for the browser that opened. */
export interface CardActivations {
  /**
   * Opens the page for a card just presented and returns its id; undefined when the card was presented more than a
   * minute ago.
   */
  open(card: PresentedCard, browserToken: string): Promise<string | undefined>;
  /** The text of the QR: redrawn every 10 s for 90 s, until a phone scans it. */
  qr(id: string, browserToken: string): Promise<string | undefined>;
  view(id: string, browserToken: string): Promise<CardPageView | undefined>;
  /** Calls when it is worth asking {@link CardActivations.view} again; a hint that may be lost. */
  watch(id: string, onChange: () => void): Promise<() => Promise<void>>;
  confirm(id: string, browserToken: string): Promise<void>;
  decline(id: string, browserToken: string): Promise<void>;
}

/** Activation by mail and SMS, or by card. Each call answers how the activation stands afterwards. */
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
  /** The phone scans the QR of the page on which the card was presented. */
  scanCard(scan: CardScan): Promise<ActivationView>;
  card: CardActivations;
}

const createCardActivations = (ecps: Ecps): CardActivations => ({
  open: (card, browserToken) => openCardPage(ecps, card, browserToken),
  qr: (id, browserToken) => currentCardQr(ecps, id, browserToken),
  view: (id, browserToken) => viewCardPage(ecps, id, browserToken),
  watch: (id, onChange) => ecps.store.subscribe(activationChannel(id), onChange),
  confirm: (id, browserToken) => confirmCardPhone(ecps, id, browserToken),
  decline: (id, browserToken) => declineCardPhone(ecps, id, browserToken),
});

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
    scanCard: async (scan) => viewActivation(ecps, await scanCardQr(ecps, scan)),
    card: createCardActivations(ecps),
  };
};
