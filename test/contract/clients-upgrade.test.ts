import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { migrate, readMigrations } from '../../src/platform/migrate.ts';
import { testDatabase } from '../support/services.ts';

const MIGRATIONS = join(import.meta.dirname, '../../migrations');

describe('services registered before PKCE was required', () => {
  it('go on as they were, and those already held to it stay so', async () => {
    const { db } = await testDatabase({ empty: true });
    const all = await readMigrations(MIGRATIONS);
    const before = all.filter(({ name }) => name < '0009');
    await migrate(db, before);
    const add = (clientId: string, metadata: object) =>
      db.query(
        'INSERT INTO relying_party (client_id, metadata, secret_hashes, created_at, updated_at) VALUES ($1, $2, $3, now(), now())',
        [clientId, JSON.stringify({ client_id: clientId, ...metadata }), []],
      );
    await add('old', { token_endpoint_auth_method: 'client_secret_basic' });
    await add('strict', { token_endpoint_auth_method: 'client_secret_post', require_pkce: true });
    await add('public', { token_endpoint_auth_method: 'none' });
    await migrate(db, all);
    const { rows } = await db.query<{ client_id: string; compatibility: string[] }>(
      "SELECT client_id, metadata -> 'compatibility' AS compatibility FROM relying_party ORDER BY client_id",
    );
    const request = ['nonce_optional', 'scope_all_alone', 'any_acr'];
    expect(rows).toEqual([
      { client_id: 'old', compatibility: [...request, 'secret_sent_twice', 'pkce_optional'] },
      { client_id: 'public', compatibility: request },
      { client_id: 'strict', compatibility: [...request, 'secret_sent_twice'] },
    ]);
  });
});
