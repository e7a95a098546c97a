import { createAudit } from '../audit/record.ts';
import type { Act, CommandContext, ConfirmedAct } from '../command.ts';
import { SETTINGS } from '../config.ts';
import { createMessages } from '../messages/service.ts';
import { createMessageTransports } from '../messages/transports.ts';
import { createOperatorsCommand } from '../operators/command.ts';
import { type Desk, createDesk } from '../operators/desk.ts';
import { createGate } from '../operators/gate.ts';
import { openIdentity } from '../operators/identity.ts';
import { systemClock as clock } from '../platform/clock.ts';
import { createLog } from '../platform/log.ts';
import { osUser } from '../platform/os-user.ts';

/** Operators on the command line: the desk with the outbox behind it, and who is at the keyboard. */

const openDesk = async (context: CommandContext): Promise<Desk> => {
  const [config, db, keyring] = [await context.config(), await context.database(), await context.keyring()];
  // What is queued here leaves by the running server.
  const messages = createMessages({
    ...{ db, keyring, clock, log: createLog('silent') },
    transports: createMessageTransports(config, clock),
  });
  return createDesk({
    ...{ db, clock, keyring, audit: createAudit({ clock }), issuer: config.issuer },
    notify: async (tx, { to, what, act }) => {
      await messages.enqueue(tx, {
        ...{ kind: 'mail', template: 'operator_act', to, locale: config.defaultLocale },
        data: {
          what,
          id: act.id,
          act: act.name,
          operator: act.operator,
          reason: act.reason,
          at: act.askedAt,
        },
      });
    },
  });
};

/** What an operator gave on the command line, besides the command. */
export interface OperatorOptions {
  operator?: string | undefined;
  keyFile?: string | undefined;
  breakGlass: boolean;
}

/** {@link CommandContext.identity}: what was typed, else the environment. */
export const identityOf =
  (
    io: CommandContext['io'],
    options: OperatorOptions,
    variables: Readonly<Record<string, string | undefined>>,
  ): CommandContext['identity'] =>
  () =>
    openIdentity(io, {
      name: options.operator ?? variables[SETTINGS.operator.env],
      keyFile: options.keyFile ?? variables[SETTINGS.operatorKey.env],
      passphrase: variables[SETTINGS.operatorPassphrase.env],
    });

/** {@link CommandContext.act}. In a sandbox, or where operators need no name, what is asked is done. */
export const actBy = async (
  context: CommandContext,
  given: { argv: readonly string[]; options: OperatorOptions; confirmed: ConfirmedAct | undefined },
  asked: {
    act: Act;
    run: (operator: string) => Promise<number>;
    replay: readonly string[] | undefined;
  },
): Promise<number> => {
  const config = await context.config();
  const named = (config.operators ?? (config.mode === 'sandbox' ? 'anyone' : 'named')) === 'named';
  if (!named) return asked.run(osUser());
  const gate = createGate({
    ...{ desk: await openDesk(context), clock, issuer: config.issuer, argv: given.argv },
    ...{ breakGlass: given.options.breakGlass, confirmed: given.confirmed },
    identity: () => context.identity(),
    say: (text) => void context.io.stderr.write(text),
  });
  return gate(asked.act, asked.run, asked.replay);
};

/** `caducee operators`. */
export const runOperatorsCommand = createOperatorsCommand({ desk: openDesk, clock });
