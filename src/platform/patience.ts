/**
 * Waiting, but not for ever. One timer serves all that wait at one moment, since a timer for each costs more than what
 * most of them wait for: whoever has waited through two looks of that timer is told so.
 */

interface Waiting {
  giveUp(): void;
}

/** Passes on what becomes of a promise, or fails when it takes more than once to twice `milliseconds`. */
export type Patience = <T>(promise: Promise<T>) => Promise<T>;

/** Makes a {@link Patience}; `failure` is what those are told who waited in vain. */
export const createPatience = (milliseconds: number, failure: () => Error): Patience => {
  let newcomers = new Set<Waiting>();
  let longer = new Set<Waiting>();
  let looking = false;

  const look = (): void => {
    const late = longer;
    longer = newcomers;
    newcomers = new Set();
    looking = longer.size > 0;
    if (looking) setTimeout(look, milliseconds).unref();
    for (const waiting of late) waiting.giveUp();
  };

  return (promise) =>
    new Promise((resolve, reject) => {
      const waiting: Waiting = { giveUp: () => reject(failure()) };
      const over = (): void => {
        if (!newcomers.delete(waiting)) longer.delete(waiting);
      };
      newcomers.add(waiting);
      if (!looking) {
        looking = true;
        setTimeout(look, milliseconds).unref();
      }
      promise.then(
        (value) => {
          over();
          resolve(value);
        },
        (error: unknown) => {
          over();
          reject(error as Error);
        },
      );
    });
};
