import { html, type Raw } from '../html.ts';
import type { Chrome } from '../layout.ts';
import { cardText } from '../locales/card.ts';
import { loginText } from '../locales/login.ts';
import type { SignInFrame } from './cancel.ts';

/** The two means of proof, as links between two pages, so that they work without JavaScript. */
export const tabs = (chrome: Chrome, frame: SignInFrame, current: 'ecps' | 'card'): Raw => {
  const t = loginText(chrome.locale).tabs;
  const tab = (name: 'ecps' | 'card', href: string) =>
    html`<li><a href="${href}" ${name === current && html`aria-current="page"`}>${t[name]}</a></li>`;
  return html`<nav class="tabs" aria-label="${t.label}">
    <ul>
      ${tab('ecps', frame.base)} ${tab('card', `${frame.base}/carte`)}
    </ul>
  </nav>`;
};

/** Why somebody who was signed in is asked again: the card of the session is no longer accepted. */
export const cardNotice = (chrome: Chrome, frame: SignInFrame): Raw | undefined => {
  if (!frame.cardRefused) return undefined;
  const t = cardText(chrome.locale).refusedSession;
  return html`<p class="problem"><strong>${t.title}.</strong> ${t.text}</p>`;
};
