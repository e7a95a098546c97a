const DAY = 86_400_000;

/** Erases what is kept too long: now, and every day from now on. Says how to stop. */
export const purgeDaily = (purge: () => void, onError: (error: unknown) => void): (() => void) => {
  const once = () => {
    try {
      purge();
    } catch (error) {
      onError(error);
    }
  };
  once();
  const timer = setInterval(once, DAY).unref();
  return () => clearInterval(timer);
};
