// @ts-check
/**
 * A page that waits for the phone: listens to the server (SSE), asks by itself where that fails, looks at once when
 * the tab wakes, redraws the QR and counts the time left. The server decides; this script only reloads at the right moment.
 */

const root = document.querySelector('[data-wait]');
if (root instanceof HTMLElement) wait(root);

/** @param {HTMLElement} page */
function wait(page) {
  const { next = '', status = '', events = '', qr = '', seconds = '0' } = page.dataset;
  // What the page shows; another state is another page.
  const shown = page.dataset['wait'] || 'waiting';
  const end = performance.now() + Number(seconds) * 1000;
  let leaving = false;
  /** @type {EventSource | undefined} */
  let source;

  const leave = () => {
    if (leaving) return;
    leaving = true;
    source?.close();
    location.replace(next);
  };

  /** @param {{ state?: string }} news */
  const hear = (news) => {
    if (typeof news.state === 'string' && news.state !== shown) leave();
  };

  const ask = async () => {
    if (leaving) return;
    try {
      const answer = await fetch(status, {
        headers: { accept: 'application/json' },
        cache: 'no-store',
        signal: AbortSignal.timeout(8000),
      });
      offline(false);
      if (answer.ok) hear(await answer.json());
      else if (answer.status !== 429) leave();
    } catch {
      offline(!navigator.onLine);
    }
  };

  const listen = () => {
    source?.close();
    if (leaving || typeof EventSource === 'undefined') return;
    source = new EventSource(events);
    source.addEventListener('statut', (event) => hear(JSON.parse(event.data)));
    source.addEventListener('open', () => offline(false));
  };

  /** @param {boolean} yes */
  const offline = (yes) => {
    const note = document.getElementById('offline');
    if (note) note.hidden = !yes;
  };

  const wake = () => {
    if (document.visibilityState !== 'visible') return;
    void ask();
    redraw(qr);
    if (source?.readyState !== EventSource.OPEN) listen();
  };

  listen();
  document.addEventListener('visibilitychange', wake);
  window.addEventListener('pageshow', (event) => event.persisted && wake());
  window.addEventListener('online', wake);
  window.addEventListener('offline', () => offline(true));

  // The polling that stands in for SSE: often when nothing listens, rarely when it does.
  let tick = 0;
  setInterval(() => {
    tick += 1;
    const heard = source?.readyState === EventSource.OPEN;
    if (tick % (heard ? 10 : 2) === 0) void ask();
    if (tick % 5 === 0 && document.visibilityState === 'visible') redraw(qr);
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    count(page, left);
    if (left === 0) void ask();
  }, 1000);
}

/** @param {HTMLElement} page @param {number} left seconds */
function count(page, left) {
  const shown = document.getElementById('left');
  if (shown) shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
  const spoken = document.getElementById('spoken');
  const text =
    left === 60
      ? page.getAttribute('data-spoken-60')
      : left === 30
        ? page.getAttribute('data-spoken-30')
        : undefined;
  if (spoken && text) spoken.textContent = text;
}

/** Loads the next QR beside the old one and swaps them once it is there. @param {string} url */
function redraw(url) {
  const old = document.getElementById('qr');
  if (!(old instanceof HTMLImageElement)) return;
  const fresh = new Image(old.width, old.height);
  fresh.alt = old.alt;
  fresh.className = old.className;
  fresh.addEventListener('load', () => {
    fresh.id = old.id;
    old.replaceWith(fresh);
  });
  fresh.src = `${url}?${Date.now()}`;
}
