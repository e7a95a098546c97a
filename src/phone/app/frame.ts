import { html, type Raw } from '../../../views/html.ts';
import { mark } from '../../../views/layout.ts';
import { common } from '../../../views/locales/index.ts';
import type { AppContext } from './screen.ts';

/** The top of every screen: the way back, the mark, the other language. */
export const headerView = ({ t, locale }: AppContext, backTo: string | undefined): Raw => {
  const other = locale === 'fr' ? 'en' : 'fr';
  const brand = html`<p class="brand">${mark}<span>${t.appName}</span></p>`;
  return html`${
      backTo === undefined
        ? brand
        : html`<a class="back" href="${backTo}"><span aria-hidden="true">←</span><span>${t.back}</span></a>`
    }
    <button type="button" class="language" data-language="${other}" lang="${other}">
      ${common(other).language[other]}
    </button>`;
};

/** The foot of every screen. */
export const footerView = ({ config, locale, t }: AppContext): Raw =>
  html`<p><a href="${config.origin}/aide" target="_blank" rel="noopener">${t.help}</a></p>
    <p>${common(locale).help.call(config.helpPhone, config.helpHours[locale])}</p>`;
