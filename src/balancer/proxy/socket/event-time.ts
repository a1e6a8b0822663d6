let time = 0;
let isHeld = false;

/** Until the release, all that happens counts as happening now: one look at the clock for the handling of one read. */
export function holdEventTime(): void {
  time = Date.now();
  isHeld = true;
}

export function releaseEventTime(): void {
  isHeld = false;
}

/** When the event began that is being handled; milliseconds since the epoch. */
export function eventTime(): number {
  return isHeld ? time : Date.now();
}
