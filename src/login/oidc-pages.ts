import { errorPage } from '../../views/pages/error.ts';
import { handOverPage } from '../../views/pages/hand-over.ts';
import { common } from '../../views/locales/index.ts';
import { signedOutPage, signOutPage } from '../../views/pages/sign-out.ts';
import { createCardHosts } from '../card/hosts.ts';
import type { Config } from '../config.ts';
import { allowFormAction } from '../http/headers.ts';
import { localeOf } from '../http/locale.ts';
import type { NoteRefusal } from '../http/failures.ts';
import type { Render } from '../http/render.ts';
import type { OidcPages } from '../oidc/pages.ts';

/** The pages that the OpenID provider asks for, drawn like all others. */
export const createOidcPages = (
  render: Render,
  config: Pick<Config, 'defaultLocale' | 'cardOrigin'>,
  refused: NoteRefusal = () => undefined,
): OidcPages => ({
  error: (ctx, problem) => {
    const { supportId, code, status } = problem;
    const clientId = problem.service?.clientId;
    refused(ctx, { supportId, code, status, about: clientId === undefined ? {} : { clientId } });
    const label = common(localeOf(ctx, config.defaultLocale)).service;
    const { service } = problem;
    const view = errorPage({
      code: problem.code,
      supportId: problem.supportId,
      shownCode: problem.error,
      description: problem.description,
      service: service && { name: service.name, host: '' },
      wayOn: service?.uri === undefined ? undefined : { url: service.uri, label: label.backTo(service.name) },
    });
    render(ctx, view, problem.status);
  },
  logoutConfirm: (ctx, { form, service }) => {
    render(ctx, signOutPage({ form, service: service?.name }));
  },
  loggedOut: (ctx, { service, partly }) => {
    const card =
      config.cardOrigin === undefined
        ? undefined
        : createCardHosts(config.cardOrigin).fresh
          ? 'fresh'
          : 'single';
    render(
      ctx,
      signedOutPage({ service: service && { name: service.name, url: service.uri }, partly, card }),
    );
  },
  formPost: (ctx, form) => {
    allowFormAction(ctx, form.action);
    render(ctx, handOverPage({ action: form.action, fields: form.fields }), ctx.status);
  },
});
