import { cpus } from 'node:os';

/** Begins to watch; the returned function gives the share of all processors' time that was used since, from 0 to 1. */
export function watchMachineCpu(): () => number {
  const before = totals();
  return () => {
    const after = totals();
    const all = after.all - before.all;
    return all <= 0 ? 0 : 1 - (after.idle - before.idle) / all;
  };
}

function totals(): { readonly all: number; readonly idle: number } {
  let all = 0;
  let idle = 0;
  for (const { times } of cpus()) {
    all += times.user + times.nice + times.sys + times.irq + times.idle;
    idle += times.idle;
  }
  return { all, idle };
}
