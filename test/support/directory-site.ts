import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { refreshDirectory } from '../../src/directory/refresh.ts';
import { fhirRoutes } from '../../src/directory/fhir/routes.ts';
import { directoryRoutes } from '../../src/directory/routes.ts';
import { createKernel } from '../../src/http/kernel.ts';
import { mount } from '../../src/http/mount.ts';
import { createLimits } from '../../src/limits/limits.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { createPostgresStore } from '../../src/platform/store/postgres.ts';
import { importFile } from '../../src/registry/import.ts';
import { createRegistry, type Registry } from '../../src/registry/service.ts';
import { onFileEnd } from './cleanup.ts';
import { testConfig } from './config.ts';
import { HEADERS, blocks, file, type Values } from './registry.ts';
import { testDatabase } from './services.ts';

/** The directory page on a real server and a real database, with people of the test's choice. */
export interface DirectorySite {
  origin: string;
  appOrigin: string;
  db: Database;
  clock: ManualClock;
  registry: Registry;
}

export const startDirectorySite = async (people: readonly Values[]): Promise<DirectorySite> => {
  const clock = new ManualClock();
  const { db } = await testDatabase();
  const registry = createRegistry({ db, clock, contactDelayHours: 72 });
  await importFile(db, blocks(file(HEADERS[50], people)), { clock, contactDelayHours: 72 });
  await refreshDirectory(db);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const config = testConfig({
    CADUCEE_ISSUER: `${origin}/auth/realms/esante-wallet`,
    CADUCEE_APP_ORIGIN: 'http://app.localhost:4001',
  });
  const kernel = createKernel({ config, log: createLog('silent', new PassThrough()) });
  const limits = createLimits({ store: createPostgresStore(db, clock) });
  kernel.app.use(directoryRoutes({ db, config, limits, render: kernel.render }).routes());
  kernel.app.use(mount(fhirRoutes({ db, config, limits, failures: kernel.failures })));
  server.on('request', kernel.handler());
  onFileEnd(() => new Promise((resolve) => server.closeAllConnections() ?? server.close(resolve)));
  return { origin, appOrigin: config.appOrigin, db, clock, registry };
};
