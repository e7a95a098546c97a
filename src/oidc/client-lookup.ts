import type { Client as LibraryClient, Provider } from 'oidc-provider';
import type { Client, Clients } from '../clients/service.ts';
import type { Records } from './unit.ts';

/**
 * Relying parties as the provider asks for them at each request. PostgreSQL is asked every time, so that a change holds at
 * once on every node; requests of one moment share the question, and one whose registration is the same as last time is
 * not read by the library again.
 */
export interface ClientLookup {
  find(clientId: string): Promise<Client | undefined>;
  /** Makes a Provider keep the library's reading of each registration as long as it is in force. */
  adapt(provider: Provider): void;
}

interface Kept {
  version: string;
  client: Client;
}

interface Read {
  stamp: string;
  client: LibraryClient;
}

/** Makes {@link ClientLookup}; `payload` is what the library reads of a relying party. */
export const createClientLookup = (
  clients: Pick<Clients, 'find' | 'version'>,
  records: Pick<Records, 'once'>,
  payload: (client: Client | undefined) => object | undefined,
): ClientLookup => {
  const kept = new Map<string, Kept>();
  const load = async (id: string, version: string): Promise<Client | undefined> => {
    const client = await clients.find(id);
    // What changes by the mere passing of time is read each time.
    if (client && client.secrets.every(({ endsAt }) => endsAt === undefined))
      kept.set(id, { version, client });
    else kept.delete(id);
    return client;
  };
  const ask = async (id: string): Promise<Client | undefined> => {
    const version = await clients.version(id);
    const known = kept.get(id);
    if (version !== undefined) return known?.version === version ? known.client : load(id, version);
    kept.delete(id);
    return undefined;
  };
  const asked = (id: string): Promise<Client | undefined> => records.once(`client ${id}`, () => ask(id));
  /** The stamp of each registration that was read, made once for those who share it. */
  const stamps = new WeakMap<Client, string>();
  const stampOf = (client: Client): string => {
    const stamp = stamps.get(client) ?? JSON.stringify(payload(client) ?? null);
    stamps.set(client, stamp);
    return stamp;
  };

  /** Found for the library, which asks for it in the same turn. */
  let handed: Client | undefined;

  return {
    find: async (clientId) => (handed?.clientId === clientId ? handed : asked(clientId)),
    adapt(provider) {
      const Model = provider.Client as unknown as {
        find(id: string): Promise<LibraryClient | undefined>;
      };
      const read = new Map<string, Read>();
      const find = Model.find.bind(Model);
      Object.defineProperty(Model, 'find', {
        value: async (id: unknown): Promise<LibraryClient | undefined> => {
          if (typeof id !== 'string' || id === '') return undefined;
          const current = await asked(id);
          if (!current || current.disabled) {
            read.delete(id);
            return undefined;
          }
          const stamp = stampOf(current);
          const known = read.get(id);
          if (known?.stamp === stamp) return known.client;
          handed = current;
          const finding = find(id);
          handed = undefined;
          const client = await finding;
          if (client) read.set(id, { stamp, client });
          return client;
        },
      });
    },
  };
};
