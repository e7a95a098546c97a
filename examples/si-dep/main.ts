import { runService } from '../shared/main.ts';
import { createSiDep } from './service.ts';

// ISSUER=… CLIENT_ID=… CLIENT_SECRET=… PORT=… node examples/si-dep/main.ts
await runService('SI-DEP', createSiDep);
