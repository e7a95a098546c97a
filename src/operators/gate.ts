import type { KeyObject } from 'node:crypto';
import type { Act, ConfirmedAct } from '../command.ts';
import { EXIT, UsageError } from '../io.ts';
import { type Clock, epochSeconds } from '../platform/clock.ts';
import { id as newId } from '../platform/random.ts';
import type { Desk } from './desk.ts';
import { digestOf, signAct } from './statement.ts';

/** What the gate of the command line needs. */
export interface GateDeps {
  desk: Pick<Desk, 'begin' | 'end' | 'isManned'>;
  clock: Clock;
  issuer: string;
  /** The command line, which a confirmation runs again. */
  argv: readonly string[];
  breakGlass: boolean;
  /** Set while a confirmed act runs. */
  confirmed?: ConfirmedAct | undefined;
  identity(): Promise<{ name: string; key: KeyObject }>;
  say(text: string): void;
}

const UNMANNED =
  'No operator is registered, so nobody may do this. Register two: caducee operators add NAME KEY (docs/operators.md).';

/**
 * What stands before an operator's act on the command line: a reason, a signature, and for what opens something the second
 * operator. Returns {@link CommandContext.act}.
 */
export const createGate = (deps: GateDeps) => {
  const { desk, clock, issuer, confirmed, breakGlass, say } = deps;

  const carryOut = async (
    id: string,
    operator: string,
    run: (operator: string) => Promise<number>,
  ): Promise<number> => {
    let code: number = EXIT.failed;
    try {
      code = await run(operator);
      return code;
    } finally {
      await desk.end(id, code === EXIT.done ? 'done' : 'failed');
    }
  };

  return async (
    act: Act,
    run: (operator: string) => Promise<number>,
    replay: readonly string[] = deps.argv,
  ): Promise<number> => {
    if (confirmed) {
      if (digestOf(act) !== confirmed.digest) {
        throw new UsageError(
          'This would no longer do what was asked and confirmed: nothing was done. Ask again.',
        );
      }
      return carryOut(confirmed.id, confirmed.operator, run);
    }
    if (!(await desk.isManned())) throw new UsageError(UNMANNED);
    if (act.reason.trim() === '') throw new UsageError('An operator’s act needs --reason "why".');
    const { name: operator, key } = await deps.identity();
    const statement = {
      ...{ iss: issuer, iat: epochSeconds(clock.now()), id: newId('act'), operator },
      ...{ digest: digestOf(act), breakGlass: breakGlass && act.kind === 'open' },
    };
    const signature = await signAct(statement, key);
    const begun = await desk.begin({ act, command: replay, operator, signature });
    if (begun.next === 'wait') {
      say(
        `Nothing is done yet: another operator confirms it until ${begun.expiresAt?.toISOString() ?? ''}, with\n  caducee operators confirm ${begun.id}\n`,
      );
      return EXIT.waiting;
    }
    if (statement.breakGlass) {
      say(
        `BREAK-GLASS: done without a second operator. All of them are told, and the audit says so (${begun.id}).\n`,
      );
    }
    return carryOut(begun.id, operator, run);
  };
};
