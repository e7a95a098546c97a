import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAudit } from '../../../src/audit/record.ts';
import { createClients } from '../../../src/clients/service.ts';
import { createKernel } from '../../../src/http/kernel.ts';
import { createOidcPages } from '../../../src/login/oidc-pages.ts';
import { createOidc } from '../../../src/oidc/provider.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createKeyRing } from '../../../src/platform/crypto.ts';
import { tuneEngine } from '../../../src/platform/engine.ts';
import { createLog } from '../../../src/platform/log.ts';
import { createMetrics } from '../../../src/platform/metrics.ts';
import { openDatabase } from '../../../src/platform/postgres.ts';
import { openRedis } from '../../../src/platform/redis.ts';
import { createRedisStore } from '../../../src/platform/store/redis.ts';
import { createRegistry } from '../../../src/registry/service.ts';
import { ourConfig, registerServices } from '../config.ts';
import { HOLDER, OUR_PATHS, settings, tellReady } from '../targets.ts';

/**
 * Caducée with a way in that approves at once: kernel, provider, registry, relying parties, audit and Redis as `caducee serve`
 * wires them; in place of the sign-in pages one that believes whoever asks. The log is at `warn`, since the others write none.
 */

tuneEngine();
const { databaseUrl } = settings();

const server = createServer();
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
server.keepAliveTimeout = 65_000;
const config = ourConfig(`http://localhost:${port}`);
const log = createLog('warn');
const db = openDatabase(databaseUrl);
const redis = openRedis(config, (error) => log.error({ err: error }, 'Redis'));
const store = createRedisStore(redis);
const audit = createAudit({ clock: systemClock });
const metrics = createMetrics();
const clients = createClients({ db });
await registerServices(clients);
const kernel = createKernel({
  ...{ config, log },
  metrics: { observe: ({ seconds, ...labels }) => metrics.request(labels, seconds) },
});
const oidc = await createOidc({
  ...{ config, db, store, clients, audit, log, clock: systemClock },
  registry: createRegistry({ db, clock: systemClock, contactDelayHours: 72 }),
  keyring: createKeyRing(config.masterKey),
  pages: createOidcPages(kernel.render, config),
  metrics: (name, clientId) => metrics.count(name, clientId),
});
kernel.app.use(oidc.middleware);
kernel.answerDirectly(oidc.direct);
kernel.app.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/connexion/')) return next();
  await oidc.finishSignIn(ctx, {
    nationalId: HOLDER,
    acr: 'eidas1',
    amr: ['pop', 'pin', 'mfa', 'swk'],
    authMode: 'MOBILE',
    deviceId: 'dev_01HZX4Q8K3V7M2N6P9R5S1T0WY',
    authTime: new Date(),
  });
});
server.on('request', kernel.handler());
tellReady(port, OUR_PATHS);
