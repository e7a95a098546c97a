import { createAudit } from '../audit/record.ts';
import { createClients } from '../clients/service.ts';
import type { Config } from '../config.ts';
import type { OidcPages } from '../oidc/pages.ts';
import { createOidc, type Oidc } from '../oidc/provider.ts';
import { systemClock as clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import { createLog } from '../platform/log.ts';
import type { Database } from '../platform/postgres.ts';
import { createRegistry } from '../registry/service.ts';
import { openStore } from './store.ts';

/** The provider as a command needs it: without listener, pages or jobs; what it ends, ends on every node. */
export interface CommandProvider {
  oidc: Oidc;
  close(): Promise<void>;
}

const nobodyLooks = new Proxy({} as OidcPages, {
  get: () => () => Promise.reject(new Error('a command has no pages')),
});

/** Opens it on the state that the running processes share. */
export const openProvider = async (deps: {
  config: Config;
  db: Database;
  keyring: KeyRing;
}): Promise<CommandProvider> => {
  const { config, db, keyring } = deps;
  const log = createLog('silent');
  const { store, close } = openStore(config, db, clock, log);
  try {
    const oidc = await createOidc({
      ...{ config, db, store, keyring, clock, log },
      registry: createRegistry({ db, clock, contactDelayHours: config.contactDelayHours }),
      clients: createClients({ db }),
      audit: createAudit({ clock }),
      pages: nobodyLooks,
    });
    return { oidc, close };
  } catch (error) {
    await close();
    throw error;
  }
};
