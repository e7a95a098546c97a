import { hmacSha256 } from '../../platform/crypto.ts';
import type { Queryable } from '../../platform/postgres.ts';
import type { Ecps } from '../deps.ts';
import { BROWSER_SECONDS, SILENCE_SECONDS } from './limits.ts';

/** Browsers that a person already signed in from, and origins that a person reported; only HMACs are kept. */

const browserHmac = (ecps: Ecps, browserKey: string): Buffer =>
  hmacSha256(ecps.keyring.derive('ecps/known-browser'), browserKey);

/** `browserKey`: the long-lived value that the browser keeps in a cookie of ours. */
export const rememberBrowser = async (ecps: Ecps, nationalId: string, browserKey: string): Promise<void> => {
  await ecps.db.query(
    `INSERT INTO ecps_browser (national_id, browser_hmac, first_at, last_at) VALUES ($1, $2, $3, $3)
     ON CONFLICT (national_id, browser_hmac) DO UPDATE SET last_at = excluded.last_at`,
    [nationalId, browserHmac(ecps, browserKey), ecps.clock.now()],
  );
};

/** Whether this person already signed in from this browser. Same work for an identifier nobody has. */
export const isKnownBrowser = async (
  ecps: Ecps,
  nationalId: string,
  browserKey: string,
): Promise<boolean> => {
  const since = new Date(ecps.clock.now().getTime() - BROWSER_SECONDS * 1000);
  const { rowCount } = await ecps.db.query(
    'SELECT 1 FROM ecps_browser WHERE national_id = $1 AND browser_hmac = $2 AND last_at > $3',
    [nationalId, browserHmac(ecps, browserKey), since],
  );
  return rowCount === 1;
};

/** Where a sign-in comes from: its address when known, else what the browser looks like. */
export const originOf = (
  ecps: Ecps,
  from: { address?: string | undefined; browser: string; place: string },
): string =>
  hmacSha256(ecps.keyring.derive('ecps/origin'), from.address ?? `${from.browser}|${from.place}`).toString(
    'base64url',
  );

export const isSilenced = async (ecps: Ecps, nationalId: string, origin: string): Promise<boolean> => {
  const { rowCount } = await ecps.db.query(
    'SELECT 1 FROM ecps_silence WHERE national_id = $1 AND origin_hmac = $2 AND until > $3',
    [nationalId, Buffer.from(origin, 'base64url'), ecps.clock.now()],
  );
  return rowCount === 1;
};

/** A reported origin no longer reaches this person's phones for a day. */
export const silence = (ecps: Ecps, tx: Queryable, nationalId: string, origin: string) =>
  tx.query(
    `INSERT INTO ecps_silence (national_id, origin_hmac, until) VALUES ($1, $2, $3)
     ON CONFLICT (national_id, origin_hmac) DO UPDATE SET until = excluded.until`,
    [
      nationalId,
      Buffer.from(origin, 'base64url'),
      new Date(ecps.clock.now().getTime() + SILENCE_SECONDS * 1000),
    ],
  );

/** Forgets browsers not seen for long and silences that are over. */
export const sweepBrowsers = async (ecps: Ecps): Promise<void> => {
  const now = ecps.clock.now();
  await ecps.db.query('DELETE FROM ecps_browser WHERE last_at < $1', [
    new Date(now.getTime() - BROWSER_SECONDS * 1000),
  ]);
  await ecps.db.query('DELETE FROM ecps_silence WHERE until < $1', [now]);
};
