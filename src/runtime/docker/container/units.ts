const nanosecondsPer: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
  w: 604_800e9,
};

/** Nanoseconds of a Compose duration such as `1m30s` or `1.5h`. */
export function nanoseconds(duration: string): number {
  let total = 0;
  for (const [, amount, unit] of duration.matchAll(/([\d.]+)([a-zµμ]+)/g)) {
    total += Number(amount) * (nanosecondsPer[unit ?? ''] ?? 0);
  }
  return Math.round(total);
}

/** A canonical byte size, or any other whole number that may be written as text. */
export function wholeNumber(value: string | number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** Permission bits: numbers are taken as they are, text is octal (`0440`). */
export function permissionBits(mode: string | number | undefined, otherwise: number): number {
  if (mode === undefined) return otherwise;
  return typeof mode === 'number' ? mode : Number.parseInt(mode.replace(/^0o/, ''), 8);
}
