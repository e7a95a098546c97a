/** Client-Initiated Backchannel Authentication: how long, how often. */

/** A request lives as long as a sign-in page, unless the service asks otherwise within these bounds. */
export const EXPIRY = { usual: 120, least: 10, most: 300 } as const;

/** Seconds between two polls, as told to services. */
export const INTERVAL_SECONDS = 2;
/** Polls sooner after another than this are told to slow down; clocks and networks get the rest of the interval. */
export const TOLERATED_SECONDS = 1;

/** Requests of one service about one person: a person is not asked without end. Alike whether the person exists. */
export const PER_PERSON = [
  { limit: 5, seconds: 300 },
  { limit: 40, seconds: 86_400 },
] as const;

export const CIBA_GRANT = 'urn:openid:params:grant-type:ciba';
