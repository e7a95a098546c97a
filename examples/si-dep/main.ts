import { runService } from '../shared/main.ts';
import { createSiDep } from './service.ts';

// ISSUER=… CLIENT_ID=… CLIENT_SECRET=… PORT=… [DATA_DIR=… JOIN_KEY=…] node examples/si-dep/main.ts
await runService('SI-DEP', (registration, { DATA_DIR, JOIN_KEY }) =>
  createSiDep({
    ...registration,
    ...(DATA_DIR ? { dataDir: DATA_DIR } : {}),
    ...(JOIN_KEY ? { joinKey: JOIN_KEY } : {}),
  }),
);
