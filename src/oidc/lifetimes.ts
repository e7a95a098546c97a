/** Seconds that things live which are not configuration: those of Pro Santé Connect. */
export const LIFETIMES = {
  /** Access token and ID token. */
  accessToken: 120,
  code: 60,
  /** The code that a device shows, and the one that it polls with. */
  deviceCode: 600,
  /** A sign-in, from the service's request to its answer. */
  interaction: 1800,
} as const;
