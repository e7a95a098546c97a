import Router from '@koa/router';
import { appStandInPage, homePage } from '../../views/pages/home.ts';
import type { Render } from '../http/render.ts';
import { type SandboxSummary, storyCommands } from './summary.ts';

/** The home page of the sandbox at `/`; mounted on the provider in sandbox mode only. */
export const homeRoutes = (options: {
  render: Render;
  summary: SandboxSummary;
  portBase: number;
}): Router => {
  const { render, summary, portBase } = options;
  const commands = storyCommands(summary.personas[0]?.nationalId ?? '', portBase);
  const view = homePage({ ...summary, directory: '/annuaire', help: '/aide', commands });
  return new Router().get('/', (ctx) => render(ctx, view));
};

/** Any address of the app's origin: what the same-phone link is, and how the virtual phone opens it. */
export const appStandInRoutes = (options: { render: Render; home: string; portBase: number }): Router => {
  const { render, home, portBase } = options;
  const { approveLink } = storyCommands('', portBase);
  return new Router().get(/.*/, (ctx) =>
    render(
      ctx,
      appStandInPage({ home, command: approveLink, opened: ctx.path !== '/' || ctx.search !== '' }),
    ),
  );
};
