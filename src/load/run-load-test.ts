import { createHttpClient } from './client/http-client.ts';
import { runLoad } from './engine/run-load.ts';
import { systemTiming } from './engine/timing.ts';
import type { IntervalRow } from './measure/interval.ts';
import type { Recorder } from './measure/recorder.ts';
import { buildReport } from './report/build-report.ts';
import type { LoadReport } from './report/load-report.ts';
import type { Scenario } from './scenario/scenario.ts';
import type { LoadTarget } from './target/load-target.ts';
import { wireRequests } from './target/wire-requests.ts';

export interface LoadTest {
  readonly scenario: Scenario;
  readonly target: LoadTarget;
  /** Ends it early, in order. */
  readonly stop: AbortSignal;
  /** Ends it at once. */
  readonly abandon: AbortSignal;
  readonly onInterval?: (row: IntervalRow, recorder: Recorder) => void;
}

/** Runs a scenario against a target over HTTP and reports. Never fails for what the target does. */
export async function runLoadTest({ scenario, target, ...options }: LoadTest): Promise<LoadReport> {
  using sender = createHttpClient(target.address);
  const requests = wireRequests(scenario, target);
  const startedAt = Date.now();
  const cpu = process.cpuUsage();
  const measurement = await runLoad({ scenario, requests, sender, timing: systemTiming, ...options });
  const { user, system } = process.cpuUsage(cpu);
  return buildReport(measurement, { scenario, target: target.url, startedAt, cpuMicros: user + system });
}
