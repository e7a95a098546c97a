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
  /** The way back with this number; undefined where the person came from nowhere. */
  choose: string | undefined;
}

/** One page of the answer. */
export interface DirectoryResult {
  persons: readonly DirectoryPerson[];
  /** `near`: nobody has exactly this name, these come close. */
  nearness: 'exact' | 'near';
  /** What brings the next page. */
  next: string | undefined;
  /** The first page. */
  first: boolean;
}

export interface DirectoryProps {
  family: string;
  given: string;
  town: string;
  /** Code. */
  profession: string | undefined;
  professionList: readonly { code: string; label: string }[];
  /** Where to go back to; checked by who calls. */
  returnTo: string | undefined;
  /** Undefined before the first search, `missing` when no name was typed. */
  result: 'missing' | DirectoryResult | undefined;
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

const professionField = (chrome: Chrome, props: DirectoryProps): Raw => {
  const t = texts(chrome);
  return html`<div class="field">
    <label for="profession">${t.profession}</label>
    <select id="profession" name="profession">
      <option value="">${t.anyProfession}</option>
      ${props.professionList.map(
        ({ code, label }) =>
          html`<option value="${code}" ${code === props.profession && html`selected`}>${label}</option>`,
      )}
    </select>
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
    ${professionField(chrome, props)}
    ${field({
      id: 'town',
      name: 'ville',
      label: t.town,
      hint: t.townHint,
      value: props.town,
      autocomplete: 'address-level2',
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
    ${
      found.choose !== undefined &&
      html`<p><a href="${found.choose}" aria-label="${t.chooseLabel(found.name)}">${t.choose}</a></p>`
    }
  </li>`;
};

/** Address of this search, or of its next page. */
const address = (props: DirectoryProps, more: Record<string, string> = {}): string => {
  const query = new URLSearchParams({ nom: props.family, prenom: props.given });
  if (props.profession !== undefined) query.set('profession', props.profession);
  if (props.town !== '') query.set('ville', props.town);
  if (props.returnTo !== undefined) query.set('retour', props.returnTo);
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  return `${WAY_PATHS.directory}?${query.toString()}`;
};

const nobody = (chrome: Chrome, first: boolean): Raw => {
  const t = texts(chrome);
  return html`<section id="result" aria-labelledby="result-title">
    <h2 id="result-title">${first ? t.none : t.noMore}</h2>
    <p>${t.noneText}</p>
    <p class="action">${t.noneAction}</p>
    ${ways(chrome, ['ordre', 'help'])}
  </section>`;
};

const answer = (chrome: Chrome, props: DirectoryProps, result: DirectoryResult): Raw => {
  const t = texts(chrome);
  const { persons, nearness, next, first } = result;
  if (persons.length === 0) return nobody(chrome, first);
  const title = next === undefined && first ? t.found(persons.length) : t.some;
  return html`<section id="result" aria-labelledby="result-title">
    <h2 id="result-title">${nearness === 'near' ? t.near : title}</h2>
    ${nearness === 'near' && html`<p class="caution">${t.nearText}</p>`}
    <ul class="people">
      ${persons.map((found) => person(chrome, found))}
    </ul>
    ${
      next !== undefined &&
      html`<p><a class="second" rel="next" href="${address(props, { suite: next })}">${t.next}</a></p>
        <p class="hint">${t.narrow}</p>`
    }
    ${!first && html`<p><a href="${address(props)}">${t.start}</a></p>`}
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
              ${heading} ${answer(chrome, props, result)} ${back(chrome, props.returnTo)}
            </section>
            <section class="card" aria-labelledby="again-title">
              <h2 id="again-title">${t.again}</h2>
              ${form(chrome, props)}
            </section>`,
    };
  };
