import { html, safeUrl } from '../html.ts';
import type { RequestingService, View } from '../layout.ts';
import { errorText, waysOn, type ErrorCode } from '../locales/errors.ts';
import { common } from '../locales/index.ts';
import { ways } from '../partials/ways.ts';

export interface ErrorPageProps {
  code: ErrorCode;
  supportId: string;
  details?: { retryAfter?: number; triesLeft?: number; availableAt?: Date };
  /** What is shown instead of our code: the OAuth error that a service knows. */
  shownCode?: string | undefined;
  /** A detail in English for the service's developers. */
  description?: string | undefined;
  service?: RequestingService | undefined;
  /** Where the primary button leads: the service, or the start of this sign-in. */
  wayOn?: { url: string; label: string } | undefined;
}

/** A refusal as a page: what happened, why, what to do now; then the code and the number to give on the phone. */
export const errorPage =
  (props: ErrorPageProps): View =>
  (chrome) => {
    const t = common(chrome.locale);
    const said = errorText(chrome.locale, props.code, {
      ...props.details,
      ordreUrl: chrome.ordreUrl,
      timeZone: chrome.timeZone,
      service: props.service?.name,
    });
    const target = props.wayOn?.url.startsWith('/') ? props.wayOn.url : safeUrl(props.wayOn?.url);
    return {
      title: said.title,
      body: html`<section class="card">
        <h1>${said.title}</h1>
        <p>${said.text}</p>
        <p class="action">${said.action}</p>
        ${target !== undefined && html`<p><a class="button" href="${target}">${props.wayOn?.label}</a></p>`}
        ${ways(chrome, waysOn(props.code))}
        <p class="support">
          ${t.support}<br />
          <code>${props.shownCode ?? props.code}</code> · <code class="support-id">${props.supportId}</code>
          ${props.description !== undefined && html`<br /><span lang="en">${props.description}</span>`}
        </p>
      </section>`,
    };
  };
