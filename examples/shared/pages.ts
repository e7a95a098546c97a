import { type Content, type Raw, html } from './html.ts';
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

interface PageOptions {
  brand: Branding;
  locale: Locale;
  title: string;
  body: Content;
}

const page = ({ brand, locale, title, body }: PageOptions): string => {
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
      <body>
        <a class="skip" href="#content">${texts.skip}</a>
        <header>
          <a class="brand" href="/"
            ><img src="/mark.svg" alt="" width="36" height="36" /><span
              ><strong>${brand.name}</strong> <small>${brand.purpose[locale]}</small></span
            ></a
          >
          <a href="/?lang=${other}" lang="${other}" hreflang="${other}">${texts.otherLanguage}</a>
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
export const landingPage = (brand: Branding, locale: Locale, kind?: Notice): string => {
  const texts = TEXTS[locale];
  return page({
    brand,
    locale,
    title: brand.name,
    body: html`${notice(texts, kind)}
      <h1>${brand.name}</h1>
      <p class="lead">${brand.introduction[locale]}</p>
      ${signInForm(texts)}`,
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
export const signedInPage = (brand: Branding, locale: Locale, person: Practitioner, csrf: string): string => {
  const texts = TEXTS[locale];
  const name = [person.title, person.name].filter(Boolean).join(' ');
  return page({
    brand,
    locale,
    title: `${texts.greeting(name)} · ${brand.name}`,
    body: html`<h1>${texts.greeting(name)}</h1>
      <p class="lead">${person.professions.join(', ')}</p>
      <p>${brand.welcome[locale]}</p>
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
      ${kind === 'notFound' ? undefined : signInForm(texts)}
      <p><a href="/">${texts.home}</a></p>`,
  });
};
