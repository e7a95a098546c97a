import { html, type Raw, type Renderable } from '../../../views/html.ts';
import { errorText, isErrorCode } from '../../../views/locales/errors.ts';
import { ProtocolError } from '../../ecps/protocol/errors.ts';
import { PhoneError, PhoneRefusal } from '../errors.ts';
import { directoryUrl } from './config.ts';
import type { AppContext, Screen } from './screen.ts';

/** Any failure in words: what happened, why, what to do now. */
export interface Explanation {
  readonly code: string;
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly supportId: string | undefined;
}

const ofRefusal = ({ config, locale, t }: AppContext, error: PhoneRefusal): Explanation => {
  const { code, supportId } = error;
  if (!isErrorCode(code)) return { code, supportId, ...t.problems.unknown, text: error.message };
  const facts = {
    retryAfter: error.retryAfter,
    triesLeft: error.triesLeft,
    availableAt: error.availableAt === undefined ? undefined : new Date(error.availableAt),
    ordreUrl: config.ordreUrl,
    timeZone: config.timeZone,
  };
  return { code, supportId, ...errorText(locale, code, facts) };
};

/** Puts a failure into words. */
export const explain = (app: AppContext, error: unknown): Explanation => {
  const { problems, pinProblems } = app.t;
  if (error instanceof PhoneRefusal) return ofRefusal(app, error);
  if (error instanceof PhoneError) {
    const words = problems[error.code];
    const why = error.pinProblem === undefined ? words.text : pinProblems[error.pinProblem];
    return { code: error.code, supportId: undefined, ...words, text: why };
  }
  if (error instanceof ProtocolError)
    return { code: error.code, supportId: undefined, ...problems.unreadable };
  return { code: 'app_failed', supportId: undefined, ...problems.failed };
};

/** True for a refusal or a finding of the phone with one of these codes. */
export const isCode = (error: unknown, ...codes: readonly string[]): boolean =>
  (error instanceof PhoneRefusal || error instanceof PhoneError || error instanceof ProtocolError) &&
  codes.includes(error.code);

const supportLine = ({ t }: AppContext, { code, supportId }: Explanation): Raw =>
  html`<p class="support">
    ${t.support}<br /><span class="support-id">${code}${supportId && html` · ${supportId}`}</span>
  </p>`;

/** Above a form that is shown again: the same words, shorter. */
export const problemView = (app: AppContext, error: unknown): Raw => {
  const said = explain(app, error);
  return html`<div class="problem" role="alert">
    <p><strong>${said.title}.</strong> ${said.text}</p>
    <p>${said.action}</p>
  </div>`;
};

/** A way on, in the order they are shown; the first is the primary button. */
export interface WayOn {
  readonly label: string;
  /** An address of the app (`/activer`), or of elsewhere, opened beside. */
  readonly href?: string;
  readonly act?: () => void | Promise<void>;
}

const wayView = (way: WayOn, index: number): Raw => {
  const style = index === 0 ? 'button' : 'second';
  if (way.href === undefined) {
    return html`<button type="button" class="${style}" data-action="way${index}">${way.label}</button>`;
  }
  const outside = /^https?:/.test(way.href) && html`target="_blank" rel="noopener"`;
  return html`<a class="${style}" href="${way.href}" ${outside}>${way.label}</a>`;
};

/** Buttons that lead on. */
export const waysView = (ways: readonly WayOn[]): Raw =>
  html`<div class="actions">${ways.map(wayView)}</div>`;

/** The actions that {@link waysView} names. */
export const wayActions = (ways: readonly WayOn[]): NonNullable<Screen['actions']> =>
  Object.fromEntries(ways.map((way, index) => [`way${index}`, async () => way.act?.()]));

/** What leads on from each code; `retry` goes back to where it happened. */
const waysOf = (app: AppContext, code: string, retry: WayOn): WayOn[] => {
  const { t, config } = app;
  const again: WayOn = { label: t.ways.activateAgain, href: '/activer' };
  const ordre: WayOn = { label: t.ways.ordre, href: config.ordreUrl };
  const home: WayOn = { label: t.ways.home, href: '/' };
  const activation: WayOn = { label: t.ways.activation, href: '/activation' };
  const table: Readonly<Record<string, readonly WayOn[]>> = {
    identifier_unknown: [retry, { label: t.ways.directory, href: directoryUrl(config) }],
    identifier_check: [retry, { label: t.ways.directory, href: directoryUrl(config) }],
    contact_missing: [ordre, home],
    contact_too_recent: [home, ordre],
    practitioner_inactive: [ordre, home],
    code_expired: [activation, again],
    already_used: [activation, again],
    code_wrong: [retry, again],
    step_wrong: [activation],
    superseded: [activation],
    phone_limit: [home],
    evaluations_spent: [again],
    no_activation: [again],
    not_activated: [again],
    device_unknown: [again],
    device_locked: [again],
    device_frozen: [again],
    device_expired: [again],
    device_revoked: [again],
    signature_invalid: [retry, again],
    pin_wrong: [retry, again],
    gone: [home],
    bind_wrong: [home],
    payload_mismatch: [home],
    issuer_untrusted: [home],
    device_quarantined: [home],
  };
  return [...(table[code] ?? [retry, home])];
};

export interface RefusalOptions {
  readonly retry: () => void | Promise<void>;
  /** Other ways than those of the code. */
  readonly ways?: readonly WayOn[];
  readonly more?: Renderable;
}

/** A whole screen for a failure, with at least one way on. */
export const refusalScreen = (app: AppContext, error: unknown, options: RefusalOptions): Screen => {
  const said = explain(app, error);
  const ways = options.ways ?? waysOf(app, said.code, { label: app.t.ways.retry, act: options.retry });
  return {
    title: said.title,
    backTo: '/',
    body: html`<h1>${said.title}</h1>
      <p>${said.text}</p>
      <p class="action">${said.action}</p>
      ${options.more} ${waysView(ways)} ${supportLine(app, said)}`,
    actions: wayActions(ways),
  };
};
