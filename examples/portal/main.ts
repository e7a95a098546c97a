import { runService } from '../shared/main.ts';
import { createPortal, doorsOf } from './service.ts';

// ISSUER=… CLIENT_ID=… CLIENT_SECRET=… PORT=… VACCIN_COVID=http://localhost:4003 SIDEP=http://localhost:4004 node examples/portal/main.ts
await runService('Portail', (registration, { VACCIN_COVID = '', SIDEP = '' }) =>
  createPortal({ ...registration, doors: doorsOf({ vaccinCovid: VACCIN_COVID, siDep: SIDEP }) }),
);
