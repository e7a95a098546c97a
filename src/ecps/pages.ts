import Router from '@koa/router';
import type { Context } from 'koa';
import { revocationPage, revokedPage } from '../../views/pages/ecps-revocation.ts';
import { stoppedPage, stopPage } from '../../views/pages/ecps-stop.ts';
import type { Forms } from '../http/csrf.ts';
import { Refusal } from '../http/errors.ts';
import type { Render } from '../http/render.ts';
import type { Limits } from '../limits/limits.ts';
import { STOP_PATH } from './activation/enrol.ts';
import type { Devices } from './devices/service.ts';
import { countRevocationTry } from './http/handlers.ts';

/** Page where a printed revocation code is typed. */
export const REVOCATION_PATH = '/telephone/retirer';

export interface EcpsPagesDeps {
  devices: Devices;
  limits: Limits;
  render: Render;
  forms: Forms;
}

const stopRoutes = (router: Router, { devices, limits, render, forms }: EcpsPagesDeps): void => {
  const path = `${STOP_PATH}/:token`;
  const tokenOf = (ctx: Context & { params: Record<string, string> }): string => ctx.params['token'] ?? '';
  const guarded = async (ctx: Context): Promise<void> => {
    const tries = await limits.hit('ecps-stop', ctx.ip, [{ limit: 60, seconds: 3600 }]);
    if (!tries.allowed) throw new Refusal('too_many_requests', 429, { retryAfter: tries.retryAfter });
  };
  // Mail scanners open links: looking changes nothing, the button does.
  router.get(path, async (ctx) => {
    await guarded(ctx);
    const phone = await devices.findByStop(tokenOf(ctx));
    if (!phone) throw new Refusal('not_found', 404);
    render(ctx, phone.ended ? stoppedPage() : stopPage({ ...phone, token: forms.token(ctx) }));
  });
  router.post(path, async (ctx) => {
    await guarded(ctx);
    await forms.read(ctx);
    if (!(await devices.stop(tokenOf(ctx)))) throw new Refusal('not_found', 404);
    render(ctx, stoppedPage());
  });
};

const revocationRoutes = (router: Router, { devices, limits, render, forms }: EcpsPagesDeps): void => {
  router.get(REVOCATION_PATH, (ctx) => {
    render(ctx, revocationPage({ token: forms.token(ctx) }));
  });
  router.post(REVOCATION_PATH, async (ctx) => {
    const form = await forms.read(ctx);
    const code = (form.get('code') ?? '').slice(0, 60);
    if (code.trim() === '') {
      render(ctx, revocationPage({ token: forms.token(ctx), problem: true }), 400);
      return;
    }
    await countRevocationTry({ limits }, ctx.ip);
    await devices.revokeByCode(code);
    render(ctx, revokedPage());
  });
};

/** The pages by which an owner without his phone ends it: the stop link of the mails, the printed code. */
export const ecpsPages = (deps: EcpsPagesDeps): Router => {
  const router = new Router();
  stopRoutes(router, deps);
  revocationRoutes(router, deps);
  return router;
};
