import { parseArgs } from 'node:util';
import { createAudit } from '../audit/record.ts';
import type { Command, CommandContext } from '../command.ts';
import { rewrapEcps } from '../ecps/rewrap.ts';
import { EXIT, UsageError } from '../io.ts';
import { listCommand, readAlgorithm, retireCommand, rotateCommand } from '../oidc/signing/command.ts';
import { rewrapSigningKeys } from '../oidc/signing/rewrap.ts';
import { scheduleOf, type RotateDeps } from '../oidc/signing/rotate.ts';
import { systemClock as clock } from '../platform/clock.ts';
import { openKeyring, openKms } from './kms.ts';

const HELP = `caducee keys list [--json]
  The keys that sign tokens: announced, signing, shown for verification, withdrawn.

caducee keys rotate [--algorithm RS256|ES256] [--now] [--reason TEXT] [--json]
  One step: announces the next key; called again once it was announced long enough (CADUCEE_KEY_ANNOUNCE_HOURS), has
  it sign. The schedule does the same by itself (CADUCEE_KEY_DAYS). --now takes both steps, with only the seconds
  that the running processes need in between; services that keep an old JWKS fail until they fetch it again.

caducee keys retire KID [--compromised] [--reason TEXT] [--json]
  Ends one key: the next one replaces it if it signs. --compromised withdraws it at once, with all it signed.

caducee keys rewrap [--reason TEXT] [--json]
  Encrypts the keys anew, after another key management, key file or master key was configured (docs/keys.md).
`;

const depsOf = async (context: CommandContext): Promise<RotateDeps> => {
  const config = await context.config();
  return {
    db: await context.database(),
    kms: openKms(config),
    audit: createAudit({ clock }),
    clock,
    schedule: scheduleOf(config),
  };
};

const rewrap = async (context: CommandContext, json: boolean): Promise<number> => {
  const deps = await depsOf(context);
  const config = await context.config();
  const { rewrapped } = await rewrapSigningKeys(deps);
  const others = config.masterKeyPrevious ? await rewrapEcps(deps.db, openKeyring(config)) : 0;
  context.io.stdout.write(
    json
      ? `${JSON.stringify({ signingKeys: rewrapped, others })}\n`
      : `${rewrapped.length} signing keys and ${others} other secrets are encrypted anew (${deps.kms.current.driver}).\n`,
  );
  return EXIT.done;
};

/** `caducee keys`: the life of the keys that sign tokens. */
export const runKeysCommand: Command = async (args, context) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      json: { type: 'boolean' },
      algorithm: { type: 'string' },
      now: { type: 'boolean' },
      compromised: { type: 'boolean' },
      reason: { type: 'string' },
    },
  });
  if (values.help) {
    context.io.stdout.write(HELP);
    return EXIT.done;
  }
  const [verb, kid, ...more] = positionals;
  const { io } = context;
  const json = values.json ?? false;
  const reason = values.reason?.trim() ?? '';
  if (more.length > 0 || (verb !== 'retire' && kid !== undefined)) throw new UsageError(HELP.trimEnd());
  switch (verb) {
    case 'list':
      return listCommand(io, await depsOf(context), json);
    case 'rotate': {
      const algorithms = readAlgorithm(values.algorithm);
      const hurried = values.now ?? false;
      return context.act(
        {
          ...{ kind: 'serve', name: 'key.rotate', reason },
          arguments: { algorithms: algorithms.join(' '), hurried: String(hurried) },
        },
        async () => rotateCommand(io, await depsOf(context), { algorithms, hurried, json }),
      );
    }
    case 'retire': {
      if (kid === undefined)
        throw new UsageError('caducee keys retire needs the kid; caducee keys list shows it');
      const compromised = values.compromised ?? false;
      return context.act(
        { kind: 'open', name: 'key.retire', arguments: { kid, compromised: String(compromised) }, reason },
        async () => retireCommand(io, await depsOf(context), { kid, compromised, json }),
      );
    }
    case 'rewrap':
      return context.act({ kind: 'serve', name: 'key.rewrap', arguments: {}, reason }, () =>
        rewrap(context, json),
      );
    default:
      throw new UsageError(HELP.trimEnd());
  }
};
