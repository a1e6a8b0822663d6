/* How figures are written. Times are milliseconds. */

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** What nobody measured. */
export const unknownFigure = '–';

/** Three digits that matter: `0.42`, `4.2`, `42`, `4,200`. */
export function formatNumber(value: number | undefined): string {
  if (value === undefined) return unknownFigure;
  if (value === 0) return '0';
  if (value < 0.01) return '<0.01';
  if (value < 1) return value.toFixed(2);
  if (value < 10) return value.toFixed(1);
  return Math.round(value).toLocaleString('en');
}

/** A whole number: `4`, `4,200`. */
export function formatCount(value: number | undefined): string {
  return value === undefined ? unknownFigure : Math.round(value).toLocaleString('en');
}

/** `0.8 ms`, `42 ms`, `1.2 s`. */
export function formatLatency(ms: number | undefined): string {
  if (ms === undefined) return unknownFigure;
  if (ms === 0) return '0 ms';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `340 MiB`, `1.2 GiB`. */
export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) return unknownFigure;
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 && unit > 0 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value)} ${byteUnits[unit]}`;
}

/** Processors as per cent of one core, which is how `top` says it: `42 %`, `180 %`. */
export function formatCores(cores: number | undefined): string {
  if (cores === undefined) return unknownFigure;
  const percent = cores * 100;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** A part of a whole: `0 %`, `0.4 %`, `42 %`. */
export function formatShare(share: number | undefined): string {
  if (share === undefined) return unknownFigure;
  const percent = share * 100;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** How long something took or has been so: `0.4 s`, `12 s`, `5 min`, `3 h 7 min`, `4 d 2 h`. */
export function formatDuration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < 10 * secondMs) return `${(whole / secondMs).toFixed(1)} s`;
  if (whole < minuteMs) return `${Math.floor(whole / secondMs)} s`;
  if (whole < hourMs) return `${Math.floor(whole / minuteMs)} min`;
  if (whole < dayMs) return `${Math.floor(whole / hourMs)} h ${Math.floor((whole % hourMs) / minuteMs)} min`;
  return `${Math.floor(whole / dayMs)} d ${Math.floor((whole % dayMs) / hourMs)} h`;
}

/** As `formatDuration`, in whole seconds: for what is counted on while it is looked at. */
export function formatAge(ms: number): string {
  return ms < minuteMs ? `${Math.max(0, Math.floor(ms / secondMs))} s` : formatDuration(ms);
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** Local time of day: `03:12:07`; of another day with its date: `21 Nov 03:12`. */
export function formatTime(time: number, now: number): string {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date(now).toDateString();
  const clock = `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
  if (isToday) return `${clock}:${twoDigits(date.getSeconds())}`;
  return `${date.getDate()} ${date.toLocaleString('en', { month: 'short' })} ${clock}`;
}

/** `1 replica`, `3 replicas`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

export function shortRevision(revision: string): string {
  return revision.slice(0, 8);
}
