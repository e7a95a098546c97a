// @ts-check
/**
 * OpenID Connect Session Management 1.0: a service's page sends "client_id session_state" and hears "unchanged",
 * "changed" or "error". Error, never changed, when the cookie cannot be read (cookies of third parties are blocked):
 * a service would else sign its user out at each question.
 */
(() => {
  const name = document.documentElement.dataset['cookie'];

  /** @returns {{ state: string, ends: number } | undefined} */
  const readState = () => {
    try {
      const pairs = document.cookie.split('; ').map((pair) => pair.split('='));
      const value = pairs.find(([key]) => key === name)?.[1];
      const [state, ends] = (value ?? '').split('.');
      return state ? { state, ends: Number(ends) } : undefined;
    } catch {
      return undefined;
    }
  };

  /** @param {string} text */
  const hash = async (text) => {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
    return btoa(String.fromCharCode(...new Uint8Array(digest)))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '');
  };

  /**
   * @param {unknown} message
   * @param {string} origin
   */
  const answer = async (message, origin) => {
    const parts = typeof message === 'string' ? message.split(' ') : [];
    const [clientId, told] = parts;
    if (parts.length !== 2 || !clientId || !told) return 'error';
    const known = readState();
    if (!known || !globalThis.crypto?.subtle) return 'error';
    if (known.ends * 1000 <= Date.now()) return 'changed';
    const [digest, salt] = told.split('.');
    // Keycloak's own scripts send the session's name, `sid`.
    const same = salt
      ? digest === (await hash(`${clientId} ${origin} ${known.state} ${salt}`))
      : known.state === (await hash(told));
    return same ? 'unchanged' : 'changed';
  };

  addEventListener('message', (event) => {
    // A sandboxed page has no origin to answer to.
    if (event.source === null || event.source === window || event.origin === 'null') return;
    const source = /** @type {WindowProxy} */ (event.source);
    answer(event.data, event.origin).then(
      (text) => source.postMessage(text, event.origin),
      () => source.postMessage('error', event.origin),
    );
  });
})();
