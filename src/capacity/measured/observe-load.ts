import type { LoadReport } from '../../load/report/load-report.ts';
import type { Observation } from './bench.ts';

/**
 * The part of a load test during which it ran evenly: what came before `warmMs` and after the schedule is not counted in
 * the throughput.
 */
export function observeLoad(report: LoadReport, warmMs: number, machineCpu: number): Observation {
  const { intervals, plannedMs, latencyMs, failedShare, generator } = report;
  // Stretches end a little after their time, as timers do.
  const even = intervals.filter(({ startMs, endMs }) => startMs >= warmMs * 0.9 && endMs <= plannedMs * 1.05);
  const first = even[0];
  const last = even.at(-1);
  const spanMs = first === undefined || last === undefined ? 0 : last.endMs - first.startMs;
  const count = even.reduce((sum, interval) => sum + interval.answered, 0);
  return {
    throughput: spanMs > 0 ? (count * 1000) / spanMs : report.answeredPerSecond,
    p50Ms: latencyMs.p50,
    p95Ms: latencyMs.p95,
    failedShare,
    machineCpu,
    generatorCores: generator.cpuCores,
  };
}
