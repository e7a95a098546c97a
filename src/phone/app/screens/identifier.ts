import { html, type Raw } from '../../../../views/html.ts';
import { needsNewKeys } from '../../activation.ts';
import { directoryUrl } from '../config.ts';
import { deviceLabels } from '../device.ts';
import { askPersistence } from '../persist.ts';
import { isCode, problemView, refusalScreen } from '../refusal.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';

/** What was typed, to the identifier it means: no spaces, dots or hyphens, an RPPS number alone preceded by its 8. */
export const compact = (typed: string): string => {
  const text = typed
    .normalize('NFKC')
    .replaceAll(/[\s.\-\u00AD\u200B-\u200F\u2060\uFEFF]/g, '')
    .toUpperCase();
  return /^\d{11}$/.test(text) ? `8${text}` : text;
};

/** A number that cannot be one of RPPS; the server judges the rest, other registers included. */
const tooShortOrLong = (typed: string): boolean => {
  const text = compact(typed);
  return /^\d*$/.test(text) ? !/^(8\d{11}|0\d{9})$/.test(text) : text.length < 10;
};

const ask = async (app: AppContext, nationalId: string): Promise<void> => {
  const device = await deviceLabels();
  try {
    await app.phone.activate({ nationalId, device });
  } catch (error) {
    if (!needsNewKeys(error)) throw error;
    await app.phone.activate({ nationalId, device, newKeys: true });
  }
};

/** `letters` brings the whole keyboard: a few identifiers are not made of digits alone. */
const form = (app: AppContext, typed: string, problem?: Raw, letters = /[A-Z/]/i.test(typed)): Screen => {
  const { t, config } = app;
  return {
    title: t.identifier.title,
    backTo: '/',
    ...(problem || letters ? { focus: '#identifier' } : {}),
    body: html`<h1>${t.identifier.title}</h1>
      ${problem}
      <form data-action="send" novalidate>
        <div class="field">
          <label for="identifier">${t.identifier.label}</label>
          <p class="hint" id="identifier-hint">${t.identifier.hint}</p>
          <input
            type="text"
            id="identifier"
            name="identifier"
            value="${typed}"
            inputmode="${letters ? 'text' : 'numeric'}"
            autocomplete="username"
            autocapitalize="characters"
            spellcheck="false"
            maxlength="40"
            required
            aria-describedby="identifier-hint"
            ${problem && html`aria-invalid="true"`}
          />
        </div>
        <div class="actions"><button class="button">${t.identifier.submit}</button></div>
      </form>
      <p>
        <a class="way" href="${directoryUrl(config)}" target="_blank" rel="noopener"
          >${t.identifier.directory}</a
        >
      </p>
      ${
        !letters &&
        html`<p>
          <button type="button" class="quiet" data-action="letters">${t.identifier.letters}</button>
        </p>`
      }`,
    actions: {
      letters: () => app.show(form(app, '', undefined, true)),
      send: ({ fields }) => send(app, fields['identifier'] ?? ''),
    },
  };
};

const send = async (app: AppContext, typed: string): Promise<void> => {
  if (tooShortOrLong(typed)) {
    const problem = html`<p class="problem" role="alert">${app.t.identifier.malformed}</p>`;
    app.show(form(app, typed, problem));
    return;
  }
  // Asked here, on a gesture, since the keys are about to be made.
  void askPersistence();
  try {
    await ask(app, compact(typed));
  } catch (error) {
    const backToForm = () => app.show(form(app, typed));
    const wrong = isCode(error, 'identifier_malformed', 'identifier_check', 'request_invalid');
    app.show(
      wrong ? form(app, typed, problemView(app, error)) : refusalScreen(app, error, { retry: backToForm }),
    );
    return;
  }
  await app.go('/activation');
};

/** Asks for the identifier: a first activation, or a new proof for a phone that lost its PIN, was locked or frozen. */
export const identifierScreen: MakeScreen = async (app, url) => {
  const state = await app.vault.read();
  const picked = url.searchParams.get('identifiant') ?? undefined;
  return form(
    app,
    pickedIdentifier(picked) ?? state?.device?.nationalId ?? state?.activation?.nationalId ?? '',
  );
};

/** What the directory brings back fills the field, and nothing more. */
const pickedIdentifier = (value: string | undefined): string | undefined =>
  value !== undefined && value.length <= 40 && /^[0-9A-Z/]+$/i.test(value) ? value : undefined;
