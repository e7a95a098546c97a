import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/command.ts';
import { runFeedsCommand } from '../../src/contacts/command.ts';
import { EXIT, UsageError } from '../../src/io.ts';
import { unnamed } from '../support/command.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { testDatabase } from '../support/services.ts';

/** `caducee feeds`, as an operator uses it. */

const { db } = await testDatabase();
const folder = mkdtempSync(join(tmpdir(), 'caducee-feeds-'));
onFileEnd(() => rmSync(folder, { recursive: true, force: true }));

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const files = {
  open: join(folder, 'portail.pub.pem'),
  secret: join(folder, 'portail.pem'),
  batch: join(folder, 'lot.json'),
  none: join(folder, 'rien.txt'),
};
writeFileSync(files.open, publicKey.export({ type: 'spki', format: 'pem' }));
writeFileSync(files.secret, privateKey.export({ type: 'pkcs8', format: 'pem' }));
writeFileSync(files.batch, '{"batch":"1","contacts":[{}]}');
writeFileSync(files.none, 'rien');

const run = async (...args: string[]) => {
  const out: string[] = [];
  const errors: string[] = [];
  const writer = (lines: string[]) => ({ write: (text: string) => lines.push(text) });
  // What the command uses of its context: the streams, the database and the provider's origin.
  const context = {
    io: { stdout: writer(out), stderr: writer(errors) },
    database: () => Promise.resolve(db),
    config: () => Promise.resolve({ origin: 'https://caducee.example' }),
    ...unnamed,
  } as unknown as CommandContext;
  const code = await runFeedsCommand(args, context);
  return { code, out: out.join(''), errors: errors.join('') };
};

describe('caducee feeds', () => {
  it('declares a portal with public keys, shows it, stops it and lets it in again', async () => {
    expect((await run('list')).out).toBe('No feed is declared.\n');
    const added = await run('add', 'cnom', files.secret, '--profession', '10', '--json');
    const { kids } = JSON.parse(added.out) as { kids: string[] };
    expect(kids).toHaveLength(1);
    const { rows } = await db.query<{ jwks: unknown }>('SELECT jwks FROM contact_feed');
    expect(JSON.stringify(rows)).not.toContain('"d"');
    expect((await run('list')).out).toContain(`cnom  enabled  10  ${kids[0]}`);
    expect((await run('disable', 'cnom')).code).toBe(EXIT.done);
    expect((await run('list')).out).toContain('cnom  disabled');
    await run('enable', 'cnom');
    expect((await run('list')).out).toContain('cnom  enabled');
    const audit = await db.query<{ details: { act: string } }>(
      "SELECT details FROM audit_event WHERE type = 'contact_feed_changed' ORDER BY id",
    );
    expect(audit.rows.map(({ details }) => details.act)).toEqual(['declared', 'disabled', 'enabled']);
  });

  it('replaces the keys of a portal', async () => {
    await run('add', 'cnom', files.open);
    const [feed] = JSON.parse((await run('list', '--json')).out) as { professions: string[] }[];
    expect(feed?.professions).toEqual([]);
  });

  it('signs a batch for the address of this provider', async () => {
    const { out } = await run('sign', 'cnom', files.secret, files.batch);
    expect(decodeJwt(out.trim())).toMatchObject({
      iss: 'cnom',
      sub: 'cnom',
      aud: 'https://caducee.example/registry/contacts',
    });
  });

  it('says what is wrong', async () => {
    expect(await run('add', 'cnom', files.none)).toMatchObject({ code: EXIT.failed });
    expect((await run('add', 'cnom', files.none, '--json')).out).toBe('{"error":"feed_key_unfit"}\n');
    expect((await run('disable', 'inconnu', '--json')).out).toBe('{"error":"not_found"}\n');
    expect((await run('add', 'pas un nom', files.open)).code).toBe(EXIT.failed);
    await expect(run('add')).rejects.toThrow(UsageError);
    await expect(run('nonsense')).rejects.toThrow(UsageError);
    expect((await run('--help')).out).toContain('caducee feeds add');
    expect((await run()).code).toBe(EXIT.usage);
  });
});
