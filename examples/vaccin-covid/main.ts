import { runService } from '../shared/main.ts';
import { createVaccinCovid } from './service.ts';

// ISSUER=… CLIENT_ID=… CLIENT_SECRET=… PORT=… [DATA_DIR=… SIDEP=… JOIN_KEY=… REPORTING_URL=…] node examples/vaccin-covid/main.ts
await runService('Vaccin Covid', (registration, { DATA_DIR, SIDEP, JOIN_KEY, REPORTING_URL }) =>
  createVaccinCovid({
    ...registration,
    ...(DATA_DIR ? { dataDir: DATA_DIR } : {}),
    ...(SIDEP && JOIN_KEY ? { join: { siDep: SIDEP, key: JOIN_KEY } } : {}),
    ...(REPORTING_URL ? { reportingUrl: REPORTING_URL } : {}),
  }),
);
