import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import { createClientsCommand } from '../../src/clients/command.ts';
import { createClients, isSecretOf, type Clients } from '../../src/clients/service.ts';
import type { CommandContext } from '../../src/command.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { unnamed } from '../support/command.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { testDatabase } from '../support/services.ts';

let db: Database;
let clients: Clients;
let folder: string;
beforeAll(async () => {
  ({ db } = await testDatabase());
  clients = createClients({ db });
  folder = await mkdtemp(join(tmpdir(), 'caducee-clients-'));
  onFileEnd(() => rm(folder, { recursive: true }));
});

class Text extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

const run = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
  const [stdout, stderr] = [new Text(), new Text()];
  const unused = () => Promise.reject(new Error('not needed'));
  const context: CommandContext = {
    io: { stdin: process.stdin, stdout, stderr, interactive: false, root: process.cwd(), locale: 'en' },
    config: unused,
    keyring: unused,
    database: () => Promise.resolve(db),
    portBase: 4000,
    ...unnamed,
  };
  return {
    code: await createClientsCommand({ endSessionsOf: unused })(args, context),
    out: stdout.text,
    err: stderr.text,
  };
};

const file = async (name: string, content: unknown): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

const dmp = { client_id: 'dmp', client_name: 'DMP', redirect_uris: ['https://dmp.example/cb'] };

describe('caducee clients', () => {
  it('registers, tells a new secret once, changes, and sees when nothing changes', async () => {
    const path = await file('dmp.json', dmp);
    const {
      clients: [added],
    } = JSON.parse((await run('apply', path, '--json')).out);
    expect(added).toMatchObject({
      clientId: 'dmp',
      change: 'added',
      secrets: 'generated',
      secret: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(added.differences).toContainEqual({ name: 'client_name', to: 'DMP' });
    const stored = await clients.find('dmp');
    expect(stored && isSecretOf(stored, added.secret)).toBe(true);
    const rows = await db.query<{ text: string }>('SELECT relying_party::text AS text FROM relying_party');
    expect(rows.rows.map(({ text }) => text).join()).not.toContain(added.secret);

    expect((await run('apply', path)).out).toMatch(/^dmp +unchanged\n$/);
    const renamed = await file('dmp.json', { ...dmp, client_name: 'Dossier' });
    expect((await run('apply', renamed)).out).toMatch(/^dmp +changed\n {2}client_name: "DMP" → "Dossier"\n$/);
    const after = await clients.find('dmp');
    expect(after && isSecretOf(after, added.secret)).toBe(true);
    const events = await db.query<{ details: { change: string } }>(
      `SELECT details FROM audit_event WHERE type = 'client_changed' ORDER BY id`,
    );
    expect(events.rows.map(({ details }) => details.change)).toEqual(['added', 'changed']);
  });

  it('tells every problem of every file, and changes nothing', async () => {
    const path = await file('wrong.json', [
      { ...dmp, client_id: 'good' },
      { ...dmp, client_id: 'good' },
      { client_id: 'bad', redirect_uris: ['nowhere'], scope: 'email' },
    ]);
    const { code, out } = await run('apply', path, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out).problems.map((problem: string) => problem.replace(path, 'F'))).toEqual([
      'F[1]: client_id good is declared twice',
      'F[2]: client_name is missing',
      'F[2]: redirect_uris[0] must be an absolute URL',
      expect.stringContaining('F[2]: scope must be'),
    ]);
    expect(await clients.find('good')).toBeUndefined();
    expect((await run('apply', await file('text.json', '{'))).err).toContain('not JSON');
  });

  it('takes the examples that ship', async () => {
    const { code, out } = await run('apply', 'config/clients', '--json');
    expect([code, JSON.parse(out).clients.map(({ change }: { change: string }) => change)]).toEqual([
      0,
      Array.from({ length: 6 }, () => 'added'),
    ]);
    expect((await run('list')).out.split('\n').filter(Boolean).length).toBe((await clients.list()).length);
    const shown = JSON.parse((await run('show', 'prescription', '--json')).out);
    expect(shown).toMatchObject({
      client_id: 'prescription',
      secrets: 1,
      metadata: { access_token_format: 'opaque' },
    });
    expect((await run('show', 'agenda-mobile')).out).toMatch(/token_endpoint_auth_method +none/);
    expect((await run('show', 'nobody')).code).toBe(1);
  });

  it('says how it is used', async () => {
    expect((await run('--help')).out).toContain('caducee clients apply');
    expect((await run()).code).toBe(2);
    await expect(run('frobnicate')).rejects.toThrow(/frobnicate/);
  });
});
