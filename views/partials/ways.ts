import { html, type Raw } from '../html.ts';
import type { Chrome } from '../layout.ts';
import type { Way } from '../locales/error-text.ts';
import { common } from '../locales/index.ts';

/** Addresses of the pages that lead on. */
export const WAY_PATHS = {
  activate: '/activer',
  activateByCard: '/activer/carte',
  directory: '/annuaire',
  test: '/tester',
  diagnostic: '/carte/diagnostic',
  help: '/aide',
  account: '/compte',
} as const;

/** A list of links that lead on; `restart` needs its own address. */
export const ways = (
  chrome: Chrome,
  list: readonly Way[],
  targets: { restart?: string | undefined; returnTo?: string | undefined } = {},
): Raw => {
  const t = common(chrome.locale).ways;
  const address = (way: Way): string | undefined => {
    if (way === 'restart') return targets.restart;
    if (way === 'ordre') return chrome.ordreUrl;
    if (way === 'directory' && targets.returnTo !== undefined) {
      return `${WAY_PATHS.directory}?retour=${encodeURIComponent(targets.returnTo)}`;
    }
    return WAY_PATHS[way];
  };
  const items = list
    .map((way) => ({ label: t[way], href: address(way) }))
    .filter((way) => way.href !== undefined);
  return html`<nav class="ways" aria-label="${t.label}">
    <ul>
      ${items.map((way) => html`<li><a href="${way.href}">${way.label}</a></li>`)}
    </ul>
  </nav>`;
};
