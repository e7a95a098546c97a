import { html, type Raw } from '../../../../views/html.ts';
import { normalizeTypedCode } from '../../../ecps/protocol/qr.ts';
import { isCode, problemView, refusalScreen } from '../refusal.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';

const check = async (app: AppContext, typed: string): Promise<void> => {
  const code = normalizeTypedCode(typed);
  if (code === undefined) {
    const problem = html`<p class="problem" role="alert">${app.t.typedCode.malformed}</p>`;
    app.show(screen(app, typed, problem));
    return;
  }
  try {
    await app.phone.typeMailCode(code);
  } catch (error) {
    const back = () => app.show(screen(app, typed));
    app.show(
      isCode(error, 'code_wrong')
        ? screen(app, '', problemView(app, error))
        : refusalScreen(app, error, { retry: back }),
    );
    return;
  }
  await app.go('/activation', { replace: true });
};

const screen = (app: AppContext, typed: string, problem?: Raw): Screen => {
  const { t } = app;
  return {
    title: t.typedCode.title,
    backTo: '/activation',
    focus: '#typed',
    body: html`<h1>${t.typedCode.title}</h1>
      ${problem}
      <form data-action="check" novalidate>
        <div class="field">
          <label for="typed">${t.typedCode.label}</label>
          <p class="hint" id="typed-hint">${t.typedCode.hint}</p>
          <input
            type="text"
            class="code"
            id="typed"
            name="code"
            value="${typed}"
            autocomplete="off"
            autocapitalize="characters"
            spellcheck="false"
            maxlength="20"
            required
            aria-describedby="typed-hint"
            ${problem && html`aria-invalid="true"`}
          />
        </div>
        <div class="actions"><button class="button">${t.typedCode.submit}</button></div>
      </form>`,
    actions: { check: ({ fields }) => check(app, fields['code'] ?? '') },
  };
};

/** The mail's eight characters, for who reads it on this very phone or has no camera. */
export const typedCodeScreen: MakeScreen = (app) => screen(app, '');
