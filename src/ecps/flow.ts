/**
 * Flows are data: which action leads from which state to which. What a table does not say is illegal: a 409 for who
 * asked, and a row in the audit trail.
 */
export type FlowTable<S extends string, A extends string> = Readonly<
  Record<S, Readonly<Partial<Record<A, S>>>>
>;

/** A table with its name, which the audit trail tells. */
export interface Flow<S extends string, A extends string> {
  readonly name: string;
  readonly states: readonly S[];
  readonly actions: readonly A[];
  /** The state that `action` leads to from `state`; undefined when that pair is illegal. */
  next(state: S, action: A): S | undefined;
}

/** Makes a flow of its table. */
export const defineFlow = <S extends string, A extends string>(
  name: string,
  actions: readonly A[],
  table: FlowTable<S, A>,
): Flow<S, A> => ({
  name,
  states: Object.keys(table) as S[],
  actions,
  next: (state, action) => table[state][action],
});
