import { deviceCodePage, deviceConfirmPage, deviceDonePage } from '../../views/pages/device.ts';
import { errorPage } from '../../views/pages/error.ts';
import { handOverPage } from '../../views/pages/hand-over.ts';
import { common } from '../../views/locales/index.ts';
import { signedOutPage, signOutPage, signingOutPage } from '../../views/pages/sign-out.ts';
import { createCardHosts } from '../card/hosts.ts';
import type { Config } from '../config.ts';
import { allowFormAction, allowFrames } from '../http/headers.ts';
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
  loggedOut: (ctx, { service, partly, frames = [], next }) => {
    const card =
      config.cardOrigin === undefined
        ? undefined
        : createCardHosts(config.cardOrigin).fresh
          ? 'fresh'
          : 'single';
    allowFrames(ctx, frames);
    if (next !== undefined) {
      render(ctx, signingOutPage({ frames, next }));
      return;
    }
    render(
      ctx,
      signedOutPage({
        service: service && { name: service.name, url: service.uri },
        ...{ partly, card, frames },
      }),
    );
  },
  deviceCode: (ctx, page) => {
    render(ctx, deviceCodePage(page), page.problem === undefined ? 200 : 422);
  },
  deviceConfirm: (ctx, { form, code, service }) => {
    render(ctx, deviceConfirmPage({ form, code, service: service.name }));
  },
  deviceDone: (ctx, { service }) => {
    render(ctx, deviceDonePage({ service: service?.name }));
  },
  formPost: (ctx, form) => {
    allowFormAction(ctx, form.action);
    render(ctx, handOverPage({ action: form.action, fields: form.fields }), ctx.status);
  },
});
