import { runService } from '../shared/main.ts';
import { createVaccinCovid } from './service.ts';

// ISSUER=… CLIENT_ID=… CLIENT_SECRET=… PORT=… node examples/vaccin-covid/main.ts
await runService('Vaccin Covid', createVaccinCovid);
