import { html, type Raw } from '../../../../views/html.ts';
import type { ResponseOf } from '../../../ecps/protocol/api.ts';
import { dayHourOf, lifeText, navView } from '../life.ts';
import type { AppContext, MakeScreen } from '../screen.ts';

type Entry = ResponseOf<'history'>['entries'][number];

const BAD: readonly Entry['kind'][] = ['denied', 'reported'];

const entryView = (app: AppContext, entry: Entry): Raw => {
  const t = lifeText(app).history;
  const { at, kind, service, browser, place, device } = entry;
  return html`<li>
    <p class="${BAD.includes(kind) ? 'what amber' : 'what'}">
      <strong>${t.kinds[kind]}</strong>${service !== undefined && html` : ${service}`}
    </p>
    <p class="hint">
      <time datetime="${at}">${dayHourOf(app, at)}</time>
      ${browser !== undefined && html`<br />${t.from(browser, place ?? '')}`}
      ${device !== undefined && html`<br />${t.with(device)}`}
    </p>
  </li>`;
};

/** The screen of `/historique`. */
export const historyScreen: MakeScreen = async (app) => {
  const t = lifeText(app).history;
  const entries = await app.phone.history();
  return {
    title: t.title,
    backTo: '/',
    body: html`<h1>${t.title}</h1>
      <p>${t.intro}</p>
      ${
        entries.length === 0
          ? html`<p><strong>${t.empty}</strong> ${t.emptyText}</p>`
          : html`<ol class="events">
              ${entries.map((entry) => entryView(app, entry))}
            </ol>`
      }
      <details>
        <summary>${t.notYou}</summary>
        <p>${t.notYouText}</p>
        <p><a class="way" href="/code-pin">${lifeText(app).settings.pin}</a></p>
        <p><a class="way" href="/telephones">${lifeText(app).phones.title}</a></p>
      </details>
      ${navView(app, 'history')}`,
  };
};
