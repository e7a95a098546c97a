import { createSessionsCommand } from '../oidc/sessions-command.ts';
import { openProvider } from './provider.ts';

/** `caducee sessions`, with the provider that shares its state with the running processes. */
export const runSessionsCommand = createSessionsCommand(async (context) =>
  openProvider({
    config: await context.config(),
    db: await context.database(),
    keyring: await context.keyring(),
  }),
);
