import { PassThrough } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import { runDevicesCommand } from '../../src/ecps/command.ts';
import { UsageError } from '../../src/io.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { unnamed } from '../support/command.ts';
import { refusal, startEcpsSite, type EcpsSite } from '../support/ecps-site.ts';

describe('caducee devices', () => {
  let site: EcpsSite;
  beforeAll(async () => {
    // The command asks the machine's clock.
    site = await startEcpsSite({ at: new Date().toISOString() });
  });

  const run = async (...args: string[]) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const code = await runDevicesCommand(args, {
      io: { stdin: process.stdin, stdout, stderr, interactive: false, root: process.cwd(), locale: 'fr' },
      config: async () => site.config,
      database: async () => site.db,
      keyring: async () => createKeyRing(site.config.masterKey),
      portBase: 4000,
      ...unnamed,
    });
    return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
  };

  it('lists the phones of a practitioner, and revokes one; the server then ends its sessions', async () => {
    const person = site.person();
    expect((await run('list', person.nationalId)).stdout).toBe('No phone.\n');
    const phone = await site.activated(person);
    const { device } = await phone.me();
    expect((await run('list', person.nationalId.slice(1))).stdout).toContain(device.id);
    const listed = JSON.parse((await run('list', person.nationalId, '--json')).stdout) as object;
    expect(listed).toMatchObject({
      nationalId: person.nationalId,
      devices: [{ id: device.id, state: 'active' }],
    });

    const other = site.person();
    const wrong = await run('revoke', other.nationalId, device.id);
    expect(wrong).toMatchObject({ code: 1, stderr: `${device.id} is not a phone of ${other.nationalId}.\n` });
    expect(await run('revoke', person.nationalId, device.id)).toMatchObject({
      code: 0,
      stdout: '1 revoked.\n',
    });
    expect((await refusal(phone.me())).code).toBe('device_revoked');
    expect(site.revoked).not.toContain(device.id);
    await site.ecps.jobs.find(({ name }) => name === 'ecps-sessions')?.run();
    expect(site.revoked).toContain(device.id);
  });

  it('revokes every phone with --all, and never for want of a name', async () => {
    const person = site.person();
    await site.activated(person);
    await site.activated(person);
    await expect(run('revoke', person.nationalId)).rejects.toBeInstanceOf(UsageError);
    await expect(run('list', 'nobody')).rejects.toBeInstanceOf(UsageError);
    expect(JSON.parse((await run('revoke', person.nationalId, '--all', '--json')).stdout)).toEqual({
      nationalId: person.nationalId,
      revoked: 2,
    });
  });
});
