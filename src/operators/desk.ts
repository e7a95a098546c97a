import type { Queryable } from '../platform/postgres.ts';
import { constantTimeEqualText } from '../platform/crypto.ts';
import { type ActView, type DeskDeps, type SignedAct, createDrawer, viewOf } from './drawer.ts';
import { DeskError } from './problem.ts';
import {
  type ActRow,
  activeOperators,
  decideAct,
  endAct,
  findAct,
  insertAct,
  listActs,
  seeAct,
} from './repository.ts';
import { createRoster } from './roster.ts';
import { digestOf, openAct, openAnswer } from './statement.ts';

/**
 * Where operators' acts are signed in: who asks, whether they may, who must confirm, and what the others are told. What
 * an act does is the caller's; a command line calls it today, a console may tomorrow.
 */

/** The desk. Every method throws {@link DeskError} for what it refuses, and then has changed nothing. */
export const createDesk = (deps: DeskDeps) => {
  const { db, clock } = deps;

  const { operatorOf, verified, record, tellOthers, rowOf, commandOf, notWaiting } = createDrawer(deps);

  const answer = async (
    { id, operator, signature }: { id: string; operator: string; signature: string },
    decision: 'confirm' | 'refuse' | 'seen',
    change: (tx: Queryable, at: Date) => Promise<boolean>,
  ): Promise<ActRow> =>
    db.transaction(async (tx) => {
      const row = await findAct(tx, id);
      if (!row || row.operator === operator) throw notWaiting(row, id, operator);
      const statement = await verified(await operatorOf(tx, operator), (expected) =>
        openAnswer(signature, expected),
      );
      const about = constantTimeEqualText(statement.digest, row.digest.toString('base64url'));
      if (
        !about ||
        statement.id !== id ||
        statement.operator !== operator ||
        statement.decision !== decision
      ) {
        throw new DeskError('signature_wrong', 'what was signed is another answer');
      }
      if (!(await change(tx, clock.now()))) throw notWaiting(await findAct(tx, id), id, operator);
      return row;
    });

  return {
    /** True as soon as somebody is an operator. */
    isManned: async (): Promise<boolean> => (await activeOperators(db)).length > 0,

    /**
     * Takes a signed act. `run`: it is the caller's to do now, and to {@link end}; `wait`: a second operator has to confirm
     * it first. A signature presented twice begins nothing.
     */
    begin: async (signed: SignedAct): Promise<{ id: string; next: 'run' | 'wait'; expiresAt?: Date }> =>
      db.transaction(async (tx) => {
        const { act, operator, signature } = signed;
        const statement = await verified(await operatorOf(tx, operator), (expected) =>
          openAct(signature, expected),
        );
        if (!constantTimeEqualText(statement.digest, digestOf(act)) || statement.operator !== operator) {
          throw new DeskError('signature_wrong', 'what was signed is another act');
        }
        const row = rowOf(signed, statement);
        if (!(await insertAct(tx, row))) {
          throw new DeskError('act_repeated', 'this signature was used already: sign again');
        }
        await record(tx, row.break_glass ? 'operator.broke_glass' : 'operator.act_asked', row, operator);
        if (row.state === 'waiting') await tellOthers(tx, row, 'waits');
        else if (row.break_glass) await tellOthers(tx, row, 'break_glass');
        else if (row.kind === 'stop') await tellOthers(tx, row, 'done');
        return {
          id: row.id,
          next: row.state === 'waiting' ? 'wait' : 'run',
          ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
        };
      }),

    /** What became of an act that ran. */
    end: async (id: string, state: 'done' | 'failed'): Promise<void> => {
      await endAct(db, id, state);
    },

    /** What is asked, for who would confirm it: the act and its digest, which is what they sign. */
    show: async (id: string): Promise<{ view: ActView; digest: string; command: string[] }> => {
      const row = await findAct(db, id);
      if (!row) throw new DeskError('act_unknown', `no act has the id ${id}`);
      return {
        view: viewOf(row, clock.now()),
        digest: row.digest.toString('base64url'),
        command: commandOf(row),
      };
    },

    /** A second operator confirms: once, and the act is theirs to run, and to {@link end}. */
    confirm: async (given: { id: string; operator: string; signature: string }): Promise<string[]> => {
      const row = await answer(given, 'confirm', async (tx, at) => {
        const { id, operator: by, signature } = given;
        if (!(await decideAct(tx, id, { state: 'running', by, signature, at }))) return false;
        const decided = await findAct(tx, id);
        if (decided) await record(tx, 'operator.act_confirmed', decided, by);
        return true;
      });
      return commandOf(row);
    },

    /** A second operator refuses. */
    refuse: async (given: { id: string; operator: string; signature: string }): Promise<void> => {
      await answer(given, 'refuse', async (tx, at) => {
        const { id, operator: by, signature } = given;
        if (!(await decideAct(tx, id, { state: 'refused', by, signature, at }))) return false;
        const decided = await findAct(tx, id);
        if (decided) await record(tx, 'operator.act_refused', decided, by);
        return true;
      });
    },

    /** A second operator has seen what was done at once. */
    see: async (given: { id: string; operator: string; signature: string }): Promise<void> => {
      await answer(given, 'seen', async (tx, at) => {
        const { id, operator: by, signature } = given;
        if (!(await seeAct(tx, id, { by, signature, at }))) return false;
        const seen = await findAct(tx, id);
        if (seen) await record(tx, 'operator.act_seen', seen, by);
        return true;
      });
    },

    /** Acts, newest first; `open`: those that somebody has to look at. */
    acts: async ({ open = false, limit = 50 }: { open?: boolean; limit?: number } = {}): Promise<ActView[]> =>
      (await listActs(db, limit, open, clock.now())).map((row) => viewOf(row, clock.now())),

    ...createRoster(deps),
  };
};

export type Desk = ReturnType<typeof createDesk>;
