import { html, type Raw } from '../../../../views/html.ts';
import { bind as bindSchema, type PendingRequest, type ResponseOf } from '../../../ecps/protocol/api.ts';
import type { BoundRequest } from '../../sign-in.ts';
import { keypad } from '../keypad.ts';
import { everySecond, factsView, hourOf, lifeText, secondsUntil, type Fact } from '../life.ts';
import { pinStepScreen } from '../pin-step.ts';
import { isCode } from '../refusal.ts';
import { requestPath } from '../ring.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';
import { approvedScreen, deniedScreen, overScreen, reportedScreen, wrongBindScreen } from './results.ts';

/**
 * One sign-in: what asks, from where, then the number of the computer (or what was scanned), then the PIN. What is
 * shown is the context that both signatures cover, and nothing else.
 */

/** "1:52", the same in every language. */
const clock = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

const serviceView = (app: AppContext, { context }: PendingRequest): Raw =>
  html`<p class="service">
    <span>${lifeText(app).approval.opens}</span>
    <strong>${context.service.name}</strong>
    <span class="host">${context.service.host}</span>
  </p>`;

/** A service asks without a page (CIBA): there is nothing to scan. */
const isByService = ({ bindings }: PendingRequest): boolean => !bindings.includes('qr');

const contextView = (app: AppContext, request: PendingRequest): Raw => {
  const t = lifeText(app).approval;
  const { context } = request;
  const message: Fact[] =
    context.bindingMessage === undefined ? [] : [{ name: t.message, value: context.bindingMessage }];
  return html`${serviceView(app, request)}
    ${factsView([
      { name: t.browser, value: context.browser },
      ...(isByService(request)
        ? []
        : [{ name: t.place, value: context.place === '' ? t.placeUnknown : context.place }]),
      { name: t.when, value: t.whenAt(hourOf(app, context.at)) },
      ...message,
      {
        name: t.left,
        value: html`<span class="left" role="timer" aria-live="off"
          >${clock(secondsUntil(request.expiresAt))}</span
        >`,
      },
    ])}
    ${
      isByService(request)
        ? html`<p class="unknown">${t.byService}</p>`
        : html`<p class="${context.known ? 'known' : 'unknown'}">${context.known ? t.known : t.unknown}</p>`
    }
    <p class="caution">${t.caution}</p>`;
};

/** Which service, and how long is left: in sight until the end. */
const purposeView = (app: AppContext, { context, expiresAt }: PendingRequest, more?: Raw | false): Raw =>
  html`<span>${lifeText(app).pin.forService(context.service.name)}</span>
    <span class="left" role="timer" aria-live="off">${clock(secondsUntil(expiresAt))}</span> ${more}`;

/** Ends the screen when the request does: its time is over, or another phone answered. */
const whileOpen =
  (app: AppContext, request: PendingRequest) =>
  (root: HTMLElement, signal: AbortSignal): void => {
    const t = lifeText(app).approval;
    app.watch.show(request.txn);
    const busy = (): boolean => root.hasAttribute('data-busy');
    everySecond(() => {
      const left = secondsUntil(request.expiresAt);
      const place = root.querySelector('.left');
      if (place) place.textContent = clock(left);
      if (left === 60 || left === 30) app.announce(t.leftSpoken(left));
      if (left === 0 && !busy() && !signal.aborted) app.show(overScreen(app));
    }, signal);
    let seen = app.watch.state.requests.some(({ txn }) => txn === request.txn);
    app.watch.subscribe(({ requests, link }) => {
      const there = requests.some(({ txn }) => txn === request.txn);
      if (seen && !there && link === 'on' && !busy() && !signal.aborted) app.show(overScreen(app));
      seen ||= there;
    }, signal);
  };

const approve = async (app: AppContext, bound: BoundRequest, pin: string): Promise<void> => {
  let answer: ResponseOf<'approve'>;
  try {
    answer = await app.phone.approve({ ...bound, pin });
  } catch (error) {
    if (isCode(error, 'bind_wrong')) return app.show(wrongBindScreen(app, error));
    if (isCode(error, 'gone', 'already_used')) return app.show(overScreen(app, error));
    throw error;
  } finally {
    void app.watch.look();
  }
  app.show(await approvedScreen(app, bound, answer));
};

/** The PIN of a request tied to a screen. */
export const approvalPinScreen = (app: AppContext, bound: BoundRequest): Screen => {
  const t = lifeText(app).pin;
  const { request } = bound;
  return pinStepScreen(app, {
    purpose: purposeView(
      app,
      request,
      bound.bind.m === 'number'
        ? html`<span class="typed-number">${t.number(bound.bind.v)}</span>`
        : bound.bind.m === 'message' && html`<span class="typed-number">${t.message(bound.bind.v)}</span>`,
    ),
    submit: t.confirm,
    pin: request.pin,
    backTo: requestPath(request),
    expiresAt: request.expiresAt,
    use: (pin) => approve(app, bound, pin),
    started: whileOpen(app, request),
  });
};

/** A last look before a report, which silences an origin for a day. */
const reportScreen = (app: AppContext, request: PendingRequest, back: () => void): Screen => {
  const t = lifeText(app);
  const { name } = request.context.service;
  return {
    title: t.result.reportSure,
    backTo: requestPath(request),
    body: html`<h1>${t.result.reportSure}</h1>
      <p>${t.result.reportSureText(name)}</p>
      <div class="actions">
        <button type="button" class="button danger" data-action="report">${t.result.reportGo}</button>
        <button type="button" class="second" data-action="refuse">${t.approval.refuse}</button>
        <button type="button" class="quiet" data-action="back">${t.pin.back}</button>
      </div>`,
    actions: { ...answers(app, request), back },
    started: whileOpen(app, request),
  };
};

