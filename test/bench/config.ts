import { clientSchema, type ClientDeclaration } from '../../src/clients/schema.ts';
import type { Clients } from '../../src/clients/service.ts';
import type { Config } from '../../src/config.ts';
import { testConfig } from '../support/config.ts';
import { CALLBACK, ISSUER_PATH, SECRET, SERVICES, settings } from './targets.ts';

/** The configuration of our servers in the benchmark, at an origin; limits that it would run into are out of its way. */
export const ourConfig = (origin: string): Config => {
  const { redisUrl, databaseUrl } = settings();
  return testConfig({
    CADUCEE_ISSUER: `${origin}${ISSUER_PATH}`,
    CADUCEE_DATABASE_URL: databaseUrl,
    CADUCEE_STORE: 'redis',
    CADUCEE_REDIS_URL: redisUrl,
    CADUCEE_TRUSTED_PROXIES: '127.0.0.1',
    CADUCEE_CIBA_PER_MINUTE: '100000',
  });
};

const service = ({ id, algorithm, format }: (typeof SERVICES)[number]): ClientDeclaration => ({
  client_id: id,
  client_name: id,
  redirect_uris: [CALLBACK],
  id_token_signed_response_alg: algorithm,
  access_token_format: format,
});

/** Makes the services of the benchmark known. */
export const registerServices = async (clients: Clients): Promise<void> => {
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
};
