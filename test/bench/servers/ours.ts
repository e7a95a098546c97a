import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAudit } from '../../../src/audit/record.ts';
import { clientSchema, type ClientDeclaration } from '../../../src/clients/schema.ts';
import { createClients } from '../../../src/clients/service.ts';
import { parseConfig, type Config } from '../../../src/config.ts';
import { createKernel } from '../../../src/http/kernel.ts';
import { createOidcPages } from '../../../src/login/oidc-pages.ts';
import { createOidc } from '../../../src/oidc/provider.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createKeyRing } from '../../../src/platform/crypto.ts';
import { createLog } from '../../../src/platform/log.ts';
import { createMetrics } from '../../../src/platform/metrics.ts';
import { openDatabase } from '../../../src/platform/postgres.ts';
import { openRedis } from '../../../src/platform/redis.ts';
import { createRedisStore } from '../../../src/platform/store/redis.ts';
import { createRegistry } from '../../../src/registry/service.ts';
import {
  CALLBACK,
  HOLDER,
  ISSUER_PATH,
  OUR_PATHS,
  SECRET,
  SERVICES,
  settings,
  tellReady,
} from '../targets.ts';

/**
 * Caducée with a way in that approves at once: kernel, provider, registry, relying parties, audit and Redis as `caducee serve`
 * wires them; in place of the sign-in pages one that believes whoever asks. The log is at `warn`, since the others write none.
 */

const { redisUrl, databaseUrl } = settings();

const configure = (origin: string): Config =>
  parseConfig({
    CADUCEE_MODE: 'sandbox',
    CADUCEE_ISSUER: `${origin}${ISSUER_PATH}`,
    CADUCEE_DATABASE_URL: databaseUrl,
    CADUCEE_STORE: 'redis',
    CADUCEE_REDIS_URL: redisUrl,
    CADUCEE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64url'),
    CADUCEE_SMTP_URL: 'smtp://localhost:1',
    CADUCEE_MAIL_FROM: 'Caducée <non@localhost>',
    CADUCEE_TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    CADUCEE_TWILIO_AUTH_TOKEN: 'none',
    CADUCEE_TWILIO_FROM: 'Caducee',
    CADUCEE_CIBA_PER_MINUTE: '100000',
    CADUCEE_HELP_PHONE: '01 99 00 00 00',
    CADUCEE_HELP_HOURS: 'du lundi au vendredi',
  });

const service = ({ id, algorithm, format }: (typeof SERVICES)[number]): ClientDeclaration => ({
  client_id: id,
  client_name: id,
  redirect_uris: [CALLBACK],
  id_token_signed_response_alg: algorithm,
  access_token_format: format,
});

const server = createServer();
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
server.keepAliveTimeout = 65_000;
const config = configure(`http://localhost:${port}`);
const log = createLog('warn');
const db = openDatabase(databaseUrl);
const redis = openRedis(config, (error) => log.error({ err: error }, 'Redis'));
const store = createRedisStore(redis);
const audit = createAudit({ clock: systemClock });
const metrics = createMetrics();
const clients = createClients({ db });
for (const each of SERVICES) await clients.upsert(clientSchema.parse(service(each)), { secret: SECRET });
await clients.upsert(
  clientSchema.parse({
    client_id: 'ciba',
    client_name: 'ciba',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token', 'urn:openid:params:grant-type:ciba'],
    backchannel_token_delivery_mode: 'poll',
  }),
  { secret: SECRET },
);
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
