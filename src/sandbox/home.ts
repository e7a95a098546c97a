import Router from '@koa/router';
import { homePage, type HomeData } from '../../views/pages/home.ts';
import type { Render } from '../http/render.ts';
import { CARD_PASSWORD } from './card/issue.ts';
import { type SandboxSummary, storyCommands } from './summary.ts';

interface HomeOptions {
  render: Render;
  summary: SandboxSummary;
  personas: HomeData['personas'];
  portBase: number;
  /** Of this sandbox's data. */
  folder: string;
}

/** The home page of the sandbox at `/`; mounted on the provider in sandbox mode only. */
export const homeRoutes = ({ render, summary, personas, portBase, folder }: HomeOptions): Router => {
  const nationalId = summary.personas[0]?.nationalId ?? '';
  const view = homePage({
    ...summary,
    personas,
    clients: summary.clients.filter(({ clientId }) => clientId.startsWith('sandbox')),
    directory: '/annuaire',
    ordre: '/ordre',
    help: '/aide',
    activateByCard: '/activer/carte',
    cardPassword: CARD_PASSWORD,
    commands: storyCommands({ nationalId, portBase, folder }),
  });
  return new Router().get('/', (ctx) => render(ctx, view));
};
