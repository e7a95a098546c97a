import { html, type Raw } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { directory as en } from '../locales/en/directory.ts';
import { directory as fr } from '../locales/fr/directory.ts';
import { inLocale } from '../locales/index.ts';
import { groupDigits } from '../partials/identifier.ts';
import { WAY_PATHS, ways } from '../partials/ways.ts';

/** A person found, in words. */
export interface DirectoryPerson {
  nationalId: string;
  name: string;
  professions: readonly string[];
  towns: readonly string[];
}

export interface DirectoryProps {
  family: string;
  given: string;
  /** Same-site path to go back to; checked by who calls. */
  returnTo: string | undefined;
  /** Undefined before the first search, `missing` when no name was typed. */
  result: 'missing' | { persons: readonly DirectoryPerson[]; more: boolean } | undefined;
}

const texts = ({ locale }: Chrome) => inLocale(locale, { fr, en });

const field = (props: {
  id: string;
  name: string;
  label: string;
  hint: string;
  value: string;
  autocomplete: string;
  problem?: string | undefined;
}): Raw => {
  const described = [`${props.id}-hint`, props.problem && `${props.id}-problem`].filter(Boolean).join(' ');
  return html`<div class="field">
    <label for="${props.id}">${props.label}</label>
    <p class="hint" id="${props.id}-hint">${props.hint}</p>
    ${props.problem && html`<p class="problem" id="${props.id}-problem">${props.problem}</p>`}
    <input
      id="${props.id}"
      name="${props.name}"
      type="text"
      autocomplete="${props.autocomplete}"
      spellcheck="false"
      maxlength="100"
      aria-describedby="${described}"
      value="${props.value}"
      ${props.problem && html`aria-invalid="true" autofocus`}
    />
  </div>`;
};

const form = (chrome: Chrome, props: DirectoryProps): Raw => {
  const t = texts(chrome);
  return html`<form method="get" action="${WAY_PATHS.directory}" role="search" novalidate>
    ${field({
      id: 'family',
      name: 'nom',
      label: t.family,
      hint: t.familyHint,
      value: props.family,
      autocomplete: 'family-name',
      problem: props.result === 'missing' ? t.missing : undefined,
    })}
    ${field({
      id: 'given',
      name: 'prenom',
      label: t.given,
      hint: t.givenHint,
      value: props.given,
      autocomplete: 'given-name',
    })}
    ${props.returnTo !== undefined && html`<input type="hidden" name="retour" value="${props.returnTo}" />`}
    <button class="button" type="submit">${t.submit}</button>
  </form>`;
};

/** Only the 12 digits of an RPPS identifier are read in groups; the others are taken as they are. */
const readable = (nationalId: string): string =>
  /^8\d{11}$/.test(nationalId) ? groupDigits(nationalId) : nationalId;

const person = (chrome: Chrome, found: DirectoryPerson): Raw => {
  const t = texts(chrome);
  const professions = found.professions.length > 0 ? found.professions.join(', ') : t.noProfession;
  const towns = found.towns.length > 0 ? found.towns.join(', ') : t.noTown;
  return html`<li>
    <p><strong>${found.name}</strong></p>
    <p>${professions} – ${towns}</p>
    <p>
      ${t.identifier}
      <strong class="identifier" data-identifier="${found.nationalId}">${readable(found.nationalId)}</strong>
    </p>
  </li>`;
};

const answer = (
  chrome: Chrome,
  { persons, more }: { persons: readonly DirectoryPerson[]; more: boolean },
): Raw => {
  const t = texts(chrome);
  if (persons.length === 0) {
    return html`<section id="result" aria-labelledby="result-title">
      <h2 id="result-title">${t.none}</h2>
      <p>${t.noneText}</p>
      <p class="action">${t.noneAction}</p>
      ${ways(chrome, ['ordre', 'help'])}
    </section>`;
  }
  return html`<section id="result" aria-labelledby="result-title">
    <h2 id="result-title">${t.found(persons.length)}</h2>
    ${more && html`<p class="caution">${t.tooMany(persons.length)}</p>`}
    <ul class="people">
      ${persons.map((found) => person(chrome, found))}
    </ul>
  </section>`;
};

const back = (chrome: Chrome, returnTo: string | undefined): Raw | undefined =>
  returnTo === undefined
    ? undefined
    : html`<p><a class="second" href="${returnTo}">${texts(chrome).back}</a></p>`;

/** "Quel est mon numéro ?": the form, or first what it found and the way back to where the person was. */
export const directoryPage =
  (props: DirectoryProps): View =>
  (chrome) => {
    const t = texts(chrome);
    const { result } = props;
    const heading = html`<h1>${t.title}</h1>`;
    const asked = result === undefined || result === 'missing';
    return {
      title: result === 'missing' ? `${t.errorPrefix} ${t.title}` : t.title,
      head: html`<link rel="stylesheet" href="${chrome.asset('directory.css')}" />`,
      body: asked
        ? html`<section class="card">
              ${heading}
              <p>${t.intro}</p>
              ${form(chrome, props)}
            </section>
            ${back(chrome, props.returnTo)}`
        : html`<section class="card">
              ${heading} ${answer(chrome, result)} ${back(chrome, props.returnTo)}
            </section>
            <section class="card" aria-labelledby="again-title">
              <h2 id="again-title">${t.again}</h2>
              ${form(chrome, props)}
            </section>`,
    };
  };
