import { createClientsCommand } from '../clients/command.ts';
import { openProvider } from './provider.ts';

/** `caducee clients`, with the provider that ends what a disabled service was given. */
export const runClientsCommand = createClientsCommand({
  async endSessionsOf(context, clientId) {
    const [config, db, keyring] = [await context.config(), await context.database(), await context.keyring()];
    const { oidc, close } = await openProvider({ config, db, keyring });
    try {
      return await oidc.endSessionsOf({ clientId }, { by: 'operator' });
    } finally {
      await close();
    }
  },
});
