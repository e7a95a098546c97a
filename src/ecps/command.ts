import { parseArgs } from 'node:util';
import { createAudit } from '../audit/record.ts';
import type { Command, CommandContext } from '../command.ts';
import { Refusal } from '../http/errors.ts';
import { EXIT, UsageError } from '../io.ts';
import { createLimits } from '../limits/limits.ts';
import { createMessages } from '../messages/service.ts';
import { createMessageTransports } from '../messages/transports.ts';
import { systemClock, type Clock } from '../platform/clock.ts';
import { createLog } from '../platform/log.ts';
import { createPostgresStore } from '../platform/store/postgres.ts';
import { createRegistry } from '../registry/service.ts';
import type { DeviceView } from './protocol/api.ts';
import { createEcps, type EcpsService } from './service.ts';

const HELP = `caducee devices list ID [--json]
  The phones that carry the e-CPS of a practitioner (12 characters, or the 11 digits of an RPPS number).

caducee devices revoke ID DEVICE [--reason TEXT] [--json]
caducee devices revoke ID --all [--reason TEXT] [--json]
  Ends one phone of a practitioner, or every one: the owner is told by mail, and the running server ends the
  sessions born from it within seconds. Nothing undoes it: the phone must be activated again.
`;

const deviceText = (device: DeviceView): string => {
  const used = device.lastUsedAt === undefined ? 'never used' : `last used ${device.lastUsedAt}`;
  return `  ${device.id}  ${device.state.padEnd(10)}  ${device.name} (${device.model}, ${device.os}); added ${device.addedAt}, ${used}, renew by ${device.renewBy}\n`;
};

/** The e-CPS without a server around it: what it writes in the outbox and the database, the server carries out. */
export const openEcps = async (context: CommandContext, clock: Clock = systemClock): Promise<EcpsService> => {
  const [config, db, keyring] = [await context.config(), await context.database(), await context.keyring()];
  const log = createLog('silent');
  const store = createPostgresStore(db, clock);
  const messages = createMessages({
    ...{ db, keyring, clock, log },
    transports: createMessageTransports(config, clock),
  });
  return createEcps({
    config,
    db,
    store,
    registry: createRegistry({ db, clock, contactDelayHours: config.contactDelayHours }),
    messages: { ...messages, kick: () => undefined },
    audit: createAudit({ clock }),
    limits: createLimits({ store }),
    keyring,
    clock,
    log,
    ports: {
      onDeviceRevoked: () => Promise.reject(new Error('left to the job of the running server')),
      returnUrl: () => config.origin,
    },
  });
};

const nationalIdOf = async (context: CommandContext, input: string): Promise<string> => {
  const { contactDelayHours } = await context.config();
  const registry = createRegistry({ db: await context.database(), clock: systemClock, contactDelayHours });
  const normalized = registry.normalize(input);
  if (!normalized.ok) throw new UsageError(`${input} is not a national identifier`);
  return normalized.nationalId;
};

const list = async (context: CommandContext, id: string, json: boolean): Promise<number> => {
  const nationalId = await nationalIdOf(context, id);
  const devices = await (await openEcps(context)).devices.list(nationalId);
  const text = devices.length === 0 ? 'No phone.\n' : devices.map(deviceText).join('');
  context.io.stdout.write(json ? `${JSON.stringify({ nationalId, devices })}\n` : text);
  return EXIT.done;
};

const revoke = async (
  context: CommandContext,
  asked: { id: string; device: string | undefined; json: boolean },
): Promise<number> => {
  const nationalId = await nationalIdOf(context, asked.id);
  const { devices } = await openEcps(context);
  const { stdout, stderr } = context.io;
  try {
    let revoked = 1;
    if (asked.device === undefined) revoked = await devices.revokeAll(nationalId, 'operator');
    else await devices.revoke(nationalId, asked.device, 'operator');
    stdout.write(asked.json ? `${JSON.stringify({ nationalId, revoked })}\n` : `${revoked} revoked.\n`);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (asked.json) stdout.write(`${JSON.stringify({ error: error.code })}\n`);
    else stderr.write(`${asked.device} is not a phone of ${nationalId}.\n`);
    return EXIT.failed;
  }
};

const revokeBy = async (
  context: CommandContext,
  asked: Parameters<typeof revoke>[1] & { reason: string },
): Promise<number> => {
  const { device, reason } = asked;
  const nationalId = await nationalIdOf(context, asked.id);
  return context.act(
    { kind: 'stop', name: 'device.revoke', arguments: { device: device ?? 'all' }, reason, nationalId },
    () => revoke(context, asked),
  );
};

/** `caducee devices`: what the operator sees of phones, and ends. */
export const runDevicesCommand: Command = async (args, context) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      json: { type: 'boolean' },
      all: { type: 'boolean' },
      reason: { type: 'string' },
    },
  });
  if (values.help) {
    context.io.stdout.write(HELP);
    return EXIT.done;
  }
  const [verb, id, device, ...more] = positionals;
  const json = values.json ?? false;
  if (id === undefined || more.length > 0) throw new UsageError(HELP.trimEnd());
  if (verb === 'list' && device === undefined) return list(context, id, json);
  if (verb === 'revoke' && (device === undefined) === (values.all === true)) {
    return revokeBy(context, { id, device, json, reason: values.reason?.trim() ?? '' });
  }
  throw new UsageError(HELP.trimEnd());
};
