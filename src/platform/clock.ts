/**
 * The only place that asks what time it is. Everything that depends on time takes a {@link Clock},
 * so that tests move time instead of waiting for it.
 */
export interface Clock {
  /** The current instant. */
  now(): Date;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => new Date() };

/** A clock that stands still until it is moved; for tests and for replaying a day. */
export class ManualClock implements Clock {
  #now: number;

  constructor(start: Date | string | number = Date.now()) {
    this.#now = new Date(start).getTime();
  }

  now(): Date {
    return new Date(this.#now);
  }

  /** Moves time forward (or back, with a negative number) by this many seconds. */
  advance(seconds: number): void {
    this.#now += seconds * 1000;
  }

  set(instant: Date | string | number): void {
    this.#now = new Date(instant).getTime();
  }
}

/** Seconds since the epoch, as JWT and OpenID Connect count them. */
export const epochSeconds = (instant: Date): number => Math.floor(instant.getTime() / 1000);
