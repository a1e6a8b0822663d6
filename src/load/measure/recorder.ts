import type { Reply } from '../client/reply.ts';
import type { ScenarioRequest } from '../scenario/scenario.ts';
import { Histogram } from './histogram.ts';
import { Interval, type IntervalRow } from './interval.ts';
import { RequestTally, Tally } from './tally.ts';

/** A target that names ever more replicas or faults must not fill the memory. */
const maxKinds = 256;
const otherKinds = '(others)';

/** Everything that is counted in the course of a load test. */
export class Recorder {
  readonly requests: readonly RequestTally[];
  /** By `X-Served-By`. */
  readonly replicas = new Map<string, Tally>();
  readonly statuses = new Map<number, number>();
  /** Why requests failed, in words, with an example of what the system said. */
  readonly faults = new Map<string, { count: number; example: string | undefined }>();
  readonly intervals: IntervalRow[] = [];
  /** How much later than it was due a request went out: the fault of this machine, never of the target. */
  readonly lag = new Histogram();
  /** The same latencies from when requests really went out. */
  readonly fromSending = new Histogram();
  sent = 0;
  answered = 0;
  failed = 0;
  dropped = 0;
  /** In flight when the test was ended early. */
  cutOff = 0;
  bytesReceived = 0;
  bytesSent = 0;
  readonly #interval = new Interval();

  constructor(requests: readonly ScenarioRequest[]) {
    this.requests = requests.map(({ name, checks }) => new RequestTally(name, checks));
  }

  get inFlight(): number {
    return this.sent - this.ended - this.cutOff;
  }

  /** Requests whose fate is known. */
  get ended(): number {
    return this.requests.reduce((sum, { ended }) => sum + ended, 0);
  }

  start(lagMs: number, bytes: number): void {
    this.sent += 1;
    this.#interval.sent += 1;
    this.bytesSent += bytes;
    this.lag.record(lagMs);
  }

  drop(): void {
    this.dropped += 1;
    this.#interval.dropped += 1;
  }

  /** `durationMs` counts from when the request was meant to go out, `fromSendingMs` from when it did. */
  end(index: number, reply: Reply, durationMs: number, fromSendingMs: number): void {
    const request = this.requests[index];
    if (request === undefined) throw new Error(`the scenario has no request ${index}`);
    this.bytesReceived += reply.bytes;
    this.#interval.bytes += reply.bytes;
    if (reply.kind === 'response' || reply.failure === 'timed out') this.fromSending.record(fromSendingMs);
    if (reply.kind === 'response') this.#endAnswered(request, reply, durationMs);
    else if (reply.failure === 'cut off') this.cutOff += 1;
    else {
      request.ended += 1;
      // It took at least that long; leaving it out would make a target look faster the more it loses.
      if (reply.failure === 'timed out') this.#recordLatency(request, durationMs);
      this.#fail(request, reply.failure, reply.reason);
    }
  }

  closeInterval(endMs: number, level: number): IntervalRow | undefined {
    const row = this.#interval.close(endMs, level, this.inFlight);
    if (row !== undefined) this.intervals.push(row);
    return row;
  }

  #endAnswered(
    request: RequestTally,
    reply: Reply & { readonly kind: 'response' },
    durationMs: number,
  ): void {
    request.ended += 1;
    request.answered += 1;
    this.answered += 1;
    this.#interval.answered += 1;
    this.#recordLatency(request, durationMs);
    this.statuses.set(reply.status, (this.statuses.get(reply.status) ?? 0) + 1);
    const fault = request.judge(reply, durationMs);
    if (fault !== undefined) this.#fail(request, fault, undefined);
    if (reply.servedBy === undefined) return;
    const replica = entryOf(this.replicas, reply.servedBy, () => new Tally());
    replica.ended += 1;
    replica.answered += 1;
    replica.latency.record(durationMs);
    if (fault !== undefined) replica.failed += 1;
  }

  #recordLatency(request: RequestTally, durationMs: number): void {
    request.latency.record(durationMs);
    this.#interval.latency.record(durationMs);
  }

  #fail(request: RequestTally, words: string, example: string | undefined): void {
    request.failed += 1;
    this.failed += 1;
    this.#interval.failed += 1;
    entryOf(this.faults, words, () => ({ count: 0, example })).count += 1;
  }
}

function entryOf<Value>(map: Map<string, Value>, key: string, create: () => Value): Value {
  const found = map.get(key);
  if (found !== undefined) return found;
  const name = map.size < maxKinds ? key : otherKinds;
  const value = map.get(name) ?? create();
  map.set(name, value);
  return value;
}
