import { html, type Raw } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { device as en } from '../locales/en/device.ts';
import { device as fr } from '../locales/fr/device.ts';
import { inLocale } from '../locales/index.ts';
import { hiddenFields } from '../partials/form.ts';

/** A sign-in on a device that shows a code: type it, compare it, and it is done. */

const texts = ({ locale }: Chrome) => inLocale(locale, { fr, en });

/** Why a code was not taken. */
export type DeviceProblem = keyof typeof fr.problems;

interface Form {
  action: string;
  fields: Readonly<Record<string, string>>;
}

const field = (chrome: Chrome, typed: string, problem: DeviceProblem | undefined): Raw => {
  const t = texts(chrome);
  const described = ['user-code-hint', problem && 'user-code-problem'].filter(Boolean).join(' ');
  return html`<div class="field">
    <label for="user-code">${t.label}</label>
    <p class="hint" id="user-code-hint">${t.hint}</p>
    ${problem && html`<p class="problem" id="user-code-problem">${t.problems[problem]}</p>`}
    <input
      id="user-code"
      name="user_code"
      type="text"
      autocomplete="off"
      autocapitalize="characters"
      spellcheck="false"
      maxlength="20"
      aria-describedby="${described}"
      value="${typed}"
      ${problem && html`aria-invalid="true" autofocus`}
    />
  </div>`;
};

/** Type the code. */
export const deviceCodePage =
  (props: { form: Form; typed?: string | undefined; problem?: DeviceProblem | undefined }): View =>
  (chrome) => {
    const t = texts(chrome);
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.title}</h1>
        <p>${t.intro}</p>
        <form method="post" action="${props.form.action}" novalidate>
          ${hiddenFields(props.form.fields)} ${field(chrome, props.typed ?? '', props.problem)}
          <button class="button" type="submit">${t.submit}</button>
        </form>
      </section>`,
    };
  };

/** Compare the code and the service. */
export const deviceConfirmPage =
  (props: { form: Form; code: string; service: string }): View =>
  (chrome) => {
    const t = texts(chrome);
    return {
      title: t.confirmTitle,
      body: html`<section class="card">
        <h1>${t.confirmTitle}</h1>
        <p><strong>${t.confirmService(props.service)}</strong></p>
        <p>${t.confirmCode}</p>
        <p class="number device-code">
          <span aria-hidden="true">${props.code}</span>
          <span class="spoken">${t.codeSpoken([...props.code].join(' '))}</span>
        </p>
        <p class="caution">${t.caution}</p>
        <form method="post" action="${props.form.action}">
          ${hiddenFields(props.form.fields)}
          <p><button class="button" type="submit" name="confirm" value="yes">${t.confirm}</button></p>
          <p><button class="second" type="submit" name="abort" value="yes">${t.refuse}</button></p>
        </form>
      </section>`,
    };
  };

/** Back to the device. */
export const deviceDonePage =
  (props: { service: string | undefined }): View =>
  (chrome) => {
    const t = texts(chrome);
    return {
      title: t.doneTitle,
      body: html`<section class="card done">
        <h1>${t.doneTitle}</h1>
        <p class="success">${props.service !== undefined && t.doneService(props.service)} ${t.done}</p>
        <p>${t.shared}</p>
      </section>`,
    };
  };
