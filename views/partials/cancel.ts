import { html, type Raw } from '../html.ts';
import type { Chrome, RequestingService } from '../layout.ts';
import { loginText } from '../locales/login.ts';
import { csrfField } from './form.ts';

/** What each page of a sign-in needs. */
export interface SignInFrame {
  /** `/connexion/<uid>` */
  base: string;
  csrf: string;
  service: RequestingService;
  /** Our own test of the e-CPS: there is no service to go back to. */
  selfTest: boolean;
  /** A session existed, and its card is no longer accepted: the pages say why they ask. */
  cardRefused?: boolean | undefined;
}

/** The way back to the service without signing in. */
export const cancelForm = (chrome: Chrome, frame: SignInFrame): Raw => {
  const t = loginText(chrome.locale).cancel;
  return html`<form class="cancel" method="post" action="${frame.base}/annuler">
    ${csrfField(frame.csrf)}
    <button class="quiet" type="submit">${frame.selfTest ? t.self : t.to(frame.service.name)}</button>
  </form>`;
};
