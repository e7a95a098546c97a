import Router from '@koa/router';
import type { Context } from 'koa';
import { createChrome } from '../shared/chrome.ts';
import { readDay, showDay } from '../shared/dates.ts';
import { type Content, html } from '../shared/html.ts';
import type { Listening } from '../shared/listen.ts';
import type { Branding } from '../shared/pages.ts';
import type { Locale } from '../shared/practitioner.ts';
import { type ServiceRegistration, createService } from '../shared/service.ts';
import type { Kit, Visit } from '../shared/visit.ts';
import { TEXTS } from './texts.ts';

const brand: Branding = {
  name: 'Portail',
  purpose: { fr: 'Tous vos services', en: 'All your services' },
  introduction: {
    fr: 'Identifiez-vous une fois ; chaque service s’ouvre ensuite d’un clic.',
    en: 'Sign in once; then each service opens with one click.',
  },
  welcome: { fr: 'Choisissez un service.', en: 'Choose a service.' },
  accent: { light: '#7a3b00', dark: '#ffc08a' },
  mark: 'M3 3h7v7H3zM14 3h7v7h-7zM3 14h7v7H3zM14 14h7v7h-7z',
};

/** A page of a service, and where that service lets itself be opened (its `initiate_login_uri`). */
export interface Door {
  service: string;
  label: Record<Locale, string>;
  initiate: string;
  target: string;
}

/** The doors of the two example services; one without address has none. */
export const doorsOf = ({ vaccinCovid, siDep }: { vaccinCovid: string; siDep: string }): Door[] => {
  const door = (service: string, origin: string, path: string, fr: string, en: string): Door[] =>
    origin
      ? [{ service, label: { fr, en }, initiate: `${origin}/connexion/initier`, target: `${origin}${path}` }]
      : [];
  return [
    ...door(
      'Vaccin Covid',
      vaccinCovid,
      '/vaccinations/nouvelle',
      'Enregistrer une vaccination',
      'Record a vaccination',
    ),
    ...door('Vaccin Covid', vaccinCovid, '/vaccinations', 'Retrouver une fiche', 'Find a record'),
    ...door('SI-DEP', siDep, '/resultats/nouveau', 'Saisir un résultat de test', 'Enter a test result'),
    ...door('SI-DEP', siDep, '/resultats', 'Mes résultats', 'My results'),
  ];
};

/** The link that opens a door: OpenID Connect Core, §4, "Initiating Login from a Third Party". */
export const doorLink = (issuer: string, { initiate, target }: Door): string => {
  const url = new URL(initiate);
  url.searchParams.set('iss', issuer);
  url.searchParams.set('target_link_uri', target);
  return url.href;
};

const offers =
  (issuer: string, doors: readonly Door[]) =>
  ({ locale }: Visit): Content => {
    const t = TEXTS[locale];
    return html`<h2>${t.doors}</h2>
      <ul class="offers">
        ${doors.map(
          (door) =>
            html`<li>
              <a href="${doorLink(issuer, door)}">${door.label[locale]} <small>${door.service}</small></a>
            </li>`,
        )}
      </ul>
      <p class="small">${t.note}</p>`;
  };

const NATIONAL = 'https://signalement.social-sante.gouv.fr/';

const told = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 100) : '');

/** What a service passes on when somebody reports a side effect, ready to be read again. */
const reportBody = (locale: Locale, query: Context['query']): Content => {
  const t = TEXTS[locale].report;
  const day = readDay(told(query['date']));
  const line = (name: string, value: string) =>
    html`<div>
      <dt>${name}</dt>
      <dd>${value || t.unknown}</dd>
    </div>`;
  return html`<h1>${t.title}</h1>
    <p class="lead">${t.lead}</p>
    <dl>
      ${line(t.product, told(query['produit']))} ${line(t.lot, told(query['lot']))}
      ${line(t.dose, told(query['dose']))} ${line(t.day, day ? showDay(day) : '')}
    </dl>
    <p>${t.note} <a href="${NATIONAL}" rel="noreferrer">${new URL(NATIONAL).host}</a>.</p>`;
};

const routes = (kit: Kit): Router => {
  const chrome = createChrome(kit, [], []);
  return new Router().get('/signalement', (ctx) =>
    chrome.showAnyone(ctx, (locale) => ({
      title: TEXTS[locale].report.title,
      body: reportBody(locale, ctx.query),
    })),
  );
};

export interface PortalOptions extends ServiceRegistration {
  doors: readonly Door[];
}

/** A portal: opens a service, on the right page, for somebody who is signed in already. */
export const createPortal = ({ doors, ...registration }: PortalOptions): Listening =>
  createService({
    ...registration,
    brand,
    name: 'portail',
    home: offers(registration.issuer, doors),
    routes,
  });
