import { html, type Raw } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { TUTORIALS, type Tutorial, picture, tutorialText } from '../locales/tutorials.ts';

/**
 * "Activer ma e-CPS", "Me connecter", "Ça ne marche pas", step by step. The pictures are taken by test/e2e/tutorials.test.ts
 * (`npm run tutorials`), which fails when they no longer look like the app.
 */

/** Width and height of the pictures, in CSS pixels: a phone's, and the one of a computer. */
export const PHONE_SIZE = { width: 390, height: 700 } as const;
export const COMPUTER_SIZE = { width: 800, height: 700 } as const;

const names = Object.keys(TUTORIALS) as Tutorial[];

/** Links to the tutorials, or to all but the one that is read. */
export const tutorialLinks = ({ locale }: Chrome, title: string, but?: Tutorial): Raw => {
  const t = tutorialText(locale);
  return html`<nav class="ways" aria-label="${title}">
    <h2>${title}</h2>
    <ul>
      ${names
        .filter((name) => name !== but)
        .map((name) => html`<li><a href="${TUTORIALS[name]}">${t[name].short}</a></li>`)}
    </ul>
  </nav>`;
};

/** One tutorial. */
export const tutorialPage =
  (name: Tutorial): View =>
  (chrome) => {
    const t = tutorialText(chrome.locale);
    const { title, intro, steps } = t[name];
    return {
      title,
      wide: true,
      head: html`<link rel="stylesheet" href="${chrome.asset('tutorial.css')}" />`,
      body: html`<section class="card">
        <h1>${title}</h1>
        <p>${intro}</p>
        <ol class="tutorial">
          ${Object.entries(steps).map(([step, text]) => {
            const { width, height } = step === 'computer' ? COMPUTER_SIZE : PHONE_SIZE;
            return html`<li>
              <p>${text}</p>
              <img
                src="${chrome.asset(picture(step, chrome.locale))}"
                alt=""
                width="${width}"
                height="${height}"
                loading="lazy"
              />
            </li>`;
          })}
        </ol>
        ${tutorialLinks(chrome, t.other, name)}
      </section>`,
    };
  };
