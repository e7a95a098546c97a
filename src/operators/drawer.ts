import { createPublicKey } from 'node:crypto';
import type { Audit, AuditEvent } from '../audit/record.ts';
import type { Act } from '../command.ts';
import { type Clock, epochSeconds } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import { DeskError } from './problem.ts';
import { type ActRow, type OperatorRow, activeOperators } from './repository.ts';
import { StatementError, digestOf } from './statement.ts';

/** What the desk's verbs have in common: an act as it is kept, read, recorded and told. */

/** An act as other operators read it. */
export interface ActView {
  id: string;
  kind: ActRow['kind'];
  name: string;
  operator: string;
  reason: string;
  state: ActRow['state'];
  breakGlass: boolean;
  askedAt: Date;
  expiresAt?: Date;
  nationalId?: string;
  second?: string;
  secondAt?: Date;
}

/** What is told to the other operators, where they have an address. */
export interface Notice {
  to: string;
  what: 'waits' | 'done' | 'break_glass';
  act: Pick<ActView, 'id' | 'name' | 'operator' | 'reason' | 'askedAt'>;
}

export interface DeskDeps {
  db: Database;
  clock: Clock;
  audit: Audit;
  keyring: KeyRing;
  issuer: string;
  /** Queues a notice in the transaction of what it tells. */
  notify(tx: Queryable, notice: Notice): Promise<void>;
}

/** Hours that an act waits for its second operator. */
export const WAITING_HOURS = 24;
const COMMAND_KEY = 'operators/command';

export const viewOf = (row: ActRow, now: Date): ActView => ({
  ...{ id: row.id, kind: row.kind, name: row.name, operator: row.operator, reason: row.reason },
  state: row.state === 'waiting' && row.expires_at !== null && row.expires_at <= now ? 'expired' : row.state,
  ...{ breakGlass: row.break_glass, askedAt: row.asked_at },
  ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  ...(row.national_id === null ? {} : { nationalId: row.national_id }),
  ...(row.second === null || row.second_at === null ? {} : { second: row.second, secondAt: row.second_at }),
});

/** What an operator presents: the act, how it is done, and both signed. */
export interface SignedAct {
  act: Act;
  /** The command line, or whatever the caller runs when a second operator confirms. */
  command: readonly string[];
  operator: string;
  signature: string;
}

/** The tools of the desk. */
export const createDrawer = (deps: DeskDeps) => {
  const { clock, audit, keyring, issuer } = deps;

  const operatorOf = async (tx: Queryable, name: string): Promise<OperatorRow> => {
    const found = (await activeOperators(tx)).find((operator) => operator.name === name);
    if (!found) throw new DeskError('operator_unknown', `${name} is not an operator`);
    return found;
  };
  const verified = async <T>(
    operator: OperatorRow,
    open: (expected: { key: ReturnType<typeof createPublicKey>; issuer: string; now: number }) => Promise<T>,
  ): Promise<T> => {
    const key = createPublicKey({ key: operator.public_key, format: 'der', type: 'spki' });
    try {
      return await open({ key, issuer, now: epochSeconds(clock.now()) });
    } catch (error) {
      if (error instanceof StatementError) throw new DeskError('signature_wrong', error.message);
      throw error;
    }
  };
  const record = (tx: Queryable, type: AuditEvent['type'], row: ActRow, operator: string): Promise<void> =>
    audit.record(tx, {
      type,
      ...(row.national_id === null ? {} : { nationalId: row.national_id }),
      details: { act: row.id, name: row.name, operator, reason: row.reason },
    });
  const tellOthers = async (tx: Queryable, row: ActRow, what: Notice['what']): Promise<void> => {
    for (const { name, email } of await activeOperators(tx)) {
      if (name === row.operator || email === null) continue;
      await deps.notify(tx, { to: email, what, act: viewOf(row, clock.now()) });
    }
  };
  const sealed = (id: string, command: readonly string[]): Buffer =>
    keyring.encrypt(COMMAND_KEY, Buffer.from(JSON.stringify(command)), id);
  const commandOf = (row: ActRow): string[] =>
    JSON.parse(keyring.decrypt(COMMAND_KEY, row.command, row.id).toString()) as string[];

  const rowOf = (signed: SignedAct, statement: { id: string; breakGlass: boolean }): ActRow => {
    const { act, operator, signature, command } = signed;
    const now = clock.now();
    const waits = act.kind === 'open' && !statement.breakGlass;
    return {
      ...{ id: statement.id, kind: act.kind, name: act.name, reason: act.reason, operator, signature },
      command: sealed(statement.id, command),
      digest: Buffer.from(digestOf(act), 'base64url'),
      national_id: act.nationalId ?? null,
      break_glass: statement.breakGlass,
      state: waits ? 'waiting' : 'running',
      asked_at: now,
      expires_at: waits ? new Date(now.getTime() + WAITING_HOURS * 3_600_000) : null,
      ...{ second: null, second_at: null },
    };
  };

  const notWaiting = (row: ActRow | undefined, id: string, by: string): DeskError => {
    if (!row) return new DeskError('act_unknown', `no act has the id ${id}`);
    if (row.operator === by) return new DeskError('act_own', 'a second operator is asked, not the same one');
    return new DeskError('act_over', `the act ${id} is ${viewOf(row, clock.now()).state} already`);
  };

  return { operatorOf, verified, record, tellOthers, rowOf, commandOf, notWaiting };
};
