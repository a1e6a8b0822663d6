const minuteMs = 60_000;

/** A latency or a length of time, three digits: `0.412 ms`, `38.2 ms`, `1.25 s`, `2 min 05 s`. */
export function formatMs(durationMs: number): string {
  if (durationMs < 1) return `${trimZeros(durationMs.toFixed(3))} ms`;
  if (durationMs < 1000) return `${trimZeros(durationMs.toPrecision(3))} ms`;
  if (durationMs < minuteMs) return `${trimZeros((durationMs / 1000).toPrecision(3))} s`;
  const seconds = Math.round(durationMs / 1000);
  const rest = seconds % 60;
  return `${Math.floor(seconds / 60)} min${rest === 0 ? '' : ` ${String(rest).padStart(2, '0')} s`}`;
}

export function formatCount(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+$)/g, ' ');
}

/** Requests per second. */
export function formatRate(ratePerSecond: number): string {
  return ratePerSecond >= 100 ? formatCount(ratePerSecond) : trimZeros(ratePerSecond.toPrecision(3));
}

/** A share from 0 to 1 as percent. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  return `${trimZeros(percent < 1 ? percent.toPrecision(2) : percent.toFixed(1))} %`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  const units = ['kB', 'MB', 'GB', 'TB'] as const;
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  return `${trimZeros((bytes / 1000 ** power).toPrecision(3))} ${units[power - 1] ?? 'B'}`;
}

function trimZeros(text: string): string {
  return text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : String(Number(text));
}
