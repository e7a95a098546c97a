import Router from '@koa/router';
import type { Context } from 'koa';
import { contactStoppedPage, contactStopPage } from '../../views/pages/contact-stop.ts';
import type { Forms } from '../http/csrf.ts';
import { Refusal } from '../http/errors.ts';
import type { Render } from '../http/render.ts';
import type { Limits } from '../limits/limits.ts';
import { STOP_PATH } from './notices.ts';
import { stopContactChange, viewStop, type StopDeps } from './stop.ts';

export interface StopPagesDeps extends StopDeps {
  limits: Pick<Limits, 'hit'>;
  render: Render;
  forms: Forms;
}

/** The page of the stop link that follows a change of contact details. Looking changes nothing, the button does. */
export const contactPages = (deps: StopPagesDeps): Router => {
  const { limits, render, forms } = deps;
  const secretOf = (ctx: Context & { params: Record<string, string> }): string => ctx.params['token'] ?? '';
  const guarded = async (ctx: Context): Promise<void> => {
    const tries = await limits.hit('contact-stop', ctx.ip, [{ limit: 60, seconds: 3600 }]);
    if (!tries.allowed) throw new Refusal('too_many_requests', 429, { retryAfter: tries.retryAfter });
  };
  const path = `${STOP_PATH}/:token`;
  return new Router()
    .get(path, async (ctx) => {
      await guarded(ctx);
      const view = await viewStop(deps, secretOf(ctx));
      const page = view.stopped
        ? contactStoppedPage()
        : contactStopPage({ ...view, token: forms.token(ctx) });
      render(ctx, page);
    })
    .post(path, async (ctx) => {
      await guarded(ctx);
      await forms.read(ctx);
      await stopContactChange(deps, secretOf(ctx));
      render(ctx, contactStoppedPage());
    });
};
