import { readDay, showDay } from './dates.ts';
import { type Content, Raw, html } from './html.ts';
import type { Patient } from './patient.ts';
import type { Locale } from './practitioner.ts';

/** Fields, their errors, and what a form says when it is sent back: usable by keyboard and by screen reader. */

export type Values = Readonly<Record<string, string>>;
/** What is wrong, by field. */
export type Problems = Readonly<Record<string, string>>;

export interface Form {
  values: Values;
  problems: Problems;
}

interface FieldOptions {
  label: string;
  hint?: string;
  /** More attributes, such as `inputmode`. */
  attributes?: Readonly<Record<string, string>>;
  required?: boolean;
}

const attributesOf = (attributes: Readonly<Record<string, string>>): Raw =>
  new Raw(
    Object.entries(attributes)
      .map(([name, value]) => html` ${new Raw(name)}="${value}"`.html)
      .join(''),
  );

const described = (form: Form, name: string, hint: string | undefined): Raw => {
  const ids = [hint && `${name}-hint`, form.problems[name] && `${name}-error`].filter(Boolean).join(' ');
  return html`${ids && html`aria-describedby="${ids}"`}${form.problems[name] && new Raw(' aria-invalid="true"')}`;
};

const around = (form: Form, name: string, { label, hint }: FieldOptions, control: Content): Raw =>
  html`<div class="field">
    <label for="${name}">${label}</label>
    ${hint && html`<span class="hint" id="${name}-hint">${hint}</span>`}
    ${form.problems[name] && html`<span class="error" id="${name}-error">${form.problems[name]}</span>`}
    ${control}
  </div>`;

/** One line of text. */
export const field = (form: Form, name: string, options: FieldOptions): Raw =>
  around(
    form,
    name,
    options,
    html`<input
      id="${name}"
      name="${name}"
      value="${form.values[name] ?? ''}"
      ${options.required !== false && new Raw('required')}
      ${described(form, name, options.hint)}${attributesOf({ autocomplete: 'off', ...options.attributes })}
    />`,
  );

/** A choice among few. */
export const choice = (
  form: Form,
  name: string,
  options: FieldOptions & { choices: readonly (readonly [value: string, label: string])[] },
): Raw =>
  around(
    form,
    name,
    options,
    html`<select
      id="${name}"
      name="${name}"
      ${options.required !== false && new Raw('required')}
      ${described(form, name, options.hint)}
    >
      ${options.choices.map(
        ([value, label]) =>
          html`<option value="${value}" ${value === (form.values[name] ?? '') && new Raw('selected')}>
            ${label}
          </option>`,
      )}
    </select>`,
  );

/** Says at the top what is wrong, with links to the fields; takes the keyboard there. */
export const wrong = (heading: string, problems: Problems): Raw | undefined =>
  Object.keys(problems).length === 0
    ? undefined
    : html`<div class="wrong" role="alert" tabindex="-1" autofocus>
        <h2>${heading}</h2>
        <ul>
          ${Object.entries(problems).map(([name, text]) => html`<li><a href="#${name}">${text}</a></li>`)}
        </ul>
      </div>`;

const fr = {
  patient: 'Patient',
  familyName: 'Nom de naissance',
  givenName: 'Prénom',
  birthDate: 'Date de naissance',
  dayHint: '31/01/1948 ou 31011948',
  postalCode: 'Code postal du domicile',
  wrong: 'À corriger avant d’enregistrer',
  missing: (label: string) => `${label} : à remplir`,
  tooLong: (label: string) => `${label} : 100 caractères au plus`,
  noSuchDay: (label: string) => `${label} : ce jour n’existe pas. Écrivez-le ainsi : 31/01/1948`,
  future: (label: string) => `${label} : ce jour n’est pas encore venu`,
  tooOld: (label: string) => `${label} : plus de 120 ans`,
  postalWrong: 'Code postal : cinq chiffres',
};

const en: typeof fr = {
  patient: 'Patient',
  familyName: 'Family name at birth',
  givenName: 'First name',
  birthDate: 'Date of birth',
  dayHint: '31/01/1948 or 31011948',
  postalCode: 'Postal code of the home',
  wrong: 'To correct before saving',
  missing: (label) => `${label}: please fill in`,
  tooLong: (label) => `${label}: 100 characters at most`,
  noSuchDay: (label) => `${label}: there is no such day. Write it like this: 31/01/1948`,
  future: (label) => `${label}: that day has not come yet`,
  tooOld: (label) => `${label}: more than 120 years ago`,
  postalWrong: 'Postal code: five digits',
};

export const FORM_TEXTS: Record<Locale, typeof fr> = { fr, en };

/** Collects what is wrong while the values are read one by one. */
export const createReader = (form: URLSearchParams, locale: Locale, today: string) => {
  const t = FORM_TEXTS[locale];
  const problems: Record<string, string> = {};
  const text = (name: string, label: string, { optional = false } = {}): string => {
    const value = (form.get(name) ?? '').trim().replace(/\s+/g, ' ');
    if (value === '' && !optional) problems[name] = t.missing(label);
    if (value.length > 100) problems[name] = t.tooLong(label);
    return value;
  };
  const day = (name: string, label: string): string => {
    const typed = text(name, label);
    if (problems[name]) return '';
    const value = readDay(typed);
    if (value === undefined) problems[name] = t.noSuchDay(label);
    else if (value > today) problems[name] = t.future(label);
    return value ?? '';
  };
  const patient = (): Patient => {
    const familyName = text('familyName', t.familyName);
    const givenName = text('givenName', t.givenName);
    const birthDate = day('birthDate', t.birthDate);
    if (birthDate && Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4)) > 120) {
      problems['birthDate'] = t.tooOld(t.birthDate);
    }
    const postalCode = text('postalCode', t.postalCode);
    if (!problems['postalCode'] && !/^\d{5}$/.test(postalCode)) problems['postalCode'] = t.postalWrong;
    return { familyName, givenName, birthDate, postalCode };
  };
  return { text, day, patient, problems };
};

/** What was typed, to show it again. */
export const typedValues = (form: URLSearchParams): Values => Object.fromEntries(form);

/** The four fields of who it is about. The first one has the keyboard, unless something is to be corrected. */
export const patientFields = (form: Form, locale: Locale): Raw => {
  const t = FORM_TEXTS[locale];
  const first: Record<string, string> = Object.keys(form.problems).length > 0 ? {} : { autofocus: '' };
  return html`<fieldset>
    <legend>${t.patient}</legend>
    <div class="pair">
      ${field(form, 'familyName', { label: t.familyName, attributes: { ...first, autocapitalize: 'words' } })}
      ${field(form, 'givenName', { label: t.givenName, attributes: { autocapitalize: 'words' } })}
    </div>
    <div class="pair">
      ${field(form, 'birthDate', { label: t.birthDate, hint: t.dayHint, attributes: { inputmode: 'numeric' } })}
      ${field(form, 'postalCode', {
        label: t.postalCode,
        hint: locale === 'fr' ? 'Exemple : 69003' : 'Such as 69003',
        attributes: { inputmode: 'numeric', maxlength: '5' },
      })}
    </div>
  </fieldset>`;
};

/** A patient in a line. */
export const showPatient = ({ familyName, givenName, birthDate }: Omit<Patient, 'postalCode'>): string =>
  `${familyName} ${givenName}, ${showDay(birthDate)}`;
