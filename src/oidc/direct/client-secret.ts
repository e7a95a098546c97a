import type { Client, Provider } from 'oidc-provider';
import { isPlainClient } from './live-token.ts';

/** The service, if it is a plain one that proves itself by this secret; whatever else it is, the library judges. */
export const authenticated = async (
  provider: Provider,
  { id, secret }: { id: string; secret: string },
): Promise<Client | undefined> => {
  const client = await provider.Client.find(id);
  if (!client || !isPlainClient(client)) return undefined;
  const { clientAuthMethod, clientSecretExpiresAt } = client as {
    clientAuthMethod?: unknown;
    clientSecretExpiresAt?: unknown;
  };
  if (clientAuthMethod !== 'client_secret_basic' && clientAuthMethod !== 'client_secret_post')
    return undefined;
  if (clientSecretExpiresAt) return undefined;
  return (await client.compareClientSecret(secret)) ? client : undefined;
};
