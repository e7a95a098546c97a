import { html, type Raw, type Renderable } from '../../../views/html.ts';
import { appLife, type AppLifeTexts } from '../../../views/locales/app-life.ts';
import { dayAndHour, hour } from '../../../views/locales/dates.ts';
import type { Locale } from '../../../views/locales/index.ts';
import { common } from '../../../views/locales/index.ts';
import type { AppContext } from './screen.ts';

/** What the screens of an activated phone share. */

export const lifeText = ({ locale }: Pick<AppContext, 'locale'>): AppLifeTexts => appLife(locale);

type Told = Pick<AppContext, 'locale' | 'config'>;

/** « mardi 12 janvier à 9 h 05 » */
export const dayHourOf = ({ locale, config }: Told, instant: string): string =>
  dayAndHour(new Date(instant), locale, config.timeZone);

/** « 9 h 05 » */
export const hourOf = ({ locale, config }: Told, instant: string): string =>
  hour(new Date(instant), locale, config.timeZone);

/** « 12 janvier 2027 » */
export const dayOf = ({ locale, config }: Told, instant: string): string =>
  new Intl.DateTimeFormat(locale === 'fr' ? 'fr-FR' : 'en-GB', {
    dateStyle: 'long',
    timeZone: config.timeZone,
  }).format(new Date(instant));

/** « 4 min 30 s » */
export const lasting = (locale: Locale, seconds: number): string => common(locale).duration(seconds);

/** Whole seconds from now to an instant; 0 when it has passed. */
export const secondsUntil = (instant: string): number =>
  Math.max(0, Math.ceil((Date.parse(instant) - Date.now()) / 1000));

export interface Fact {
  readonly name: string;
  readonly value: Renderable;
}

/** Names and values, one under the other. */
export const factsView = (facts: readonly Fact[]): Raw =>
  html`<dl class="facts">
    ${facts.map(
      ({ name, value }) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;

const SECTIONS = [
  { key: 'home', href: '/', drawing: 'M4 11 12 4l8 7v9h-5v-6H9v6H4z' },
  { key: 'history', href: '/historique', drawing: 'M12 4a8 8 0 1 1-7.500 5.200M4 4v5h5M12 8v5l3 2' },
  { key: 'phones', href: '/telephones', drawing: 'M8 3h8v18H8zM11 18h2' },
  {
    key: 'settings',
    href: '/reglages',
    drawing: 'M4 7h9M17 7h3M15 5v4M4 12h3M11 12h9M9 10v4M4 17h9M17 17h3M15 15v4',
  },
] as const;
export type Section = (typeof SECTIONS)[number]['key'];

/** The sections of the app, at the bottom, under the thumb. */
export const navView = (app: Pick<AppContext, 'locale'>, here: Section): Raw => {
  const t = lifeText(app).nav;
  return html`<nav class="sections" aria-label="${t.label}">
    <ul>
      ${SECTIONS.map(
        ({ key, href, drawing }) =>
          html`<li>
            <a href="${href}" ${key === here && html`aria-current="page"`}>
              <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
                <path d="${drawing}" />
              </svg>
              <span>${t[key]}</span>
            </a>
          </li>`,
      )}
    </ul>
  </nav>`;
};

/** Runs `tick` now and each second, until the signal. */
export const everySecond = (tick: () => void, signal: AbortSignal): void => {
  const timer = setInterval(tick, 1_000);
  signal.addEventListener('abort', () => clearInterval(timer));
  tick();
};
