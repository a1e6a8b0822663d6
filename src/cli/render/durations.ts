const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** How long something took: `0.4 s`, `12.0 s`, `2 min 05 s`. */
export function formatElapsed(elapsedMs: number): string {
  const wholeMs = Math.max(0, elapsedMs);
  if (wholeMs < minuteMs) return `${(wholeMs / secondMs).toFixed(1)} s`;
  const seconds = Math.floor(wholeMs / secondMs);
  return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`;
}

/** How long something has been so: `12 s`, `5 min`, `3 h 07 min`, `4 d 2 h`. */
export function formatAge(ageMs: number): string {
  const wholeMs = Math.max(0, ageMs);
  if (wholeMs < minuteMs) return `${Math.floor(wholeMs / secondMs)} s`;
  if (wholeMs < hourMs) return `${Math.floor(wholeMs / minuteMs)} min`;
  if (wholeMs < dayMs) {
    return `${Math.floor(wholeMs / hourMs)} h ${twoDigits(Math.floor((wholeMs % hourMs) / minuteMs))} min`;
  }
  return `${Math.floor(wholeMs / dayMs)} d ${Math.floor((wholeMs % dayMs) / hourMs)} h`;
}
