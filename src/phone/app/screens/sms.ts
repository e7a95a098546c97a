import { html, type Raw } from '../../../../views/html.ts';
import { hour } from '../../../../views/locales/dates.ts';
import type { ActivationView } from '../../../ecps/protocol/api.ts';
import { normalizeSmsCode } from '../../../ecps/protocol/qr.ts';
import { isCode, problemView, refusalScreen } from '../refusal.ts';
import type { AppContext, Screen } from '../screen.ts';

interface OtpCredential {
  readonly code: string;
}

/** Lets the browser bring the code from the SMS itself (Web-OTP), and sends it once the person agrees. */
const fillFromSms = (root: HTMLElement, signal: AbortSignal): void => {
  if (!('OTPCredential' in globalThis)) return;
  const options = { otp: { transport: ['sms'] }, signal } as CredentialRequestOptions;
  navigator.credentials
    .get(options)
    .then((credential) => {
      const field = root.querySelector<HTMLInputElement>('#sms');
      const { code } = (credential ?? { code: '' }) as unknown as OtpCredential;
      if (!field || normalizeSmsCode(code) === undefined) return;
      field.value = code;
      field.form?.requestSubmit();
    })
    // No SMS, or the person said no: they type it.
    .catch(() => undefined);
};

const alert = (text: string): Raw => html`<p class="problem" role="alert">${text}</p>`;

const check = async (app: AppContext, view: ActivationView, typed: string): Promise<void> => {
  const code = normalizeSmsCode(typed);
  if (code === undefined) {
    app.show(smsScreen(app, view, alert(app.t.sms.malformed)));
    return;
  }
  try {
    await app.phone.smsCode(code);
  } catch (error) {
    const again = isCode(error, 'code_wrong', 'code_expired', 'already_used');
    const back = () => app.show(smsScreen(app, view));
    app.show(
      again
        ? smsScreen(app, view, problemView(app, error), !isCode(error, 'code_wrong'))
        : refusalScreen(app, error, { retry: back }),
    );
    return;
  }
  await app.refresh();
};

/** The six digits of the SMS, filled in by the phone where it can. */
export const smsScreen = (app: AppContext, view: ActivationView, above?: Raw, expired = false): Screen => {
  const { t, config } = app;
  const until = view.smsExpiresAt && hour(new Date(view.smsExpiresAt), app.locale, config.timeZone);
  return {
    title: t.sms.title,
    backTo: '/',
    focus: '#sms',
    body: html`<h1>${t.sms.title}</h1>
      ${above}
      <p>${t.sms.sent} ${until && t.sms.until(until)}</p>
      <form data-action="check" novalidate>
        <div class="field">
          <label for="sms">${t.sms.label}</label>
          <p class="hint" id="sms-hint">${t.sms.hint}</p>
          <input
            type="text"
            class="code"
            id="sms"
            name="code"
            inputmode="numeric"
            autocomplete="one-time-code"
            maxlength="12"
            required
            aria-describedby="sms-hint"
          />
        </div>
        <div class="actions"><button class="button">${t.sms.submit}</button></div>
      </form>
      <details ${expired && html`open`}>
        <summary>${t.sms.missing}</summary>
        <p>${t.sms.look}</p>
        <p>${t.sms.number}</p>
        <p><a class="way" href="${config.ordreUrl}" target="_blank" rel="noopener">${t.sms.ordre}</a></p>
        <p><button type="button" class="second" data-action="resend">${t.sms.resend}</button></p>
      </details>`,
    actions: {
      check: ({ fields }) => check(app, view, fields['code'] ?? ''),
      resend: async () => {
        const again = await app.phone.resendSms();
        app.show(smsScreen(app, again, html`<p class="success" role="status">${t.sms.resent}</p>`));
      },
    },
    started: fillFromSms,
  };
};
