/**
 * Many small questions at once as few large ones. While one is under way, those that come wait and go together in the next:
 * alone, a question leaves at once; under load, the cost of a round trip is shared. Nobody is given an answer that was
 * asked for before the question was put.
 */

interface Waiting<T, R> {
  item: T;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/** Makes a function that hands its items over in batches; `work` answers in the order of the items. */
export const gather = <T, R>(
  work: (items: readonly T[]) => Promise<readonly R[]>,
  most = 500,
): ((item: T) => Promise<R>) => {
  let waiting: Waiting<T, R>[] = [];
  let busy = false;

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, most);
      waiting = waiting.slice(most);
      try {
        const results = await work(batch.map(({ item }) => item));
        for (const [index, { resolve }] of batch.entries()) resolve(results[index] as R);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    busy = false;
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (busy) return;
      busy = true;
      // Those that came in the same turn of the event loop go together.
      setImmediate(() => void run());
    });
};
