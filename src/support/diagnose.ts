import type { support } from '../../views/locales/fr/support.ts';
import type { SeenActivation, SeenPhone, SupportView } from './view.ts';

/** What is wrong, in the order in which it matters. Pure: a view in, problems out. */

export type ProblemCode = keyof typeof support.problems;

/** A problem and the facts that its sentence needs; instants are put into words later. */
export interface Problem {
  code: ProblemCode;
  facts: Readonly<Record<string, string | number | Date>>;
}

type Rule = (view: SupportView) => Problem[];

const DAY = 86_400_000;
const problem = (code: ProblemCode, facts: Problem['facts'] = {}): Problem[] => [{ code, facts }];
const isRecent = (view: SupportView, at: Date, days: number): boolean =>
  view.at.getTime() - at.getTime() < days * DAY;

/** Nobody, or nobody who may: nothing else matters then. */
const person: Rule = ({ person: seen, luhn }) => {
  if (!seen) return problem(luhn ? 'unknown' : 'check_digit');
  if (seen.status === 'struck_off') return problem('struck_off');
  if (seen.status === 'active') return [];
  return seen.statusSetAt === undefined
    ? problem('inactive')
    : problem('suspended', { at: seen.statusSetAt });
};

/** Still let in, but not for long. */
const leaving: Rule = ({ person: seen }) =>
  seen?.missingSince === undefined ? [] : problem('leaving', { at: seen.missingSince });

const contact: Rule = ({ contact: { state, missing, effectiveAt } }) => {
  if (state === 'missing') return problem('contact_missing', { missing: missing.join('+') });
  if (state === 'too_recent' && effectiveAt) return problem('contact_too_recent', { at: effectiveAt });
  return [];
};

const isOpen = ({ state }: SeenActivation): boolean =>
  state === 'mail_sent' || state === 'sms_sent' || state === 'confirm_due' || state === 'pin_due';

/** What became of the message that an open activation waits for. */
const message = (view: SupportView, activation: SeenActivation, kind: 'mail' | 'sms'): Problem[] => {
  const fate = view.messages.find((one) => one.activationId === activation.id && one.kind === kind);
  if (!fate) return problem(`${kind}_waiting`, { to: '' });
  const facts = { to: fate.recipient, at: fate.endedAt ?? fate.createdAt, error: fate.lastError ?? '' };
  if (fate.state === 'sent') return problem(`${kind}_sent`, facts);
  if (fate.state === 'abandoned' || fate.state === 'expired') return problem(`${kind}_failed`, facts);
  return fate.lastError === undefined ? problem(`${kind}_waiting`, facts) : problem(`${kind}_failed`, facts);
};

const openActivation: Rule = (view) => {
  const open = view.activations.find(isOpen);
  if (!open) return [];
  if (open.state === 'pin_due' || open.state === 'confirm_due') return problem(open.state);
  if (open.state === 'sms_sent') return message(view, open, 'sms');
  return open.silent ? problem('activation_quota') : message(view, open, 'mail');
};

const ENDED = {
  spent: 'activation_spent',
  refused: 'activation_refused',
  closed: 'activation_closed',
} as const satisfies Partial<Record<SeenActivation['state'], ProblemCode>>;

/** How the last activation ended, if that was this week: a message that failed explains an expiry better. */
const endedActivation: Rule = (view) => {
  const [last] = view.activations;
  if (!last || isOpen(last) || !isRecent(view, last.startedAt, 7)) return [];
  if (last.state === 'expired') {
    if (last.step === 'mail_sent' && last.silent) return problem('activation_quota');
    const waited =
      last.step === 'mail_sent' || last.step === 'sms_sent'
        ? message(view, last, last.step === 'mail_sent' ? 'mail' : 'sms')
        : [];
    if (waited.some(({ code }) => code.endsWith('_failed'))) return waited;
    return problem('activation_expired', { step: last.step });
  }
  return last.state === 'done' || last.state === 'superseded'
    ? []
    : problem(ENDED[last.state as keyof typeof ENDED]);
};

