import type { Layout, PackedSample } from './packed-sample.ts';

/** The newest samples of one service, oldest first. */
export class SampleWindow {
  #samples: PackedSample[] = [];
  /** Where the window begins; what stands before it is dropped now and then. */
  #start = 0;
  #bytes = 0;

  get newest(): PackedSample | undefined {
    return this.#samples.at(-1);
  }

  get layout(): Layout | undefined {
    return this.newest?.layout;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get oldestTime(): number | undefined {
    return this.#samples[this.#start]?.time;
  }

  /** A sample that is not newer than the newest, because the clock was set back, makes the window begin anew. */
  add(sample: PackedSample): void {
    if (sample.time <= (this.newest?.time ?? -Infinity)) {
      this.#samples = [];
      this.#start = 0;
      this.#bytes = 0;
    }
    this.#samples.push(sample);
    this.#bytes += sample.numbers.length;
  }

  dropBefore(time: number): void {
    while (this.#start < this.#samples.length && (this.#samples[this.#start]?.time ?? 0) < time)
      this.dropOldest();
  }

  dropOldest(): void {
    const oldest = this.#samples[this.#start];
    if (oldest === undefined) return;
    this.#bytes -= oldest.numbers.length;
    this.#start++;
    if (this.#start * 2 > this.#samples.length) {
      this.#samples = this.#samples.slice(this.#start);
      this.#start = 0;
    }
  }

  between(from: number, to: number): readonly PackedSample[] {
    const first = this.#firstFrom(from);
    const end = this.#firstFrom(to);
    return this.#samples.slice(first, this.#samples[end]?.time === to ? end + 1 : end);
  }

  /** Index of the first sample at or after the time. */
  #firstFrom(time: number): number {
    let low = this.#start;
    let high = this.#samples.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#samples[middle]?.time ?? 0) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
