import { html, type Raw } from '../../../../views/html.ts';
import { hour } from '../../../../views/locales/dates.ts';
import type { ActivationView } from '../../../ecps/protocol/api.ts';
import { isCode, refusalScreen } from '../refusal.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';
import { pinScreen } from './new-pin.ts';
import { smsScreen } from './sms.ts';

/** What a step shows above its words: that something was sent again. */
const note = (text: string | undefined): Raw | undefined =>
  text === undefined ? undefined : html`<p class="success" role="status">${text}</p>`;

/** Waiting for the mail: what was sent, both ways to read it here, and what to do when it does not come. */
const mailScreen = (app: AppContext, view: ActivationView, sentAgain?: string): Screen => {
  const { t, config } = app;
  const until = hour(new Date(view.expiresAt), app.locale, config.timeZone);
  return {
    title: t.mail.title,
    backTo: '/',
    body: html`<h1>${t.mail.title}</h1>
      ${note(sentAgain)}
      <p>${t.mail.sent} ${t.mail.until(until)}</p>
      <p class="hint">${t.mail.scanHint}</p>
      <div class="actions"><a class="button" href="/activation/scanner">${t.mail.scan}</a></div>
      <p class="hint">${t.mail.typeHint}</p>
      <div class="actions"><a class="second" href="/activation/code">${t.mail.type}</a></div>
      <details>
        <summary>${t.mail.missing}</summary>
        <p>${t.mail.look(config.mailFrom)}</p>
        <p>${t.mail.address}</p>
        <p><a class="way" href="${config.ordreUrl}" target="_blank" rel="noopener">${t.mail.ordre}</a></p>
        <p><button type="button" class="second" data-action="resend">${t.mail.resend}</button></p>
        <p><a class="way" href="/activer">${t.mail.restart}</a></p>
      </details>`,
    actions: {
      resend: async () => {
        const again = await app.phone.resendMail();
        app.show(mailScreen(app, again, t.mail.resent));
      },
    },
  };
};

/** By card: phone and computer are compared, and the person answers on the computer. */
const compareScreen = (app: AppContext, view: ActivationView): Screen => {
  const { confirm } = app.t.card;
  const letters = [...(view.letters ?? '')].join(' ');
  return {
    title: confirm.title,
    backTo: '/',
    body: html`<h1>${confirm.title}</h1>
      <p>${confirm.letters}</p>
      <p class="letters" role="img" aria-label="${confirm.spoken(letters)}">${letters}</p>
      <p>${confirm.same}</p>
      <p class="caution">${confirm.other}</p>
      <p class="hint" role="status">${confirm.waiting}</p>
      <p><a class="way" href="/activer/carte">${confirm.restart}</a></p>`,
    started: (_root, signal) => {
      const go = (): void => {
        if (!signal.aborted) void app.refresh();
      };
      // A network that was lost shows its own screen, from which the same step is asked again.
      void app.phone.computerAnswers(signal).then(go, go);
    },
  };
};

const closedScreen = ({ t }: AppContext): Screen => ({
  title: t.closed.title,
  backTo: '/',
  body: html`<h1>${t.closed.title}</h1>
    <p>${t.closed.text}</p>
    <p class="action">${t.closed.action}</p>
    <div class="actions"><a class="button" href="/activer">${t.ways.activateAgain}</a></div>`,
});

/** The step of the activation under way, wherever it was left: closed app, other tab, lost network. */
export const activationScreen: MakeScreen = async (app) => {
  let view: ActivationView;
  try {
    view = await app.phone.activation();
  } catch (error) {
    if (isCode(error, 'not_found', 'no_activation')) return closedScreen(app);
    return refusalScreen(app, error, { retry: () => app.refresh() });
  }
  switch (view.state) {
    case 'mail_sent':
      return mailScreen(app, view);
    case 'sms_sent':
      return smsScreen(app, view);
    case 'confirm_due':
      return compareScreen(app, view);
    case 'pin_due':
      return pinScreen(app, view);
    case 'done': {
      await app.go('/', { replace: true });
      return closedScreen(app);
    }
    case 'closed':
      return closedScreen(app);
  }
};
