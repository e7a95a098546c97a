/**
 * Waiting, but not for ever. One timer serves all that wait at one moment, since a timer for each costs more than what
 * most of them wait for: whoever has waited through two looks of that timer is told so.
 */

interface Waiting {
  /** Those it waits among, and where: it leaves by giving its place to the last. */
  among: Waiting[];
  place: number;
  giveUp(): void;
}

/** Passes on what becomes of a promise, or fails when it takes more than once to twice `milliseconds`. */
export type Patience = <T>(promise: Promise<T>) => Promise<T>;

// No Set: a Set that many enter and leave grows a new table again and again, the old ones point to the new, and so all who
// ever waited, with what they hold, outlive their time until the collector looks through the whole heap.
const leave = ({ among, place }: Waiting): void => {
  const last = among.pop();
  if (!last || last.place === place) return;
  last.place = place;
  among[place] = last;
};

/** Makes a {@link Patience}; `failure` is what those are told who waited in vain. */
export const createPatience = (milliseconds: number, failure: () => Error): Patience => {
  let newcomers: Waiting[] = [];
  let longer: Waiting[] = [];
  let looking = false;

  const look = (): void => {
    const late = longer;
    longer = newcomers;
    newcomers = [];
    looking = longer.length > 0;
    if (looking) setTimeout(look, milliseconds).unref();
    for (const waiting of late) waiting.giveUp();
  };

  return (promise) =>
    new Promise((resolve, reject) => {
      const waiting: Waiting = {
        among: newcomers,
        place: newcomers.length,
        giveUp: () => reject(failure()),
      };
      newcomers.push(waiting);
      if (!looking) {
        looking = true;
        setTimeout(look, milliseconds).unref();
      }
      promise.then(
        (value) => {
          leave(waiting);
          resolve(value);
        },
        (error: unknown) => {
          leave(waiting);
          reject(error as Error);
        },
      );
    });
};
