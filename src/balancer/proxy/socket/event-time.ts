/** From the monotonic clock to the wall clock, milliseconds. */
let offset = Date.now() - performance.now();
let time = 0;
let isHeld = false;

/** Until the release, all that happens counts as happening now: one look at the clock for the handling of one read. */
export function holdEventTime(): void {
  time = performance.now();
  isHeld = true;
}

export function releaseEventTime(): void {
  isHeld = false;
}

/** Follows the wall clock when that is set; called a few times a second. */
export function followWallClock(): void {
  offset = Date.now() - performance.now();
}

/** When the event began that is being handled; milliseconds since the epoch. */
export function eventTime(): number {
  return steadyTime() + offset;
}

/** The same on a clock that nobody sets, for durations; milliseconds, with fractions, since some moment in the past. */
export function steadyTime(): number {
  return isHeld ? time : performance.now();
}
