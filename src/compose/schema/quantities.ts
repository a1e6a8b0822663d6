const nanosecondsOf: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};
const maxNanoseconds = 2n ** 63n - 1n;
const durationPart = /([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h|d|w)/y;

/**
 * Nanoseconds of a Compose duration such as `1m30s`, `1.5h` or `2d`, or undefined when it is none. A number needs its
 * unit, except 0.
 */
export function parseDuration(text: string): bigint | undefined {
  const sign = text.startsWith('-') ? -1n : 1n;
  const unsigned = text.replace(/^[-+]/, '');
  if (unsigned === '0') return 0n;
  let total = 0n;
  let position = 0;
  while (position < unsigned.length) {
    durationPart.lastIndex = position;
    const match = durationPart.exec(unsigned);
    const [whole = '', integer = '', fraction = '', unit = ''] = match ?? [];
    if (match === null || (integer === '' && fraction === '') || whole.length > 64) return undefined;
    const scale = nanosecondsOf[unit] ?? 0n;
    total += BigInt(integer || '0') * scale;
    if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
    position = durationPart.lastIndex;
  }
  return position === 0 || total > maxNanoseconds ? undefined : sign * total;
}

/** A duration as docker compose prints it: `1h0m0s`, `1m30s`, `1.5s`, `100ms`, `0s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds < 0n) return `-${formatDuration(-nanoseconds)}`;
  if (nanoseconds === 0n) return '0s';
  if (nanoseconds < 1_000n) return `${nanoseconds}ns`;
  if (nanoseconds < 1_000_000n) return `${decimal(nanoseconds, 3)}µs`;
  if (nanoseconds < 1_000_000_000n) return `${decimal(nanoseconds, 6)}ms`;
  const minutes = nanoseconds / 60_000_000_000n;
  const seconds = `${decimal(nanoseconds % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  const hours = minutes / 60n;
  return hours === 0n ? `${minutes}m${seconds}` : `${hours}h${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, digits: number): string {
  const scale = 10n ** BigInt(digits);
  const fraction = (value % scale).toString().padStart(digits, '0').replace(/0+$/, '');
  return fraction === '' ? String(value / scale) : `${value / scale}.${fraction}`;
}

export function durationMs(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1_000_000;
}

/** Bytes of a Compose size such as `64M`, `1.5gb`, `2 GiB` or `1024`, or why it is none. */
export function parseBytes(text: string): number | { readonly problem: string } {
  if (/^[-+]?[0-9]+$/.test(text)) return Number(text);
  const match = /^(.*[0-9.])? ?([^0-9. ]*)$/s.exec(text);
  const [, amount, suffix = ''] = match ?? [];
  if (amount === undefined || !/^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/.test(amount)) {
    return { problem: `invalid size: '${text}'` };
  }
  const size = Number(amount);
  if (size < 0) return { problem: `invalid size: '${text}'` };
  const unit = /^(?:b?|([kmgtp])(?:i?b)?)$/.exec(suffix.toLowerCase());
  if (unit === null) return { problem: `invalid suffix: '${suffix}'` };
  const exponent = unit[1] === undefined ? 0 : 'kmgtp'.indexOf(unit[1]) + 1;
  return Math.trunc(size * 1024 ** exponent);
}

/** The shortest number that is the same in 32-bit floating point, which is what Compose keeps of a ratio. */
export function toFloat32(value: number): number {
  const rounded = Math.fround(value);
  for (let digits = 1; digits <= 9; digits += 1) {
    const short = Number(rounded.toPrecision(digits));
    if (Math.fround(short) === rounded) return short;
  }
  return rounded;
}
