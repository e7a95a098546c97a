// @ts-check
/** Sandbox only: keeps the text of the QR code up to date, for the virtual phone of the command line. */

const shown = document.querySelector('[data-qr-text]');
if (shown instanceof HTMLElement) {
  const url = shown.dataset['qrText'] ?? '';
  setInterval(() => {
    fetch(url, { cache: 'no-store' })
      .then(async (answer) => {
        if (answer.ok) shown.textContent = await answer.text();
      })
      // The page goes on by itself; an old text is refused by the server.
      .catch(() => undefined);
  }, 5000);
}
