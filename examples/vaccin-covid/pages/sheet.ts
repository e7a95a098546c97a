import { showDay, showInstant } from '../../shared/dates.ts';
import { type Problems, wrong, FORM_TEXTS } from '../../shared/forms.ts';
import { type Raw, html } from '../../shared/html.ts';
import type { Locale } from '../../shared/practitioner.ts';
import { shortSignature } from '../../shared/signature.ts';
import type { Vaccination } from '../records.ts';
import { TEXTS } from '../texts.ts';
import { SITES, VACCINES } from '../vaccines.ts';

/** One record: on the screen with what can be done, on paper as the sheet that the patient keeps. */

export interface SheetData {
  record: Vaccination;
  doses: readonly Vaccination[];
  holds: boolean;
  csrf: string;
  /** What was just done. */
  done: 'saved' | 'already' | 'cancelledNow' | undefined;
  problems: Problems;
  /** The reporting portal. */
  reportingUrl: string;
}

/** The reporting portal, told of what the product is and when it was given; not of whom. */
export const reportingLink = (
  base: string,
  { vaccine, lot, dose, injected_on: day }: Vaccination,
): string => {
  const url = new URL(base);
  url.searchParams.set('produit', VACCINES[vaccine]);
  url.searchParams.set('lot', lot);
  url.searchParams.set('dose', String(dose));
  url.searchParams.set('date', day);
  return url.href;
};

const line = (name: string, value: string | Raw): Raw =>
  html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;

const doses = (locale: Locale, rows: readonly Vaccination[]): Raw => {
  const { sheet: t, form } = TEXTS[locale];
  return html`<section>
    <h2 id="doses">${t.doses}</h2>
    <table role="table" class="stack" aria-labelledby="doses">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">${t.dose}</th>
          <th role="columnheader" scope="col">${t.day}</th>
          <th role="columnheader" scope="col">${t.vaccine}</th>
          <th role="columnheader" scope="col">${t.lot}</th>
          <th role="columnheader" scope="col">${t.site}</th>
          <th role="columnheader" scope="col">${t.by}</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          (row) =>
            html`<tr role="row">
              <th role="rowheader" scope="row">${form.doseNumber(row.dose)}</th>
              <td role="cell" data-label="${t.day}">${showDay(row.injected_on)}</td>
              <td role="cell" data-label="${t.vaccine}">${VACCINES[row.vaccine]}</td>
              <td role="cell" data-label="${t.lot}">${row.lot}</td>
              <td role="cell" data-label="${t.site}">${SITES[row.site][locale]}</td>
              <td role="cell" data-label="${t.by}">${row.author_name}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
};

const signature = (locale: Locale, { record, holds }: SheetData): Raw => {
  const t = TEXTS[locale].sheet;
  return html`<section>
    <h2>${t.signature}</h2>
    <dl>
      ${line(t.signedBy, [record.author_name, record.author_profession].filter(Boolean).join(', '))}
      ${line(t.nationalId, html`<span class="number">${record.author}</span>`)}
      ${line(t.level, record.author_acr)} ${line(t.recordedAt, showInstant(record.recorded_at, locale))}
      ${line(t.place, record.place || t.noPlace)}
      ${line(t.record, html`<span class="seal">${record.id}</span>`)}
      ${line(
        t.seal,
        html`<span class="seal">${shortSignature(record.signature)}</span
          ><br />${holds ? t.holds : t.broken}`,
      )}
    </dl>
  </section>`;
};

const cancellation = (locale: Locale, { record, csrf, problems }: SheetData): Raw => {
  const t = TEXTS[locale].sheet;
  return html`<details class="no-print" ${Object.keys(problems).length > 0 ? html`open` : undefined}>
    <summary>${t.cancelTitle}</summary>
    <form method="post" action="/vaccinations/${record.id}/annuler" novalidate>
      <input type="hidden" name="csrf" value="${csrf}" />
      <p class="small">${t.cancelNote}</p>
      <div class="field">
        <label for="reason">${t.cancelReason}</label>
        <span class="hint" id="reason-hint">${t.cancelHint}</span>
        <input
          id="reason"
          name="reason"
          required
          maxlength="100"
          autocomplete="off"
          aria-describedby="reason-hint"
        />
      </div>
      <button type="submit" class="quiet">${t.cancelButton}</button>
    </form>
  </details>`;
};

const actions = (locale: Locale, { record, done, reportingUrl }: SheetData): Raw => {
  const t = TEXTS[locale].sheet;
  return html`<div class="actions">
      <a class="button main" href="/vaccinations/nouvelle" ${done === 'saved' && html`autofocus`}
        >${t.next}</a
      >
      <button type="button" class="quiet" data-print hidden>${t.print}</button>
      <a class="button" href="${reportingLink(reportingUrl, record)}" rel="noreferrer">${t.report}</a>
    </div>
    <p class="small no-print">${t.reportNote}</p>`;
};

/** The body of the page. */
export const sheetBody = (locale: Locale, data: SheetData): Raw => {
  const { record, done, problems, reportingUrl } = data;
  const t = TEXTS[locale].sheet;
  const name = `${record.family_name} ${record.given_name}`;
  return html`${done && html`<p class="notice" role="status">${t[done]}</p>`}
    ${wrong(FORM_TEXTS[locale].wrong, problems)}
    <h1>${t.title}</h1>
    ${
      record.cancelled_at &&
      html`<p class="wrong">
        ${t.cancelled(showInstant(record.cancelled_at, locale), record.cancel_reason ?? '')}
      </p>`
    }
    <dl>${line(t.patient, name)} ${line(t.born, showDay(record.birth_date))}</dl>
    ${actions(locale, data)} ${doses(locale, data.doses)} ${signature(locale, data)}
    <p class="sheet-only">${t.forPatient} ${new URL(reportingUrl).origin}</p>
    <p class="sheet-only">${t.invented}</p>
    ${!record.cancelled_at && cancellation(locale, data)}
    <script src="/print.js" defer></script>`;
};
