/** Tells the time; the protocol trusts the phone's clock for nothing, `iat` is informative. */
export interface Clock {
  now(): Date;
}
