/** Message by which a waiting service worker is told to take over. */
export const TAKE_OVER = 'take-over';