/** Refusing and reporting: no PIN, at once. */
const answers = (app: AppContext, request: PendingRequest): NonNullable<Screen['actions']> => {
  const answer = async (send: (txn: string) => Promise<void>, done: (name: string) => Screen) => {
    try {
      await send(request.txn);
    } catch (error) {
      if (!isCode(error, 'gone', 'already_used')) throw error;
      return app.show(overScreen(app, error));
    } finally {
      void app.watch.look();
    }
    app.show(done(request.context.service.name));
  };
  return {
    refuse: () =>
      answer(
        (txn) => app.phone.deny(txn),
        (name) => deniedScreen(app, name),
      ),
    report: () =>
      answer(
        (txn) => app.phone.report(txn),
        (name) => reportedScreen(app, name),
      ),
  };
};

/** What a service shows, typed as it stands there. */
const messageScreen = (app: AppContext, request: PendingRequest, typed = '', wrong = false): Screen => {
  const t = lifeText(app).approval;
  const check = (text: string): void => {
    const read = bindSchema.safeParse({ m: 'message', v: text.trim() });
    if (!read.success) return app.show(messageScreen(app, request, text, true));
    app.show(approvalPinScreen(app, { request, bind: read.data }));
  };
  return {
    title: t.shownMessage,
    backTo: requestPath(request),
    focus: '#shown',
    body: html`<h1>${t.shownMessage}</h1>
      <p class="purpose">${purposeView(app, request)}</p>
      ${wrong && html`<p class="problem" role="alert">${t.shownMessageMalformed}</p>`}
      <form data-action="check" novalidate>
        <div class="field">
          <label for="shown">${t.shownMessage}</label>
          <p class="hint" id="shown-hint">${t.shownMessageHint}</p>
          <input
            type="text"
            class="code"
            id="shown"
            name="shown"
            value="${typed}"
            autocomplete="off"
            autocapitalize="characters"
            spellcheck="false"
            maxlength="20"
            required
            aria-describedby="shown-hint"
            ${wrong && html`aria-invalid="true"`}
          />
        </div>
        <div class="actions"><button class="button">${app.t.pin.next}</button></div>
      </form>`,
    actions: { check: ({ fields }) => check(fields['shown'] ?? '') },
    started: whileOpen(app, request),
  };
};

/** The number of the computer's page, with the service in sight. */
const numberScreen = (app: AppContext, request: PendingRequest): Screen => {
  const t = lifeText(app).approval;
  const title = isByService(request) ? t.shownNumber : t.number;
  return {
    title,
    backTo: requestPath(request),
    body: html`<h1>${title}</h1>
      <p class="purpose">${purposeView(app, request)}</p>
      <p class="hint">${t.numberHint}</p>
      ${keypad(app, {
        action: 'number',
        label: title,
        submit: app.t.pin.next,
        min: 2,
        max: 2,
        plain: true,
        auto: true,
      })}
      ${
        !isByService(request) &&
        html`<p class="after">
          <a class="quiet" href="/scanner?txn=${encodeURIComponent(request.txn)}">${t.scan}</a>
        </p>`
      }`,
    actions: {
      number: ({ value }) => app.show(approvalPinScreen(app, { request, bind: { m: 'number', v: value } })),
    },
    started: whileOpen(app, request),
  };
};

/** What comes after "this is me": the PIN when the computer's code was scanned, else its number or its QR code. */
const goOn = (app: AppContext, request: PendingRequest, bound: BoundRequest | undefined) => {
  if (bound) return app.show(approvalPinScreen(app, bound));
  if (request.bindings.includes('message')) return app.show(messageScreen(app, request));
  if (request.bindings.includes('number')) return app.show(numberScreen(app, request));
  return app.go(`/scanner?txn=${encodeURIComponent(request.txn)}`);
};

/** A request, to be answered. With `bound`, the computer's code was scanned already. */
export const requestScreen = (app: AppContext, request: PendingRequest, bound?: BoundRequest): Screen => {
  const t = lifeText(app).approval;
  const title = t.title(request.context.service.name);
  const again = (): void => app.show(requestScreen(app, request, bound));
  return {
    title,
    backTo: '/',
    body: html`<h1 class="spoken">${title}</h1>
      ${contextView(app, request)} ${bound?.bind.m === 'link' && html`<p class="hint">${t.sameBrowser}</p>`}
      <div class="actions answers">
        <button type="button" class="button" data-action="go-on">${t.goOn}</button>
        <button type="button" class="second" data-action="refuse">${t.refuse}</button>
        <button type="button" class="second danger" data-action="ask-report">${t.report}</button>
      </div>`,
    actions: {
      ...answers(app, request),
      'go-on': () => goOn(app, request, bound),
      'ask-report': () => app.show(reportScreen(app, request, again)),
    },
    started: whileOpen(app, request),
  };
};

/** The screen of `/demande?txn=…`. */
export const approvalScreen: MakeScreen = async (app, url) => {
  const txn = url.searchParams.get('txn');
  const find = (): PendingRequest | undefined =>
    app.watch.state.requests.find((request) => request.txn === txn);
  let request = find();
  if (!request) {
    const { requests } = await app.phone.pending();
    request = requests.find((candidate) => candidate.txn === txn);
  }
  return request ? requestScreen(app, request) : overScreen(app);
};
