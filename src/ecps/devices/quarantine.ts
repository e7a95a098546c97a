/** The hours during which a person can be expected to read that a phone was added. */
export const WAKING = { from: 7, to: 22 } as const;

const HOUR = 3_600_000;
const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (timeZone: string): Intl.DateTimeFormat => {
  const known = formats.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formats.set(timeZone, format);
  return format;
};

/** The wall clock of a time zone, as milliseconds of a UTC clock that would show the same. */
const wallClock = (instant: number, timeZone: string): number => {
  const parts = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  return Date.UTC(
    parts['year'] ?? 0,
    (parts['month'] ?? 1) - 1,
    parts['day'] ?? 1,
    parts['hour'] ?? 0,
    parts['minute'] ?? 0,
    parts['second'] ?? 0,
    ((instant % 1000) + 1000) % 1000,
  );
};

/** The instant at which the wall clock, now at `instant`, will have moved by `distance` (a change of hour included). */
const moveWall = (instant: number, distance: number, timeZone: string): number => {
  const target = wallClock(instant, timeZone) + distance;
  const guess = instant + distance;
  return guess + (target - wallClock(guess, timeZone));
};

/** The instant at which `seconds` of waking time (7–22 h local time) will have passed since `start`. */
export const afterWakingTime = (start: Date, seconds: number, timeZone: string): Date => {
  let instant = start.getTime();
  let left = seconds * 1000;
  for (;;) {
    const sinceMidnight = wallClock(instant, timeZone) % (24 * HOUR);
    if (sinceMidnight < WAKING.from * HOUR) {
      instant = moveWall(instant, WAKING.from * HOUR - sinceMidnight, timeZone);
    } else if (sinceMidnight >= WAKING.to * HOUR) {
      instant = moveWall(instant, (24 + WAKING.from) * HOUR - sinceMidnight, timeZone);
    } else {
      const today = WAKING.to * HOUR - sinceMidnight;
      if (left <= today) return new Date(instant + left);
      left -= today;
      instant += today;
    }
  }
};
