import { type Content, Raw, html } from './html.ts';
import type { Locale, Practitioner } from './practitioner.ts';
import { type Notice, TEXTS, type Texts } from './texts.ts';

/** The pages of an example service: before sign-in, after it, and a notice when something went wrong. */

/** What is particular to one service. */
export interface Branding {
  name: string;
  /** A short line under the name. */
  purpose: Record<Locale, string>;
  /** A paragraph of the page before sign-in. */
  introduction: Record<Locale, string>;
  /** A paragraph of the page after sign-in. */
  welcome: Record<Locale, string>;
  /** The service's colour on light paper and on dark paper; both readable as text. */
  accent: { light: string; dark: string };
  /** An SVG path in a square of 24, drawn with a line. */
  mark: string;
}

/** A link of the service's own, in both languages. */
export interface Link {
  href: string;
  label: Record<Locale, string>;
}

export interface PageOptions {
  brand: Branding;
  locale: Locale;
  title: string;
  body: Content;
  /** Where the page stands, so that changing the language stays on it. */
  path?: string;
  /** Tables and charts need more room than a form. */
  wide?: boolean;
  links?: readonly Link[];
  /** Who is signed in, and what the sign-out form carries. */
  signedIn?: { name: string; csrf: string };
}

const navigation = ({ locale, links = [], path }: PageOptions): Raw | undefined =>
  links.length === 0
    ? undefined
    : html`<nav aria-label="${TEXTS[locale].menu}">
        <ul>
          ${links.map(
            ({ href, label }) =>
              html`<li>
                <a href="${href}" ${href === path && new Raw('aria-current="page"')}>${label[locale]}</a>
              </li>`,
          )}
        </ul>
      </nav>`;

const signOutBar = ({ locale, signedIn }: PageOptions): Raw | undefined =>
  signedIn &&
  html`<form method="post" action="/deconnexion" class="who">
    <input type="hidden" name="csrf" value="${signedIn.csrf}" />
    <span>${signedIn.name}</span>
    <button type="submit" class="link">${TEXTS[locale].signOut}</button>
  </form>`;

/** A whole page: header, navigation, who is signed in, the body, and the footer. */
export const page = (options: PageOptions): string => {
  const { brand, locale, title, body, wide } = options;
  const texts = TEXTS[locale];
  const other: Locale = locale === 'fr' ? 'en' : 'fr';
  return html`<!doctype html>
    <html lang="${locale}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="/mark.svg" type="image/svg+xml" />
      </head>
      <body class="${wide ? 'wide' : ''}">
        <a class="skip" href="#content">${texts.skip}</a>
        <header>
          <a class="brand" href="/"
            ><img src="/mark.svg" alt="" width="36" height="36" /><span
              ><strong>${brand.name}</strong> <small>${brand.purpose[locale]}</small></span
            ></a
          >
          <a href="${options.path ?? '/'}?lang=${other}" lang="${other}" hreflang="${other}"
            >${texts.otherLanguage}</a
          >
          ${navigation(options)} ${signOutBar(options)}
        </header>
        <main id="content">${body}</main>
        <footer><p>${texts.example}</p></footer>
      </body>
    </html>`.html;
};

const notice = (texts: Texts, kind: Notice | undefined): Raw | undefined =>
  kind === undefined ? undefined : html`<p class="notice" role="status">${texts[kind]}</p>`;

const signInForm = (texts: Texts): Raw => html`
  <form method="get" action="/connexion">
    <button type="submit">${texts.signIn}</button>
  </form>
  <p class="small">${texts.whatIsIt}</p>
`;

/** Before sign-in. */
export const landingPage = (
  brand: Branding,
  locale: Locale,
  { kind, open = [] }: { kind?: Notice | undefined; open?: readonly Link[] } = {},
): string => {
  const texts = TEXTS[locale];
  return page({
    brand,
    locale,
    title: brand.name,
    body: html`${notice(texts, kind)}
      <h1>${brand.name}</h1>
      <p class="lead">${brand.introduction[locale]}</p>
      ${signInForm(texts)}
      ${
        open.length > 0 &&
        html`<ul class="doors">
          ${open.map(({ href, label }) => html`<li><a href="${href}">${label[locale]}</a></li>`)}
        </ul>`
      }`,
  });
};

const activityList = (texts: Texts, person: Practitioner): Raw =>
  person.activities.length === 0
    ? html`<p>${texts.noActivity}</p>`
    : html`<ul class="places">
        ${person.activities.map(
          ({ place, town, sector }) =>
            html`<li>
              <strong>${place || texts.unnamedPlace}</strong>
              <span>${[sector, town].filter(Boolean).join(' · ')}</span>
            </li>`,
        )}
      </ul>`;

/** After sign-in: who it is, where they practise, and the way out. */
export const signedInPage = (
  brand: Branding,
  locale: Locale,
  person: Practitioner,
  csrf: string,
  offers?: Content,
): string => {
  const texts = TEXTS[locale];
  const name = [person.title, person.name].filter(Boolean).join(' ');
  return page({
    brand,
    locale,
    title: `${texts.greeting(name)} · ${brand.name}`,
    body: html`<h1>${texts.greeting(name)}</h1>
      <p class="lead">${person.professions.join(', ')}</p>
      <p>${brand.welcome[locale]}</p>
      ${offers}
      <dl>
        <div>
          <dt>${texts.identifier}</dt>
          <dd class="number">${person.nationalId}</dd>
        </div>
        <div>
          <dt>${texts.profession}</dt>
          <dd>${person.professions.join(', ') || texts.noProfession}</dd>
        </div>
      </dl>
      <h2>${texts.activities}</h2>
      ${activityList(texts, person)}
      <form method="post" action="/deconnexion">
        <input type="hidden" name="csrf" value="${csrf}" />
        <button type="submit" class="quiet">${texts.signOut}</button>
      </form>
      <p class="small">${texts.signOutNote}</p>`,
  });
};

/** Something went wrong; there is always a way on. */
export const noticePage = (brand: Branding, locale: Locale, kind: Notice): string => {
  const texts = TEXTS[locale];
  return page({
    brand,
    locale,
    title: brand.name,
    body: html`<h1>${texts[kind]}</h1>
      ${kind === 'notFound' || kind === 'failed' ? undefined : signInForm(texts)}
      <p><a href="/">${texts.home}</a></p>`,
  });
};
