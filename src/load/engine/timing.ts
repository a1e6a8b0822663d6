/** Time as the engine sees it; tests hand in one that they move themselves. */
export interface Timing {
  /** Milliseconds with fractions, from any origin; never goes back. */
  now(): number;
  /** Calls back once after the delay, unless the returned function is called before. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemTiming: Timing = {
  now: () => performance.now(),
  after: (delayMs, callback) => {
    // Whole milliseconds are all that a timer knows; a fraction would be cut off, and the callback come too early.
    const timer = setTimeout(callback, Math.ceil(delayMs));
    return () => clearTimeout(timer);
  },
};
