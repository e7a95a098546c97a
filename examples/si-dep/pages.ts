import { shares } from '../shared/chart.ts';
import { showDay, showInstant } from '../shared/dates.ts';
import { FORM_TEXTS, type Form, choice, field, patientFields, wrong } from '../shared/forms.ts';
import { type Raw, html } from '../shared/html.ts';
import type { Locale } from '../shared/practitioner.ts';
import type { Author } from '../shared/signature.ts';
import { KINDS, RESULTS, type Test, type Week } from './records.ts';
import { TEXTS } from './texts.ts';

/** The pages of *SI-DEP*: the form, what one person signed, the open figures. */

export const formBody = (
  locale: Locale,
  { form, csrf, author }: { form: Form; csrf: string; author: Author },
): Raw => {
  const { form: t, kinds, results } = TEXTS[locale];
  return html`<h1>${t.title}</h1>
    ${wrong(FORM_TEXTS[locale].wrong, form.problems)}
    <form method="post" action="/resultats" novalidate>
      <input type="hidden" name="csrf" value="${csrf}" />
      <input type="hidden" name="id" value="${form.values['id'] ?? ''}" />
      ${patientFields(form, locale)}
      <fieldset>
        <legend>${t.test}</legend>
        <div class="pair">
          ${choice(form, 'kind', { label: t.kind, choices: KINDS.map((kind) => [kind, kinds[kind]]) })}
          ${choice(form, 'result', {
            label: t.result,
            choices: [['', t.choose], ...RESULTS.map((result) => [result, results[result]] as const)],
          })}
        </div>
        ${field(form, 'sampledOn', { label: t.sampledOn, attributes: { inputmode: 'numeric' } })}
      </fieldset>
      <p class="small">${t.signedBy(author.name, author.nationalId)}</p>
      <button type="submit">${t.save}</button>
    </form>`;
};

export interface ListData {
  rows: readonly Test[];
  holds: (row: Test) => boolean;
  csrf: string;
  done: 'saved' | 'already' | 'cancelledNow' | undefined;
}

const cancelForm = (
  locale: Locale,
  { id, family_name: family, given_name: given }: Test,
  csrf: string,
): Raw => {
  const t = TEXTS[locale].list;
  return html`<form method="post" action="/resultats/${id}/annuler">
    <input type="hidden" name="csrf" value="${csrf}" />
    <button type="submit" class="link" aria-label="${t.cancelOf(`${family} ${given}`)}">${t.cancel}</button>
  </form>`;
};

const testRow = (locale: Locale, row: Test, { holds, csrf }: ListData): Raw => {
  const { list: t, kinds, results } = TEXTS[locale];
  return html`<tr role="row" class="${row.cancelled_at ? 'void' : ''}">
    <th role="rowheader" scope="row">
      ${row.family_name} ${row.given_name}, ${showDay(row.birth_date)}
      ${row.cancelled_at && html` <span class="badge">${t.cancelled}</span>`}
      ${!holds(row) && html` <span class="badge">${t.broken}</span>`}
    </th>
    <td role="cell" data-label="${t.day}">${showDay(row.sampled_on)}</td>
    <td role="cell" data-label="${t.test}">${kinds[row.kind]}</td>
    <td role="cell" data-label="${t.result}"><strong>${results[row.result]}</strong></td>
    <td role="cell" data-label="${t.recorded}">${showInstant(row.recorded_at, locale)}</td>
    <td role="cell">${!row.cancelled_at && cancelForm(locale, row, csrf)}</td>
  </tr>`;
};

export const listBody = (locale: Locale, data: ListData): Raw => {
  const { list: t, nav } = TEXTS[locale];
  return html`${data.done && html`<p class="notice" role="status">${t[data.done]}</p>`}
    <h1>${t.title}</h1>
    ${
      data.rows.length === 0
        ? html`<p class="lead">${t.empty}</p>`
        : html`<table role="table" class="stack">
            <caption>
              ${t.rule}
            </caption>
            <thead role="rowgroup">
              <tr role="row">
                <th role="columnheader" scope="col">${t.patient}</th>
                <th role="columnheader" scope="col">${t.day}</th>
                <th role="columnheader" scope="col">${t.test}</th>
                <th role="columnheader" scope="col">${t.result}</th>
                <th role="columnheader" scope="col">${t.recorded}</th>
                <th role="columnheader" scope="col">${t.action}</th>
              </tr>
            </thead>
            <tbody role="rowgroup">
              ${data.rows.map((row) => testRow(locale, row, data))}
            </tbody>
          </table>`
    }
    <p class="actions"><a class="button main" href="/resultats/nouveau">${nav.add}</a></p>`;
};

const percent = (share: number, locale: Locale): string =>
  new Intl.NumberFormat(locale === 'fr' ? 'fr-FR' : 'en-GB', {
    style: 'percent',
    maximumFractionDigits: 1,
  }).format(share);

export const statisticsBody = (locale: Locale, weeks: readonly Week[]): Raw => {
  const t = TEXTS[locale].statistics;
  const share = ({ tests, positive }: Week) => (tests === 0 ? 0 : positive / tests);
  const shown = (week: Week) => (week.tests === 0 ? '–' : percent(share(week), locale));
  const bars = weeks.map((week) => ({ label: showDay(week.week), value: share(week), text: shown(week) }));
  return html`<h1>${t.title}</h1>
    <p class="lead">${t.lead}</p>
    <section>
      <h2 id="weekly">${t.weekly}</h2>
      ${shares(bars, { title: t.weekly })}
      <table role="table" class="stack" aria-labelledby="weekly">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">${t.weekOf}</th>
            <th role="columnheader" scope="col" class="n">${t.tests}</th>
            <th role="columnheader" scope="col" class="n">${t.positive}</th>
            <th role="columnheader" scope="col" class="n">${t.positivity}</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${weeks.map(
            (week) =>
              html`<tr role="row">
                <th role="rowheader" scope="row">${showDay(week.week)}</th>
                <td role="cell" class="n" data-label="${t.tests}">${week.tests}</td>
                <td role="cell" class="n" data-label="${t.positive}">${week.positive}</td>
                <td role="cell" class="n" data-label="${t.positivity}">${shown(week)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </section>
    <section>
      <h2>${t.open}</h2>
      <p><a href="/donnees/tests.csv">tests.csv</a>, <a href="/donnees/tests.json">tests.json</a></p>
      <p class="small">${t.join}</p>
    </section>`;
};
