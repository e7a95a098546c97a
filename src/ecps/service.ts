import type Router from '@koa/router';
import type { Forms } from '../http/csrf.ts';
import type { Render } from '../http/render.ts';
import { createActivations, type Activations } from './activation/service.ts';
import { createApprovals, type Approvals } from './approvals/service.ts';
import type { Ecps, EcpsDeps } from './deps.ts';
import { endContactActivations } from './contact-stopped.ts';
import { createDevices, type Devices } from './devices/service.ts';
import { createEcpsJobs, type EcpsJob } from './jobs.ts';
import { loadEcpsKeys } from './keys.ts';
import { ecpsPages } from './pages.ts';
import { ecpsRoutes } from './routes.ts';

export type { BackchannelDecision, EcpsDeps, EcpsPorts } from './deps.ts';

/** The e-CPS as the rest of the house sees it. */
export interface EcpsService {
  /** For the sign-in pages. */
  approvals: Approvals;
  /** For the account page, the operator and the registry's changes. */
  devices: Devices;
  activations: Activations;
  /** The API under /ecps/v1. */
  routes: Router;
  /** The stop link of the mails, and the printed revocation code. */
  pages(kernel: { render: Render; forms: Forms }): Router;
  /** A change of contact details was stopped: what was activated with it, from `since` on, ends. */
  onContactStopped(stopped: { nationalId: string; since: Date }): Promise<void>;
  jobs: EcpsJob[];
}

/** Makes the e-CPS; the first process ever makes its keys in the database. */
export const createEcps = async (deps: EcpsDeps): Promise<EcpsService> => {
  const ecps: Ecps = { ...deps, keys: await loadEcpsKeys(deps) };
  const devices = createDevices(ecps);
  const activations = createActivations(ecps);
  return {
    approvals: createApprovals(ecps),
    devices,
    activations,
    routes: ecpsRoutes(ecps, { activations, devices }),
    pages: (kernel) => ecpsPages({ ...kernel, devices, limits: deps.limits }),
    onContactStopped: (stopped) => endContactActivations(ecps, stopped),
    jobs: createEcpsJobs(ecps, devices),
  };
};
