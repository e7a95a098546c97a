import { parseArgs } from 'node:util';
import { createAudit } from '../audit/record.ts';
import type { Command, CommandContext } from '../command.ts';
import { EXIT, UsageError } from '../io.ts';
import { createLimits } from '../limits/limits.ts';
import { createMessages } from '../messages/service.ts';
import { createMessageTransports } from '../messages/transports.ts';
import { systemClock as clock } from '../platform/clock.ts';
import { createLog } from '../platform/log.ts';
import { createPostgresStore } from '../platform/store/postgres.ts';
import { createRegistry } from '../registry/service.ts';
import { createDevices, type Devices } from './devices/service.ts';
import { loadEcpsKeys } from './keys.ts';

const HELP = `caducee devices list ID [--json]
caducee devices revoke ID PHONE [--json]

Lists the phones of a practitioner, by national identifier, or ends one of them: its owner is told, and the sessions
born from it end within a minute.
`;

/** The phones without the pages: what the running provider must do (end sessions) is left to its job. */
const openDevices = async (
  context: CommandContext,
): Promise<{ devices: Devices; close(): Promise<void> }> => {
  const [config, db, keyring] = await Promise.all([context.config(), context.database(), context.keyring()]);
  const log = createLog('silent');
  const store = createPostgresStore(db, clock);
  const messages = createMessages({
    db,
    keyring,
    clock,
    log,
    transports: createMessageTransports(config, clock),
  });
  const deps = {
    ...{ config, db, store, keyring, clock, log, messages },
    registry: createRegistry({ db, clock, contactDelayHours: config.contactDelayHours }),
    audit: createAudit({ clock }),
    limits: createLimits({ store }),
    ports: {
      onDeviceRevoked: () => Promise.reject(new Error('left to the running provider')),
      returnUrl: () => config.origin,
    },
  };
  const devices = createDevices({ ...deps, keys: await loadEcpsKeys(deps) });
  return {
    devices,
    close: async () => {
      await messages.stop();
      await store.close();
    },
  };
};

const print = (context: CommandContext, json: boolean, value: unknown, lines: readonly string[]): void => {
  context.io.stdout.write(json ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join(''));
};

/** `caducee devices list|revoke`. */
export const runDevicesCommand: Command = async (args, context) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean' }, json: { type: 'boolean', default: false } },
  });
  const [verb, input, phone, ...rest] = positionals;
  if (values.help) {
    context.io.stdout.write(HELP);
    return EXIT.done;
  }
  const complete = verb === 'list' ? input && !phone : verb === 'revoke' && input && phone;
  if (!complete || rest.length > 0) throw new UsageError(HELP);
  const nationalId = input.replaceAll(' ', '');
  const { devices, close } = await openDevices(context);
  try {
    if (verb === 'revoke' && phone) await devices.revoke(nationalId, phone, 'operator');
    const list = await devices.list(nationalId);
    const lines = list.map(({ id, name, state }) => `${id}  ${state.padEnd(10)}  ${name}`);
    print(context, values.json, { nationalId, devices: list }, lines.length > 0 ? lines : ['no phone']);
    return EXIT.done;
  } finally {
    await close();
  }
};
