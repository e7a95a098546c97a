import { html, type Raw } from '../../../../views/html.ts';
import { dayAndHour } from '../../../../views/locales/dates.ts';
import type { AppContext, MakeScreen } from '../screen.ts';

/** Page of the provider where a printed code is typed. */
const REVOCATION_PATH = '/telephone/retirer';

const codeSheet = ({ t, config }: AppContext, code: string, nationalId: string): Raw => {
  const address = `${config.origin}${REVOCATION_PATH}`;
  return html`<section class="sheet" aria-labelledby="sheet-title">
    <h2 id="sheet-title">${t.done.codeTitle}</h2>
    <p>${t.done.codeWhy}</p>
    <p class="revocation" translate="no"><strong>${code}</strong></p>
    <p class="hint">${t.done.codeWhere(address)}</p>
    <p class="hint print-only">${t.done.person(nationalId)}</p>
  </section>`;
};

/** The end of an activation, with the code to print; comes back until the person has said that it is kept. */
export const doneScreen: MakeScreen = async (app) => {
  const { t, config, locale } = app;
  const [{ revocationCode }, state] = await Promise.all([app.notes.read(), app.vault.read()]);
  const until = await app.phone.me().then(
    ({ device }) => device.quarantineUntil,
    () => undefined,
  );
  const code = revocationCode ?? '';
  return {
    title: t.done.title,
    body: html`<h1>${t.done.title}</h1>
      ${
        until === undefined
          ? html`<p class="success">${t.done.text}</p>`
          : html`<p class="caution">
              ${t.done.quarantine(dayAndHour(new Date(until), locale, config.timeZone))}
            </p>`
      }
      ${code !== '' && codeSheet(app, code, state?.device?.nationalId ?? '')}
      <div class="actions">
        ${
          code !== '' &&
          html`<button type="button" class="second" data-action="print">${t.done.print}</button>
            <button type="button" class="second" data-action="copy">${t.done.copy}</button>`
        }
        <button type="button" class="button" data-action="finish">${t.done.finish}</button>
      </div>`,
    actions: {
      print: () => print(),
      copy: async () => {
        await navigator.clipboard.writeText(code);
        app.announce(t.done.copied);
      },
      finish: async () => {
        await app.notes.write({ revocationCode: undefined });
        await app.go('/', { replace: true });
      },
    },
  };
};
