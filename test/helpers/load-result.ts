/** What became of one request. */
export type Outcome =
  | { readonly kind: 'ok'; readonly status: number; readonly bytes: number }
  /** A complete answer that is not 2xx; the reason is the beginning of its body. */
  | { readonly kind: 'status'; readonly status: number; readonly reason: string }
  /** No connection was accepted. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The connection ended before a response began. */
  | { readonly kind: 'reset'; readonly reason: string }
  /** The response ended before it was complete. */
  | { readonly kind: 'broken-response'; readonly reason: string }
  /** The answer to another request. */
  | { readonly kind: 'wrong-response'; readonly reason: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'error'; readonly reason: string };

/** Times in milliseconds; `dueMs` and `endedMs` count from the start of the load. */
export interface LoadRecord {
  /** Place in the schedule, from 0. */
  readonly index: number;
  /** Sent as `X-Load-Id`. */
  readonly id: string;
  readonly method: 'GET' | 'POST';
  readonly connection: 'fresh' | 'kept';
  /** It went out on a connection that had carried another request before. */
  readonly isReusedConnection: boolean;
  readonly dueMs: number;
  /** How late the client itself sent it. */
  readonly lateMs: number;
  readonly endedMs: number;
  /** From the moment at which it was due. */
  readonly durationMs: number;
  readonly outcome: Outcome;
  /** `X-Instance` of the replica, else `X-Served-By` of the proxy. */
  readonly instance: string | undefined;
  /** `X-Revision` of the replica. */
  readonly revision: string | undefined;
}

export interface LoadResult {
  readonly sent: number;
  readonly ok: number;
  readonly failed: readonly LoadRecord[];
  /** By status, and by kind of failure where there was none: `{200: 980, 503: 2, reset: 1}`. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** Good answers by instance. */
  readonly byInstance: Readonly<Record<string, number>>;
  /** Longest time without a good answer, the ends of the run included. */
  readonly longestGapMs: number;
  /** Of good answers. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Worst lateness of the client itself: when it is large, the machine was too busy to judge by times. */
  readonly worstLateMs: number;
  readonly records: readonly LoadRecord[];
}

export function summarise(records: readonly LoadRecord[]): LoadResult {
  const good = records.filter(({ outcome }) => outcome.kind === 'ok');
  const durations = good.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
  return {
    sent: records.length,
    ok: good.length,
    failed: records.filter(({ outcome }) => outcome.kind !== 'ok'),
    byStatus: count(
      records.map(({ outcome }) => ('status' in outcome ? String(outcome.status) : outcome.kind)),
    ),
    byInstance: count(good.map(({ instance }) => instance ?? 'unknown')),
    longestGapMs: longestGap(records, good),
    p50Ms: percentile(durations, 0.5),
    p99Ms: percentile(durations, 0.99),
    worstLateMs: largest(records.map(({ lateMs }) => lateMs)),
    records,
  };
}

/** One line for a report or an assertion's message. */
export function describeLoad(result: LoadResult): string {
  const { sent, ok, failed, byStatus, byInstance, longestGapMs, p50Ms, p99Ms, worstLateMs } = result;
  const times = `gap ${longestGapMs.toFixed(0)} ms, p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms`;
  const head = `${ok} of ${sent} ok, ${JSON.stringify(byStatus)}, ${JSON.stringify(byInstance)}, ${times}, client at most ${worstLateMs.toFixed(0)} ms late`;
  const examples = failed
    .slice(0, 5)
    .map(({ id, method, connection, dueMs, durationMs, instance, isReusedConnection, outcome }) => {
      const how = `${method} ${id} (${connection}${isReusedConnection ? ', reused' : ''}) due at ${dueMs.toFixed(0)} ms, ended ${durationMs.toFixed(0)} ms later`;
      return `  ${how}, by ${instance ?? 'nobody'}: ${JSON.stringify(outcome)}`;
    });
  return [head, ...examples].join('\n');
}

function longestGap(records: readonly LoadRecord[], good: readonly LoadRecord[]): number {
  const last = largest(records.map(({ endedMs }) => endedMs));
  const moments = [0, ...good.map(({ endedMs }) => endedMs).sort((a, b) => a - b), last];
  return moments.reduce((longest, moment, at) => Math.max(longest, moment - (moments[at - 1] ?? 0)), 0);
}

/** Of numbers from 0 up; a long run has more of them than Math.max takes arguments. */
function largest(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b), 0);
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

function count(keys: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}
