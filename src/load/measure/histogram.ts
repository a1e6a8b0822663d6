/** Each power of two is cut into this many buckets, so a bucket is at most 1/256 of its values wide. */
const subBuckets = 256;
const subBucketBits = 8;
/** Values below are kept exactly. */
const exactBelow = subBuckets * 2;
/** 2^40 µs are twelve days. */
const maxBits = 40;
const bucketCount = exactBelow + (maxBits - subBucketBits - 1) * subBuckets;
const unitsPerMs = 1000;

/**
 * Counts durations in log-linear buckets: whole microseconds up to 511 µs, from there on 256 buckets for each doubling. A
 * percentile is off by no more than half a bucket, 0.2 %, whatever was recorded; the memory is 68 kB whatever the count.
 */
export class Histogram {
  readonly #counts = new Float64Array(bucketCount);
  #count = 0;
  #sumMs = 0;
  #minMs = Number.POSITIVE_INFINITY;
  #maxMs = 0;

  record(durationMs: number): void {
    const valueMs = Math.max(0, durationMs);
    const bucket = bucketOf(Math.round(valueMs * unitsPerMs));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sumMs += valueMs;
    if (valueMs < this.#minMs) this.#minMs = valueMs;
    if (valueMs > this.#maxMs) this.#maxMs = valueMs;
  }

  add(other: Histogram): void {
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      const count = other.#counts[bucket] ?? 0;
      if (count > 0) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    }
    this.#count += other.#count;
    this.#sumMs += other.#sumMs;
    this.#minMs = Math.min(this.#minMs, other.#minMs);
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  clear(): void {
    if (this.#count === 0) return;
    this.#counts.fill(0);
    this.#count = 0;
    this.#sumMs = 0;
    this.#minMs = Number.POSITIVE_INFINITY;
    this.#maxMs = 0;
  }

  get count(): number {
    return this.#count;
  }

  /** 0 when nothing was recorded, as `maxMs` and `meanMs`. */
  get minMs(): number {
    return this.#count === 0 ? 0 : this.#minMs;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }

  /**
   * The smallest duration that at least `percent` of all recorded ones do not exceed (nearest rank), milliseconds;
   * 0 when nothing was recorded.
   */
  percentileMs(percent: number): number {
    const [value = 0] = this.percentilesMs([percent]);
    return value;
  }

  /** Several at once; `percents` in rising order. */
  percentilesMs(percents: readonly number[]): number[] {
    const values: number[] = [];
    let bucket = -1;
    let seen = 0;
    for (const percent of percents) {
      // Rounding keeps 99.9 % of 1000 at the rank 999 that arithmetic in doubles would miss.
      const rank = Math.max(1, Math.ceil(Number(((percent / 100) * this.#count).toPrecision(12))));
      while (seen < rank && bucket < bucketCount - 1) {
        bucket += 1;
        seen += this.#counts[bucket] ?? 0;
      }
      if (rank <= 1) values.push(this.minMs);
      else if (rank >= this.#count) values.push(this.maxMs);
      else values.push(Math.min(this.maxMs, Math.max(this.minMs, middleMs(bucket))));
    }
    return values;
  }
}

function bucketOf(value: number): number {
  if (value < exactBelow) return value;
  const bits = Math.min(maxBits - 1, Math.floor(Math.log2(value)));
  // Math.log2 may round 2^n - 1 up for large n; the division below then yields one bucket too few.
  const scale = 2 ** (bits - subBucketBits);
  const sub = Math.min(exactBelow - 1, Math.max(subBuckets, Math.floor(value / scale)));
  return exactBelow + (bits - subBucketBits - 1) * subBuckets + (sub - subBuckets);
}

function middleMs(bucket: number): number {
  if (bucket < exactBelow) return bucket / unitsPerMs;
  const above = bucket - exactBelow;
  const scale = 2 ** (Math.floor(above / subBuckets) + 1);
  const sub = subBuckets + (above % subBuckets);
  return ((sub + 0.5) * scale - 0.5) / unitsPerMs;
}
