import {
  Client,
  DatabaseError,
  Pool,
  types,
  type PoolClient,
  type QueryResult,
  type QueryResultRow,
} from 'pg';

/** What a repository needs to run SQL: a pool or one client inside a transaction. */
export interface Queryable {
  query<Row extends QueryResultRow = QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>>;
}

/** The database: run a query on any connection, or several in one transaction. */
export interface Database extends Queryable {
  /** Runs `work` in one transaction on one connection; commits when it resolves, rolls back when it throws. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** One connection for as long as `work` runs: advisory locks, COPY, LISTEN. */
  withConnection<T>(work: (client: PoolClient) => Promise<T>): Promise<T>;
  /** A connection of its own, outside the pool, for LISTEN; the caller ends it. */
  dedicated(): Promise<Client>;
  /** How the pool is used now. */
  usage(): { used: number; idle: number; waiting: number };
  close(): Promise<void>;
}

// int8 (counts, sequence numbers) fits a JavaScript number everywhere this schema uses it.
types.setTypeParser(types.builtins.INT8, Number);

/**
 * Opens a pool on a PostgreSQL URL (`postgres://…`, or `postgres:///name?host=/socket/directory&user=…`).
 * `onIdleError` hears of connections that PostgreSQL closes while nobody uses them.
 */
export const openDatabase = (
  url: string,
  options: { max?: number; onIdleError?: (error: Error) => void } = {},
): Database => {
  const pool = new Pool({
    connectionString: url,
    max: options.max ?? 10,
    connectionTimeoutMillis: 10_000, // a pool that is used up is an error, not a page that hangs
  });
  let closing = false;
  // A connection that PostgreSQL cuts while the pool itself is closing is nobody's news.
  pool.on('error', (error) => closing || options.onIdleError?.(error));

  const withConnection = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    // A connection lost between two queries is an event of the client, which would end the process if nobody listened.
    let lost: Error | undefined;
    const onError = (error: Error): void => {
      lost = error;
    };
    client.on('error', onError);
    try {
      return await work(client);
    } catch (error) {
      if (!(error instanceof DatabaseError) && error instanceof Error && /connection/i.test(error.message)) {
        lost = error;
      }
      throw error;
    } finally {
      client.off('error', onError);
      client.release(lost);
    }
  };

  return {
    query: (text, values) => pool.query(text, values as unknown[]),
    withConnection,
    transaction: (work) =>
      withConnection(async (client) => {
        await client.query('BEGIN');
        try {
          const result = await work(client as Queryable);
          await client.query('COMMIT');
          return result;
        } catch (error) {
          // The first error is the one to tell; a failing ROLLBACK means the connection is gone anyway.
          await client.query('ROLLBACK').catch(() => undefined);
          throw error;
        }
      }),
    dedicated: async () => {
      const client = new Client({ connectionString: url });
      await client.connect();
      return client;
    },
    usage: () => ({
      used: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    close: () => {
      closing = true;
      return pool.end();
    },
  };
};
