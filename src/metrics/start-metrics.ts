import type { BalancerObservation } from '../balancer/balancer-driver.ts';
import { MetricsHistory } from './history/history.ts';
import { MetricsStore, windowMs } from './metrics-store.ts';
import { runSampler, type SamplerOptions } from './sampler.ts';
import type { PackedSample } from './window/packed-sample.ts';

export interface MetricsOptions extends Omit<SamplerOptions, 'onSample' | 'onRound'> {
  /** Absolute; the history is kept below it. */
  readonly directory: string;
  /** Told, a line each, what is wrong with the files. */
  readonly onWarning: (line: string) => void;
}

/** What was measured, and goes on being measured until it is disposed of. */
export interface Metrics extends AsyncDisposable {
  readonly store: MetricsStore;
  readonly history: MetricsHistory;
  /** What the balancer said last; undefined before the first time. */
  readonly observation: () => BalancerObservation | undefined;
}

/** Begins with what a daemon before has left on disk. */
export async function startMetrics(options: MetricsOptions): Promise<Metrics> {
  const { clock, directory, onWarning } = options;
  const store = new MetricsStore();
  const history = new MetricsHistory({ directory, onWarning });
  const now = clock.now();
  for (const sample of await history.read(now - windowMs, now, now, () => true)) store.restore(sample);

  const ending = new AbortController();
  let observation: BalancerObservation | undefined;
  let round: PackedSample[] = [];
  const running = runSampler(
    {
      ...options,
      onSample: (sample) => void round.push(store.add(sample)),
      onRound: (time, observed) => {
        observation = observed ?? observation;
        store.trim(time);
        void history.add(time, round);
        round = [];
      },
    },
    ending.signal,
  );
  return {
    store,
    history,
    observation: () => observation,
    /** May be called again. */
    async [Symbol.asyncDispose]() {
      ending.abort();
      await running;
      await history.written();
    },
  };
}
