/**
 * Calls `onGone` once when the process that started this one is gone, however it ended: npm killed with -9 sends no
 * signal, and its child would live on. Returns the function that stops watching.
 */
export const watchParent = (onGone: () => void, everyMs = 500): (() => void) => {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
};
