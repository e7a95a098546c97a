import { html, type Raw } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { errorText, type ErrorCode } from '../locales/errors.ts';
import { loginText } from '../locales/login.ts';
import { cancelForm, type SignInFrame } from '../partials/cancel.ts';
import { csrfField } from '../partials/form.ts';
import { cardNotice, tabs } from '../partials/tabs.ts';
import { WAY_PATHS } from '../partials/ways.ts';

export interface SignInProps extends SignInFrame {
  /** What the field holds: typed before, remembered, or told by the service. */
  identifier: string;
  remembered: boolean;
  error?: Extract<ErrorCode, 'identifier_missing' | 'identifier_malformed'> | undefined;
}

const problem = (chrome: Chrome, code: ErrorCode): Raw => {
  const said = errorText(chrome.locale, code, { ordreUrl: chrome.ordreUrl, timeZone: chrome.timeZone });
  return html`<p class="problem" id="identifier-problem">
    <strong>${said.title}.</strong> ${said.text} ${said.action}
  </p>`;
};

const field = (chrome: Chrome, props: SignInProps): Raw => {
  const t = loginText(chrome.locale).identifier;
  const described = ['identifier-hint', props.error && 'identifier-problem'].filter(Boolean).join(' ');
  return html`<div class="field">
    <label for="identifier">${t.label}</label>
    <p class="hint" id="identifier-hint">${t.hint}<br />${t.example}</p>
    ${props.error && problem(chrome, props.error)}
    <input
      id="identifier"
      name="identifiant"
      type="text"
      inputmode="numeric"
      autocomplete="username"
      autocapitalize="off"
      spellcheck="false"
      maxlength="40"
      aria-describedby="${described}"
      value="${props.identifier}"
      ${props.error && html`aria-invalid="true" autofocus`}
    />
  </div>`;
};

/** First page of a sign-in with the e-CPS: who are you, or scan and type nothing. */
export const signInPage =
  (props: SignInProps): View =>
  (chrome) => {
    const t = loginText(chrome.locale);
    const directory = `${WAY_PATHS.directory}?retour=${encodeURIComponent(props.base)}`;
    return {
      title: props.error ? `${t.identifier.error} ${t.title}` : t.title,
      service: props.service,
      body: html`<section class="card">
          <h1>${t.title}</h1>
          ${tabs(chrome, props, 'ecps')} ${cardNotice(chrome, props)}
          <form method="post" action="${props.base}" novalidate>
            ${csrfField(props.csrf)} ${field(chrome, props)}
            <div class="check">
              <input
                id="remember"
                name="souvenir"
                type="checkbox"
                value="oui"
                aria-describedby="remember-hint"
                ${props.remembered && html`checked`}
              />
              <label for="remember">${t.identifier.remember}</label>
              <p class="hint" id="remember-hint">${t.identifier.rememberHint}</p>
            </div>
            <button class="button" type="submit">${t.identifier.submit}</button>
            <p class="or"><span>${t.identifier.or}</span></p>
            <button class="second" type="submit" name="moyen" value="qr">${t.identifier.qr}</button>
          </form>
          <ul class="links">
            <li><a href="${directory}">${t.identifier.which}</a></li>
            <li><a href="${WAY_PATHS.activate}">${t.identifier.activate}</a></li>
          </ul>
        </section>
        ${cancelForm(chrome, props)}`,
    };
  };