const UNUSABLE = {
  frozen: 'phone_frozen',
  locked: 'phone_locked',
  quarantine: 'phone_quarantine',
  expired: 'phone_expired',
} as const satisfies Partial<Record<SeenPhone['state'], ProblemCode>>;

const phones: Rule = (view) =>
  (['frozen', 'locked', 'quarantine', 'expired'] as const).flatMap((state) =>
    view.phones
      .filter((phone) => phone.state === state)
      .flatMap((phone) =>
        problem(UNUSABLE[state], { device: phone.name, at: phone.quarantineUntil ?? phone.renewBy }),
      ),
  );

const removedPhone: Rule = (view) => {
  const removed = view.phones.find(({ state }) => state === 'revoked');
  return removed ? problem('phone_revoked', { device: removed.name, at: removed.endedAt ?? view.at }) : [];
};

const waitingPin: Rule = (view) =>
  view.phones
    .filter(({ state, pin }) => state === 'active' && pin.waitSeconds > 0)
    .flatMap(({ name, pin }) =>
      problem('pin_wait', { device: name, wait: pin.waitSeconds, tries: pin.triesLeft }),
    );

/** What came of the last question put to a phone, if that was today and nothing better followed. */
const lastAsk: Rule = (view) => {
  const { lastAsk: ask, lastSignIn } = view;
  if (!ask || ask.answer === 'approved' || !isRecent(view, ask.at, 1)) return [];
  if (lastSignIn && lastSignIn.at > ask.at) return [];
  return problem(ask.answer === 'none' ? 'unanswered' : ask.answer, { at: ask.at });
};

/** The card was refused this week, and did not work since. */
const refusedCard: Rule = (view) => {
  const refused = view.refusals.find(({ code }) => code.startsWith('card_'));
  if (!refused || !isRecent(view, refused.at, 7)) return [];
  if (view.cards.some(({ lastAt, lost }) => lastAt > refused.at && !lost)) return [];
  if (refused.code === 'card_opposed' && view.cards.some(({ lost }) => lost)) return [];
  return problem('card_refused', { at: refused.at, reason: refused.code });
};

const lostCard: Rule = (view) =>
  view.cards.flatMap(({ cardNumber, lost }) =>
    lost ? problem('card_lost', { card: cardNumber, at: lost.at }) : [],
  );

const cardWorks = (view: SupportView): boolean =>
  view.cards.some(({ lost, notAfter }) => !lost && notAfter > view.at);

/** Without a phone that works: what stands between the person and one. */
const withoutPhone: Rule = (view) => {
  const found = [
    ...openActivation(view),
    ...phones(view),
    ...contact(view),
    ...(view.activations.some(isOpen) ? [] : endedActivation(view)),
  ];
  if (found.length > 0) return found;
  const card = [...refusedCard(view), ...lostCard(view)];
  if (card.length > 0) return [];
  const removed = removedPhone(view);
  if (removed.length > 0) return removed;
  return problem(cardWorks(view) ? 'fine_by_card' : 'no_phone');
};

const withPhone: Rule = (view) => [
  ...waitingPin(view),
  ...lastAsk(view),
  ...openActivation(view),
  ...phones(view),
];

/** Contact details that do not serve come first when they are what stops an activation; the card's case is told after. */
export const diagnose = (view: SupportView): Problem[] => {
  const barred = person(view);
  if (barred.length > 0) return barred;
  const hasPhone = view.phones.some(({ state }) => state === 'active');
  const byPhone = hasPhone ? withPhone(view) : withoutPhone(view);
  const byCard = [...refusedCard(view), ...lostCard(view)];
  const newestIsCard = view.refusals[0]?.code.startsWith('card_') === true;
  const found = newestIsCard ? [...byCard, ...byPhone] : [...byPhone, ...byCard];
  return [...(found.length > 0 ? found : problem('fine')), ...leaving(view)];
};
