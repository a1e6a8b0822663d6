/** What a binary fraction may be off by: 10 × 1.1 is 11, and not a little more. */
const epsilon = 1e-9;

export function ceilOf(value: number): number {
  return Math.max(0, Math.ceil(value - epsilon));
}

export function floorOf(value: number): number {
  return Math.floor(value + epsilon);
}

/** As many digits as a person reads and a file should hold. */
export function rounded(value: number, digits = 4): number {
  return Number(value.toPrecision(digits));
}
