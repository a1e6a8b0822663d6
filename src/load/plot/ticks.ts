/** Round numbers from 0 or `low` up to at least `high`, about as many as wanted. */
export function linearTicks(low: number, high: number, wanted: number): number[] {
  const span = high - low > 0 ? high - low : Math.max(1, Math.abs(high));
  const rough = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((each) => each * power >= rough * 0.999) ?? 10) * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil((low + span) / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/** 1, 2 and 5 times the powers of ten from at most `low` up to at least `high`; both above 0. */
export function logTicks(low: number, high: number): number[] {
  const factors = Math.log10(high / low) > 2.5 ? [1] : [1, 2, 5];
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const factor of factors) all.push(Number((factor * 10 ** power).toPrecision(3)));
  }
  const first = all.findLastIndex((each) => each <= low * 1.001);
  const last = all.findIndex((each) => each >= high * 0.999);
  return all.slice(Math.max(0, first), last < 0 ? undefined : last + 1);
}

/** Leaves out ticks that their label does not tell apart: of 1, 1.5 and 2 shown as 1, 2 and 2, the middle one goes. */
export function distinctTicks(ticks: readonly number[], label: (tick: number) => string): number[] {
  const roundest = new Map<string, number>();
  for (const tick of ticks) {
    const rival = roundest.get(label(tick));
    if (rival === undefined || String(tick).length < String(rival).length) roundest.set(label(tick), tick);
  }
  return ticks.filter((tick) => roundest.get(label(tick)) === tick);
}
