/** What a worker asks of the main process, which alone counts for all workers. */
export type LimitAsk =
  | {
      readonly id: number;
      readonly kind: 'rate';
      readonly key: string;
      readonly intervalMs: number;
      readonly burst: number;
    }
  /** A place for one more connection; given back by `freed`. */
  | { readonly id: number; readonly kind: 'place'; readonly key: string; readonly max: number };

export interface LimitAnswer {
  readonly id: number;
  readonly isLet: boolean;
  /** How long it has to wait, or for how long nothing of its key gets through. */
  readonly waitMs: number;
}

/** Worker to main process. */
export interface LimitNotice {
  readonly type: 'limits';
  readonly asks: readonly LimitAsk[];
  /** Keys of places that are free again. */
  readonly freed: readonly string[];
}

/** Main process to worker. */
export interface LimitOrder {
  readonly type: 'limits';
  readonly answers: readonly LimitAnswer[];
}
