import { FORM_TEXTS, type Form, choice, field, patientFields, wrong } from '../../shared/forms.ts';
import { type Raw, html } from '../../shared/html.ts';
import type { Locale } from '../../shared/practitioner.ts';
import type { Author } from '../../shared/signature.ts';
import { TEXTS } from '../texts.ts';
import { SITES, VACCINES } from '../vaccines.ts';

/** The form of a vaccination: the patient first, since the rest is already there. */

const injection = (form: Form, locale: Locale, remembered: boolean): Raw => {
  const t = TEXTS[locale].form;
  const doses = [1, 2, 3, 4].map((dose) => [String(dose), t.doseNumber(dose)] as const);
  return html`<fieldset>
    <legend>${t.injection}</legend>
    ${remembered && html`<p class="hint">${t.remembered}</p>`}
    <div class="pair">
      ${choice(form, 'vaccine', { label: t.vaccine, choices: [['', t.choose], ...Object.entries(VACCINES)] })}
      ${field(form, 'lot', {
        label: t.lot,
        hint: t.lotHint,
        attributes: { autocapitalize: 'characters', spellcheck: 'false' },
      })}
    </div>
    <div class="pair">
      ${choice(form, 'site', {
        label: t.site,
        choices: Object.entries(SITES).map(([name, label]) => [name, label[locale]]),
      })}
      ${choice(form, 'dose', { label: t.dose, required: false, choices: [['', t.nextDose], ...doses] })}
    </div>
    <div class="pair">
      ${field(form, 'injectedOn', { label: t.injectedOn, attributes: { inputmode: 'numeric' } })}
      ${field(form, 'place', { label: t.place, hint: t.placeHint, required: false, attributes: { list: 'places' } })}
    </div>
  </fieldset>`;
};

/** The body of the page. */
export const formBody = (
  locale: Locale,
  {
    form,
    csrf,
    author,
    places,
    remembered,
  }: {
    form: Form;
    csrf: string;
    author: Author;
    places: readonly string[];
    remembered: boolean;
  },
): Raw => {
  const t = TEXTS[locale].form;
  return html`<h1>${t.title}</h1>
    ${wrong(FORM_TEXTS[locale].wrong, form.problems)}
    <form method="post" action="/vaccinations" novalidate>
      <input type="hidden" name="csrf" value="${csrf}" />
      <input type="hidden" name="id" value="${form.values['id'] ?? ''}" />
      ${patientFields(form, locale)} ${injection(form, locale, remembered)}
      <datalist id="places">${places.map((place) => html`<option value="${place}"></option>`)}</datalist>
      <p class="small">${t.signedBy(author.name, author.nationalId)}</p>
      <button type="submit">${t.save}</button>
    </form>`;
};
