import { DeskError } from './problem.ts';
import type { DeskDeps } from './drawer.ts';
import {
  type OperatorRow,
  activeOperators,
  insertOperator,
  listOperators,
  lockOperators,
  removeOperator,
} from './repository.ts';

/** Who is an operator. */
export const createRoster = ({ db, clock, audit }: Pick<DeskDeps, 'db' | 'clock' | 'audit'>) => ({
  operators: (): Promise<OperatorRow[]> => listOperators(db),

  /** Registers an operator. The caller has had it confirmed, unless there are not two who could. */
  add: async (operator: {
    name: string;
    publicKey: Buffer;
    email?: string | undefined;
    by?: string | undefined;
  }): Promise<void> =>
    db.transaction(async (tx) => {
      await lockOperators(tx);
      const others = (await activeOperators(tx)).length;
      if (operator.by === undefined && others > 0) {
        throw new DeskError('too_few', 'there are operators already: one of them adds the next');
      }
      if (!(await insertOperator(tx, { ...operator, at: clock.now() }))) {
        throw new DeskError('name_taken', 'this name or this key is, or was, somebody’s: choose another');
      }
      await audit.record(tx, {
        type: 'operator.added',
        details: { name: operator.name, operator: operator.by ?? '', others },
      });
    }),

  /** Ends what an operator may do; the last two stay, or nobody could confirm anything. */
  remove: async (name: string, by: string): Promise<void> =>
    db.transaction(async (tx) => {
      await lockOperators(tx);
      const active = await activeOperators(tx);
      if (!active.some((operator) => operator.name === name)) {
        throw new DeskError('operator_unknown', `${name} is not an operator`);
      }
      if (active.length <= 2) {
        throw new DeskError('too_few', 'two operators stay: add another one first');
      }
      await removeOperator(tx, name, clock.now());
      await audit.record(tx, { type: 'operator.removed', details: { name, operator: by } });
    }),
});
