import { columns, shares } from '../../shared/chart.ts';
import { showDay } from '../../shared/dates.ts';
import { type Raw, html } from '../../shared/html.ts';
import { discreet } from '../../shared/open-data.ts';
import type { Locale } from '../../shared/practitioner.ts';
import type { Effectiveness } from '../effectiveness.ts';
import type { Coverage, Statistics } from '../statistics.ts';
import { TEXTS } from '../texts.ts';
import { PROTECTED_AFTER_DAYS } from '../vaccines.ts';

/** The open statistics: each chart with its figures in a table. */

const language = (locale: Locale): string => (locale === 'fr' ? 'fr-FR' : 'en-GB');
const number = (value: number, locale: Locale): string =>
  new Intl.NumberFormat(language(locale)).format(value);
const percent = (value: number, locale: Locale): string =>
  new Intl.NumberFormat(language(locale), { style: 'percent', maximumFractionDigits: 0 }).format(value);

const headline = (locale: Locale, data: Statistics): Raw => {
  const t = TEXTS[locale].statistics;
  const figure = (value: number, label: string) =>
    html`<li><strong>${number(value, locale)}</strong> ${label}</li>`;
  return html`<ul class="figures">
    ${figure(data.injections, t.injections)} ${figure(data.people, t.people)}
    ${figure(data.complete, t.complete)} ${figure(data.lastWeek, t.lastWeek)}
  </ul>`;
};

const weekly = (locale: Locale, { weeks }: Statistics): Raw => {
  const t = TEXTS[locale].statistics;
  const bars = weeks.map(({ week, injections }) => ({ label: showDay(week).slice(0, 5), value: injections }));
  return html`<section>
    <h2 id="weekly">${t.weekly}</h2>
    ${columns(bars, { title: t.weekly, every: 3 })}
    <details>
      <summary>${t.figures}</summary>
      <table role="table" aria-labelledby="weekly">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">${t.weekOf}</th>
            <th role="columnheader" scope="col" class="n">${t.injections}</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${weeks.map(
            ({ week, injections }) =>
              html`<tr role="row">
                <th role="rowheader" scope="row">${showDay(week)}</th>
                <td role="cell" class="n">${number(injections, locale)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </details>
  </section>`;
};

const covered = (
  locale: Locale,
  rows: readonly Coverage[],
  { id, title, group, name }: { id: string; title: string; group: string; name: (group: string) => string },
): Raw => {
  const t = TEXTS[locale].statistics;
  const told = (count: number) => {
    const shown = discreet(count);
    return shown === null ? t.few : number(shown, locale);
  };
  const share = ({ one, population }: Coverage) =>
    discreet(one) === null ? t.few : percent(one / population, locale);
  const bars = rows.map((row) => ({
    label: name(row.group),
    value: discreet(row.one) === null ? 0 : row.one / row.population,
    text: share(row),
  }));
  return html`<section>
    <h2 id="${id}">${title}</h2>
    ${shares(bars, { title })}
    <table role="table" class="stack" aria-labelledby="${id}">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">${group}</th>
          <th role="columnheader" scope="col" class="n">${t.population}</th>
          <th role="columnheader" scope="col" class="n">${t.oneDose}</th>
          <th role="columnheader" scope="col" class="n">${t.twoDoses}</th>
          <th role="columnheader" scope="col" class="n">${t.coverage}</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          (row) =>
            html`<tr role="row">
              <th role="rowheader" scope="row">${name(row.group)}</th>
              <td role="cell" class="n" data-label="${t.population}">${number(row.population, locale)}</td>
              <td role="cell" class="n" data-label="${t.oneDose}">${told(row.one)}</td>
              <td role="cell" class="n" data-label="${t.twoDoses}">${told(row.two)}</td>
              <td role="cell" class="n" data-label="${t.coverage}">${share(row)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
};

const cells = (locale: Locale, { cells: found }: Effectiveness): Raw => {
  const t = TEXTS[locale].statistics;
  const told = (count: number) => (discreet(count) === null ? t.few : number(count, locale));
  const row = (label: string, positive: number, negative: number) =>
    html`<tr role="row">
      <th role="rowheader" scope="row">${label}</th>
      <td role="cell" class="n" data-label="${t.positive}">${told(positive)}</td>
      <td role="cell" class="n" data-label="${t.negative}">${told(negative)}</td>
    </tr>`;
  return html`<table role="table" class="stack" aria-labelledby="effectiveness">
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">${t.tested}</th>
        <th role="columnheader" scope="col" class="n">${t.positive}</th>
        <th role="columnheader" scope="col" class="n">${t.negative}</th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${row(t.vaccinated, found.vaccinatedPositive, found.vaccinatedNegative)}
      ${row(t.unvaccinated, found.unvaccinatedPositive, found.unvaccinatedNegative)}
    </tbody>
  </table>`;
};

const effective = (locale: Locale, found: Effectiveness | undefined): Raw => {
  const t = TEXTS[locale].statistics;
  const told = found?.estimate;
  return html`<section>
    <h2 id="effectiveness">${t.effectiveness}</h2>
    ${!found && html`<p>${t.noJoin}</p>`} ${found && !told && html`<p>${t.tooFew}</p>`}
    ${
      told &&
      html`<p class="lead">
        ${t.effective(percent(told.value, locale), percent(told.low, locale), percent(told.high, locale))}
      </p>`
    }
    ${found && cells(locale, found)}
    <p class="small">${t.effectiveNote(PROTECTED_AFTER_DAYS)} ${t.joinNote}</p>
  </section>`;
};

const open = (locale: Locale): Raw => {
  const t = TEXTS[locale].statistics;
  const names = [
    ['injections', t.injections],
    ['couverture', t.coverage],
    ['efficacite', t.effectiveness],
  ] as const;
  return html`<section>
    <h2>${t.open}</h2>
    <p>${t.openNote}</p>
    <ul>
      ${names.map(
        ([name, label]) =>
          html`<li>
            ${label}${locale === 'fr' ? ' ' : ''}: <a href="/donnees/${name}.csv">${name}.csv</a>,
            <a href="/donnees/${name}.json">${name}.json</a>
          </li>`,
      )}
    </ul>
  </section>`;
};

/** The body of the page. */
export const statisticsBody = (
  locale: Locale,
  data: Statistics,
  found: Effectiveness | undefined,
  sample: boolean,
): Raw => {
  const t = TEXTS[locale].statistics;
  return html`<h1>${t.title}</h1>
    <p class="lead">${t.lead}</p>
    ${sample && html`<p class="notice">${t.sample}</p>`} ${headline(locale, data)} ${weekly(locale, data)}
    ${covered(locale, data.byAge, { id: 'by-age', title: t.byAge, group: t.age, name: t.years })}
    ${covered(locale, data.byPlace, { id: 'by-place', title: t.byPlace, group: t.place, name: (group) => group })}
    <p class="small">${t.outside}</p>
    ${effective(locale, found)} ${open(locale)}`;
};
