import type { Client } from 'pg';
import { sha256 } from '../crypto.ts';
import type { Database, Queryable } from '../postgres.ts';
import { createListeners } from './listeners.ts';

/** Channels over LISTEN and NOTIFY. */

/** A channel's name in PostgreSQL, where it has at most 63 bytes. */
const channelName = (channel: string): string => `store_${sha256(channel).toString('hex').slice(0, 40)}`;

/** Sends a message on a channel; delivered when the caller's transaction, if any, commits. */
export const notify = async (db: Queryable, channel: string, message: string): Promise<void> => {
  await db.query('SELECT pg_notify($1, $2)', [channelName(channel), message]);
};

/** Listens on one connection of its own, opened when first needed and again after it was lost. */
export const createPostgresSubscriptions = (db: Database) => {
  const listeners = createListeners(); // by PostgreSQL's names
  let connection: Promise<Client> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  const connect = async (): Promise<Client> => {
    const client = await db.dedicated();
    const lost = (): void => {
      if (connection !== current) return;
      connection = undefined;
      if (!closed && listeners.channels().length > 0) reconnectSoon();
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ channel, payload }) => listeners.emit(channel, payload ?? ''));
    const current = connection;
    for (const name of listeners.channels()) await client.query(`LISTEN ${name}`);
    return client;
  };
  const connected = (): Promise<Client> => {
    if (connection) return connection;
    const opening = connect();
    connection = opening;
    opening.catch(() => {
      if (connection === opening) connection = undefined;
    });
    return opening;
  };
  const reconnectSoon = (): void => {
    retry = setTimeout(() => void connected().catch(() => !closed && reconnectSoon()), 250);
    retry.unref();
  };

  return {
    subscribe: async (channel: string, listener: (message: string) => void) => {
      const name = channelName(channel);
      const remove = listeners.add(name, listener);
      try {
        await (await connected()).query(`LISTEN ${name}`);
      } catch (error) {
        remove();
        throw error;
      }
      return async () => {
        if (remove() > 0 || !connection) return;
        const client = await connection;
        // Somebody may have begun to listen again while this waited.
        if (!listeners.channels().includes(name))
          await client.query(`UNLISTEN ${name}`).catch(() => undefined);
      };
    },
    close: async () => {
      closed = true;
      clearTimeout(retry);
      const client = await connection?.catch(() => undefined);
      connection = undefined;
      await client?.end();
    },
  };
};
