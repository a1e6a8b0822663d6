import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../test/helpers/eventually.ts';
import type { LoadRecord, LoadResult } from '../../test/helpers/load-result.ts';
import { openLoop } from '../../test/helpers/open-loop.ts';
import type { ChangedSystem } from './changed-system.ts';
import { temporaryFolder } from '../../test/helpers/temporary.ts';

export interface ChangeFigures {
  readonly system: string;
  readonly requests: number;
  readonly failed: number;
  /** By status, or by kind of failure where there was none. */
  readonly failures: Readonly<Record<string, number>>;
  /** Longest time without a good answer. */
  readonly longestGapMs: number;
  /** How long the tool's own command took. */
  readonly commandMs: number;
  /** From the change's begin until only the new release answers and nothing fails any more. */
  readonly steadyMs: number;
  readonly p99Ms: number;
}

/** Before and after a change, so that its edges are seen. */
const calmMs = 2_000;
/** Nothing may come after a steady state for so long; nginx holds an upstream down for 30 s. */
const settleMs = 4_000;
const mostMs = 90_000;

/** Changes the application under a load that does not wait for answers, and counts what clients saw of it. */
export async function measureChange(system: ChangedSystem, ratePerSecond: number): Promise<ChangeFigures> {
  await using folder = await temporaryFolder();
  await using running = await system.start(folder.path);
  await eventually(() => answers(running.url), 60_000, 100);
  await using load = openLoop({ urls: [running.url], ratePerSecond, timeoutMs: 10_000 });
  const loadBegan = performance.now();
  await sleep(calmMs);
  const changeMs = performance.now() - loadBegan;
  await running.change('2');
  const commandMs = performance.now() - loadBegan - changeMs;
  const isOver = (): boolean => performance.now() - loadBegan > changeMs + mostMs;
  let calmSince = performance.now();
  while (performance.now() - calmSince < settleMs && !isOver()) {
    if (!(await isNewRelease(running.url))) calmSince = performance.now();
    await sleep(50);
  }
  const result = await load.stop();
  return figuresOf(system.name, result, { changeMs, commandMs });
}

function figuresOf(
  system: string,
  result: LoadResult,
  { changeMs, commandMs }: { readonly changeMs: number; readonly commandMs: number },
): ChangeFigures {
  const isUnsettled = ({ outcome, instance = '' }: LoadRecord): boolean =>
    outcome.kind !== 'ok' || !instance.startsWith('2@');
  const lastUnsettledMs = result.records
    .filter(isUnsettled)
    .reduce((last, { endedMs }) => Math.max(last, endedMs), 0);
  const { '200': _good, ...failures } = result.byStatus;
  return {
    system,
    requests: result.sent,
    failed: result.failed.length,
    failures,
    longestGapMs: result.longestGapMs,
    commandMs,
    steadyMs: Math.max(0, lastUnsettledMs - changeMs),
    p99Ms: result.p99Ms,
  };
}

async function answers(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
}

async function isNewRelease(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(2_000),
      headers: { connection: 'close' },
    });
    await response.arrayBuffer();
    return response.ok && (response.headers.get('x-instance') ?? '').startsWith('2@');
  } catch {
    return false;
  }
}
