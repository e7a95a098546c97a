import { html, type Raw } from '../../../../views/html.ts';
import type { DeviceView } from '../../../ecps/protocol/api.ts';
import { dayHourOf, dayOf, factsView, lifeText, navView } from '../life.ts';
import { isCode } from '../refusal.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';

/** The person's phones: which, since when, last used; named and removed here. */

const pathOf = ({ id }: DeviceView): string => `/telephone?id=${encodeURIComponent(id)}`;

const lastUse = (app: AppContext, { lastUsedAt }: DeviceView): string => {
  const t = lifeText(app).phones;
  return lastUsedAt === undefined ? t.unused : t.used(dayHourOf(app, lastUsedAt));
};

const itemView = (app: AppContext, device: DeviceView): Raw => {
  const t = lifeText(app).phones;
  return html`<li class="card">
    <h2>${device.name}${device.current && html` <span class="tag">${t.current}</span>`}</h2>
    <p>${device.model}, ${device.os}</p>
    <p class="state ${device.state}">${t.states[device.state]}</p>
    <p class="hint">${lastUse(app, device)}</p>
    <a class="second" href="${pathOf(device)}">${t.manage(device.name)}</a>
  </li>`;
};

/** The screen of `/telephones`. */
export const phonesScreen: MakeScreen = async (app) => {
  const t = lifeText(app).phones;
  const devices = await app.phone.devices();
  return {
    title: t.title,
    backTo: '/',
    body: html`<h1>${t.title}</h1>
      <p>${t.intro}</p>
      <ul class="cards">
        ${devices.map((device) => itemView(app, device))}
      </ul>
      <p class="hint">${t.add}</p>
      ${navView(app, 'phones')}`,
  };
};

const detailScreen = (app: AppContext, device: DeviceView, told?: Raw): Screen => {
  const t = lifeText(app).phones;
  return {
    title: device.name,
    backTo: '/telephones',
    body: html`<h1>${device.name}${device.current && html` <span class="tag">${t.current}</span>`}</h1>
      ${told}
      <p>${device.model}, ${device.os}</p>
      ${factsView([
        { name: t.facts.state, value: t.states[device.state] },
        {
          name: t.facts.used,
          value: device.lastUsedAt === undefined ? t.unused : dayHourOf(app, device.lastUsedAt),
        },
        { name: t.facts.added, value: html`${dayHourOf(app, device.addedAt)}<br />${t.via[device.via]}` },
        { name: t.facts.renewBy, value: dayOf(app, device.renewBy) },
      ])}
      <form data-action="rename" novalidate>
        <div class="field">
          <label for="phone-name">${t.name}</label>
          <p class="hint" id="phone-name-hint">${t.nameHint} ${t.nameExample}</p>
          <input
            type="text"
            id="phone-name"
            name="name"
            value="${device.name}"
            maxlength="60"
            autocomplete="off"
            aria-describedby="phone-name-hint"
            required
          />
        </div>
        <div class="actions"><button class="button">${t.rename}</button></div>
      </form>
      <div class="actions">
        ${
          device.current
            ? html`<a class="second danger" href="/supprimer">${lifeText(app).settings.delete}</a>`
            : html`<button type="button" class="second danger" data-action="ask">${t.remove}</button>`
        }
      </div>`,
    actions: {
      rename: ({ fields }) => rename(app, device, fields['name'] ?? ''),
      ask: () => app.show(removeScreen(app, device)),
    },
  };
};

const rename = async (app: AppContext, device: DeviceView, typed: string): Promise<void> => {
  const t = lifeText(app).phones;
  const name = typed.trim();
  if (name === '' || name.length > 60) {
    const problem = html`<p class="problem" role="alert">${t.nameWrong}</p>`;
    app.show({ ...detailScreen(app, device, problem), focus: '#phone-name' });
    return;
  }
  try {
    const renamed = await app.phone.rename(device.id, name);
    app.show(detailScreen(app, renamed, html`<p class="success" role="status">${t.renamed}</p>`));
  } catch (error) {
    if (!isCode(error, 'request_invalid')) throw error;
    const problem = html`<p class="problem" role="alert">${t.nameWrong}</p>`;
    app.show({ ...detailScreen(app, device, problem), focus: '#phone-name' });
  }
};

const removeScreen = (app: AppContext, device: DeviceView): Screen => {
  const t = lifeText(app).phones;
  const title = t.removeTitle(device.name);
  return {
    title,
    backTo: pathOf(device),
    body: html`<h1>${title}</h1>
      <p>${t.removeText}</p>
      <div class="actions">
        <button type="button" class="button danger" data-action="remove">${t.removeGo}</button>
        <a class="second" href="${pathOf(device)}">${t.keep}</a>
      </div>`,
    actions: {
      remove: async () => {
        try {
          await app.phone.revoke(device.id);
        } catch (error) {
          if (!isCode(error, 'not_found')) throw error;
        }
        app.show(removedScreen(app));
      },
    },
  };
};

const removedScreen = (app: AppContext): Screen => {
  const t = lifeText(app).phones;
  return {
    title: t.removed,
    body: html`<h1>${t.removed}</h1>
      <p class="success">${t.removedText}</p>
      <div class="actions"><a class="button" href="/telephones">${t.title}</a></div>`,
  };
};

/** The screen of `/telephone?id=…`. */
export const phoneScreen: MakeScreen = async (app, url) => {
  const t = lifeText(app).phones;
  const id = url.searchParams.get('id');
  const device = (await app.phone.devices()).find((candidate) => candidate.id === id);
  if (device) return detailScreen(app, device);
  return {
    title: t.title,
    backTo: '/telephones',
    body: html`<h1>${t.title}</h1>
      <p>${t.gone}</p>
      <div class="actions"><a class="button" href="/telephones">${t.title}</a></div>`,
  };
};
