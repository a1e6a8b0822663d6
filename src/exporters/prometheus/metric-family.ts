export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: Labels;
  readonly count: number;
  /** Seconds, where the name says so. */
  readonly sum: number;
  /** Upper bound and the count of all that is not above it, lowest first, without the last one of all. */
  readonly buckets: readonly (readonly [number, number])[];
}

/** All samples of one name. A counter's name ends in `_total`. */
export type MetricFamily =
  | {
      readonly type: 'counter' | 'gauge';
      readonly name: string;
      readonly help: string;
      readonly samples: readonly Sample[];
    }
  | {
      readonly type: 'histogram';
      readonly name: string;
      readonly help: string;
      readonly samples: readonly HistogramSample[];
    };

export type ScalarFamily = Extract<MetricFamily, { type: 'counter' | 'gauge' }>;
