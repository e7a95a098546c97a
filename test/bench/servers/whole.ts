import { createApp } from '../../../src/app.ts';
import { createClients } from '../../../src/clients/service.ts';
import { tuneEngine } from '../../../src/platform/engine.ts';
import { createLog } from '../../../src/platform/log.ts';
import { openDatabase } from '../../../src/platform/postgres.ts';
import { freePorts } from '../../support/servers.ts';
import { ourConfig, registerServices } from '../config.ts';
import { OUR_PATHS, settings, tellReady } from '../targets.ts';

/** Caducée whole, with its sign-in pages: for what a browser does while it waits for the phone. */

tuneEngine();
const [port = 0] = await freePorts(1);
const { databaseUrl } = settings();
const db = openDatabase(databaseUrl);
await registerServices(createClients({ db }));
await db.close();
const app = await createApp({ config: ourConfig(`http://localhost:${port}`), log: createLog('warn') });
app.server().listen(port, '127.0.0.1', () => tellReady(port, OUR_PATHS));
