import type { MetricsSource, ServiceSample } from './metrics-source.ts';
import type { ServiceDetail } from './sample/sample-detail.ts';
import { packSample, unpackSample, type PackedSample } from './window/packed-sample.ts';
import { SampleWindow } from './window/sample-window.ts';

/** How far back every sample is kept. */
export const windowMs = 15 * 60_000;
/** All windows together; beyond it they reach less far back. Some 300 bytes are a replica's sample. */
const defaultMaxBytes = 64 << 20;

interface Kept {
  readonly window: SampleWindow;
  latest: ServiceDetail | undefined;
}

/** The samples of the last quarter of an hour, in memory. */
export class MetricsStore implements MetricsSource {
  readonly #services = new Map<string, Kept>();
  readonly #watchers = new Set<(sample: ServiceSample) => void>();
  readonly #maxBytes: number;

  constructor(maxBytes = defaultMaxBytes) {
    this.#maxBytes = maxBytes;
  }

  /** Adds a sample, tells the watchers, and returns it as it is kept. */
  add(sample: ServiceDetail): PackedSample {
    const kept = this.#keep(sample.stack, sample.service);
    const packed = packSample(sample, kept.window.layout);
    kept.window.add(packed);
    kept.latest = sample;
    for (const watcher of this.#watchers) watcher(sample);
    return packed;
  }

  /** A sample from before this daemon's time; it makes no window newer than it is. */
  restore(packed: PackedSample): void {
    const { window } = this.#keep(packed.layout.stack, packed.layout.service);
    if (packed.time > (window.newest?.time ?? 0)) window.add(packed);
  }

  /** Forgets what is too old, and services that were last seen so long ago. */
  trim(now: number): void {
    for (const [key, { window }] of this.#services) {
      window.dropBefore(now - windowMs);
      if (window.newest === undefined || window.newest.time < now - windowMs) this.#services.delete(key);
    }
    let bytes = this.bytes;
    while (bytes > this.#maxBytes) {
      const oldest = [...this.#services.values()]
        .map(({ window }) => window)
        .reduce((one, other) =>
          (other.oldestTime ?? Infinity) < (one.oldestTime ?? Infinity) ? other : one,
        );
      const before = oldest.bytes;
      oldest.dropOldest();
      if (oldest.bytes === before) return;
      bytes -= before - oldest.bytes;
    }
  }

  /** Of all windows, without what little comes with each sample. */
  get bytes(): number {
    let sum = 0;
    for (const { window } of this.#services.values()) sum += window.bytes;
    return sum;
  }

  /** The newest sample of each service, of one stack or all. Left out: services that were not in the newest round. */
  current(stack?: string): readonly ServiceDetail[] {
    const latest = [...this.#services.values()].flatMap(({ latest }) => latest ?? []);
    const newest = latest.reduce((time, sample) => Math.max(time, sample.time), 0);
    return latest.filter(
      (sample) => sample.time === newest && (stack === undefined || sample.stack === stack),
    );
  }

  latest(stack: string, service: string): ServiceDetail | undefined {
    return this.#services.get(keyOf(stack, service))?.latest;
  }

  between(stack: string, service: string, from: number, to: number): readonly ServiceDetail[] {
    return this.packedBetween(stack, service, from, to).map(unpackSample);
  }

  /** The same for who takes a few of many. */
  packedBetween(stack: string, service: string, from: number, to: number): readonly PackedSample[] {
    return this.#services.get(keyOf(stack, service))?.window.between(from, to) ?? [];
  }

  /** Services of a stack of which there are samples. */
  servicesOf(stack: string): readonly string[] {
    const layouts = [...this.#services.values()].flatMap(({ window }) => window.layout ?? []);
    return layouts.filter((layout) => layout.stack === stack).map(({ service }) => service);
  }

  watch(onSample: (sample: ServiceSample) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    // Each call counts by itself, even with the same function.
    const watcher = (sample: ServiceSample): void => onSample(sample);
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => this.#watchers.delete(watcher), { once: true });
  }

  #keep(stack: string, service: string): Kept {
    const key = keyOf(stack, service);
    const known = this.#services.get(key);
    if (known !== undefined) return known;
    const kept = { window: new SampleWindow(), latest: undefined };
    this.#services.set(key, kept);
    return kept;
  }
}

function keyOf(stack: string, service: string): string {
  return `${stack}/${service}`;
}
