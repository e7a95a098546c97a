/**
 * What is known of an object as long as it lives: a request, a token. A WeakMap says the same, but every value that it holds
 * outlives its young object until the whole heap is looked through, which for some values per request was most of what the
 * collector had to carry.
 */
export interface Attached<K extends object, V> {
  get(to: K): V | undefined;
  set(to: K, value: V): void;
}

/** Makes one kind of attachment; `name` is for debuggers. */
export const attached = <K extends object, V>(name: string): Attached<K, V> => {
  const symbol = Symbol(name);
  return {
    get: (to) => (to as { [symbol]?: V })[symbol],
    set: (to, value) => {
      (to as { [symbol]?: V })[symbol] = value;
    },
  };
};
