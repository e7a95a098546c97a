// @ts-check
/** Goes back to the service once the other services have been told, and never waits long for one that hangs. */
const LONGEST = 4000;

const next = document.querySelector('a[data-next]');
const frames = [...document.querySelectorAll('iframe')];

const told = frames.map((frame) => new Promise((resolve) => frame.addEventListener('load', resolve)));
// The addresses wait in `data-src`, so that no frame is done before someone listens.
for (const frame of frames) frame.src = frame.dataset['src'] ?? 'about:blank';

if (next instanceof HTMLAnchorElement) {
  const late = new Promise((resolve) => setTimeout(resolve, LONGEST));
  void Promise.race([Promise.all(told), late]).then(() => location.replace(next.href));
}
