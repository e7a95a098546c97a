import { html, type Raw } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { cardText } from '../locales/card.ts';
import type { Way } from '../locales/error-text.ts';
import { common } from '../locales/index.ts';
import { loginText } from '../locales/login.ts';
import { tutorialText } from '../locales/tutorials.ts';
import { WAY_PATHS, ways } from '../partials/ways.ts';
import { tutorialLinks } from './tutorial.ts';

type Case = keyof ReturnType<typeof loginText>['help']['cases'];

/** Where each case leads, in the order in which they are shown. */
const CASES: readonly (readonly [Case, Way?])[] = [
  ['silent', 'test'],
  ['expired'],
  ['number', 'directory'],
  ['none', 'activate'],
  ['message', 'ordre'],
  ['pin', 'activate'],
  ['phone', 'activate'],
  ['unasked'],
  ['left', 'account'],
  ['place'],
];

const cardCase = (chrome: Chrome): Raw => {
  const { help } = cardText(chrome.locale);
  return html`<details name="case" id="card">
    <summary>${help.question}</summary>
    <p>${help.answer}</p>
    ${ways(chrome, ['diagnostic'])}
  </details>`;
};

/** "Ça ne marche pas": every dead end with its way on. */
export const helpPage =
  (props: { card: boolean }): View =>
  (chrome) => {
    const t = loginText(chrome.locale).help;
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.title}</h1>
        <p>${t.intro}</p>
        <div class="cases">
          ${CASES.map(
            ([name, way]) =>
              html`<details name="case" id="${name}">
                <summary>${t.cases[name].question}</summary>
                <p>${t.cases[name].answer}</p>
                ${way && ways(chrome, [way])}
              </details>`,
          )}
          ${props.card && cardCase(chrome)}
        </div>
        <h2>${t.call}</h2>
        <p class="phone">
          <a href="tel:${chrome.help.phone.replace(/[^\d+]/g, '')}">${chrome.help.phone}</a><br />${
            chrome.help.hours
          }
        </p>
        <p class="hint">${t.callText}</p>
        ${tutorialLinks(chrome, tutorialText(chrome.locale).more)}
      </section>`,
    };
  };

/** "Activer ma e-CPS": what one needs, the steps, and the rule of the contact details. */
export const activatePage =
  (props: { appUrl: string; contactDelayHours: number; card: boolean }): View =>
  (chrome) => {
    const t = loginText(chrome.locale).activate;
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.title}</h1>
        <p>${t.intro}</p>
        <h2>${t.needTitle}</h2>
        <ul>
          ${t.need.map((item) => html`<li>${item}</li>`)}
        </ul>
        <p><a href="${WAY_PATHS.directory}">${common(chrome.locale).ways.directory}</a></p>
        <h2>${t.stepsTitle}</h2>
        <ol class="steps">
          ${t.steps.map((step) => html`<li>${step}</li>`)}
        </ol>
        <p><a class="button" href="${props.appUrl}">${t.open}</a></p>
        <h2>${t.ruleTitle}</h2>
        <p>${t.rule}</p>
        <p class="action">${t.ruleAction(props.contactDelayHours)}</p>
        ${ways(chrome, ['ordre'])}
        <h2>${t.cardTitle}</h2>
        <p>${props.card ? t.card : t.cardClosed}</p>
        ${props.card && html`<p><a class="second" href="${WAY_PATHS.activateByCard}">${t.byCard}</a></p>`}
        <p>${t.then} <a href="${WAY_PATHS.test}">${loginText(chrome.locale).test.title}</a></p>
        ${tutorialLinks(chrome, tutorialText(chrome.locale).more)}
      </section>`,
    };
  };
