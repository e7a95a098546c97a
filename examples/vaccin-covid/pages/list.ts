import { showDay } from '../../shared/dates.ts';
import { type Raw, html } from '../../shared/html.ts';
import type { Locale } from '../../shared/practitioner.ts';
import type { Vaccination } from '../records.ts';
import { TEXTS } from '../texts.ts';
import { VACCINES } from '../vaccines.ts';

/** What one person signed: search, list, pages. */

export interface ListData {
  rows: readonly Vaccination[];
  total: number;
  page: number;
  pages: number;
  search: string;
  csrf: string;
}

const searchForm = (locale: Locale, { search, csrf }: ListData): Raw => {
  const t = TEXTS[locale].list;
  return html`<form method="post" action="/vaccinations/recherche" class="search" role="search">
    <input type="hidden" name="csrf" value="${csrf}" />
    <div class="field">
      <label for="search">${t.search}</label>
      <input id="search" name="search" value="${search}" autocomplete="off" enterkeyhint="search" />
    </div>
    <button type="submit">${t.searchButton}</button>
    ${search && html`<button type="submit" class="link" name="clear" value="1">${t.clear}</button>`}
  </form>`;
};

const table = (locale: Locale, rows: readonly Vaccination[]): Raw => {
  const { list: t, form } = TEXTS[locale];
  return html`<table role="table" class="stack">
    <caption>
      ${t.rule}
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">${t.patient}</th>
        <th role="columnheader" scope="col">${t.day}</th>
        <th role="columnheader" scope="col">${t.vaccine}</th>
        <th role="columnheader" scope="col">${t.dose}</th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        (row) =>
          html`<tr role="row" class="${row.cancelled_at ? 'void' : ''}">
            <th role="rowheader" scope="row">
              <a href="/vaccinations/${row.id}">${row.family_name} ${row.given_name}</a>,
              ${showDay(row.birth_date)}
              ${row.cancelled_at && html` <span class="badge">${t.cancelled}</span>`}
            </th>
            <td role="cell" data-label="${t.day}">${showDay(row.injected_on)}</td>
            <td role="cell" data-label="${t.vaccine}">${VACCINES[row.vaccine]} · ${row.lot}</td>
            <td role="cell" data-label="${t.dose}">${form.doseNumber(row.dose)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
};

const pager = (locale: Locale, { page, pages }: ListData): Raw | undefined => {
  const t = TEXTS[locale].list;
  return pages < 2
    ? undefined
    : html`<nav aria-label="${t.pages}" class="actions">
        ${page > 1 && html`<a href="/vaccinations?page=${page - 1}">${t.previous}</a>`}
        <span>${t.page(page, pages)}</span>
        ${page < pages && html`<a href="/vaccinations?page=${page + 1}">${t.next}</a>`}
      </nav>`;
};

/** The body of the page. */
export const listBody = (locale: Locale, data: ListData): Raw => {
  const { list: t, nav } = TEXTS[locale];
  const nothing = data.rows.length === 0;
  return html`<h1>${t.title}</h1>
    ${(data.total > 0 || data.search) && searchForm(locale, data)}
    ${(data.total > 0 || data.search) && html`<p role="status">${t.found(data.total)}</p>`}
    ${nothing ? html`<p class="lead">${data.search ? t.nothing : t.empty}</p>` : table(locale, data.rows)}
    ${pager(locale, data)}
    <p class="actions"><a class="button main" href="/vaccinations/nouvelle">${nav.add}</a></p>`;
};
