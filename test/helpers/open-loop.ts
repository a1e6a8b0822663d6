import { Agent, type IncomingMessage, request } from 'node:http';
import { eventually } from './eventually.ts';
import { summarise, type LoadRecord, type LoadResult, type Outcome } from './load-result.ts';

/**
 * A kept connection that nobody used for so long is closed. A server closes it too, later, and one that was reused in that very
 * moment fails through nobody's fault (RFC 9112 section 9.3).
 */
const longestIdleMs = 30_000;

export interface LoadOptions {
  /** Asked in turn; http only. */
  readonly urls: readonly string[];
  readonly ratePerSecond: number;
  /** Ends by itself after this time; undefined: runs until `stop` or the signal. */
  readonly durationMs?: number;
  readonly signal?: AbortSignal;
  /** Every how-many-th request is a POST with a small body; 0: none. */
  readonly postEvery?: number;
  /** Share of requests, of GETs and POSTs alike, that open a connection of their own; the rest keep theirs alive. */
  readonly freshConnectionShare?: number;
  /** Longest time from sending to the last byte. */
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Disposing of it stops it. */
export interface Load extends AsyncDisposable {
  /** Requests begun so far. */
  sent(): number;
  /** Ends the schedule, waits for what is in flight, and says what became of every request. */
  stop(): Promise<LoadResult>;
  /** Waits until that many more were sent. */
  sendMore(count: number): Promise<void>;
  /** The same result, once the schedule has ended by its duration, the signal or `stop`. */
  readonly result: Promise<LoadResult>;
}

/**
 * Sends requests on a schedule that does not wait for answers: request n is due at n / rate seconds, whatever became of those
 * before it. A client that only sends when it was answered goes easy on a server just when it stalls, and hides the stall.
 * Durations count from the moment at which a request was due. Nothing is ever retried, also not a request on a kept
 * connection that the server had just closed: such a failure carries `isReusedConnection`.
 */
export function openLoop(options: LoadOptions): Load {
  const {
    urls,
    ratePerSecond,
    durationMs = Infinity,
    signal,
    postEvery = 4,
    freshConnectionShare = 0.5,
  } = options;
  const targets = urls.map((url) => new URL(url));
  const total = Math.max(0, Math.ceil((durationMs / 1000) * ratePerSecond));
  const kept = new Agent({
    keepAlive: true,
    maxSockets: Infinity,
    maxFreeSockets: Infinity,
    timeout: longestIdleMs,
  });
  const fresh = new Agent({ keepAlive: false, maxSockets: Infinity });
  const records: LoadRecord[] = [];
  const startedAt = performance.now();
  const ended = Promise.withResolvers<LoadResult>();
  const run = Math.random().toString(36).slice(2, 8);
  let sent = 0;
  let isScheduling = true;
  let timer: NodeJS.Timeout | undefined;

  function tick(): void {
    const dueCount = Math.floor(((performance.now() - startedAt) / 1000) * ratePerSecond) + 1;
    // All that is due now goes out at once, also what an earlier tick was late for.
    while (sent < Math.min(dueCount, total)) send(sent);
    if (sent >= total) return endSchedule();
    timer = setTimeout(tick, Math.max(1, startedAt + dueMsOf(sent) - performance.now()));
  }

  function dueMsOf(index: number): number {
    return (index / ratePerSecond) * 1000;
  }

  function send(index: number): void {
    sent += 1;
    const isPost = postEvery > 0 && index % postEvery === postEvery - 1;
    const isFresh = isFreshTurn(postEvery > 0 ? Math.floor(index / postEvery) + (index % postEvery) : index);
    const target = targets[index % targets.length];
    if (target === undefined) throw new Error('openLoop needs a URL');
    const plan: RequestPlan = {
      id: `${run}-${index}`,
      target,
      method: isPost ? 'POST' : 'GET',
      connection: isFresh ? 'fresh' : 'kept',
      agent: isFresh ? fresh : kept,
      timeoutMs: options.timeoutMs ?? 10_000,
      headers: options.headers ?? {},
    };
    const lateMs = performance.now() - startedAt - dueMsOf(index);
    void follow(plan, index, lateMs);
  }

  async function follow(plan: RequestPlan, index: number, lateMs: number): Promise<void> {
    const reply = await perform(plan);
    const endedMs = performance.now() - startedAt;
    const { id, method, connection } = plan;
    const dueMs = dueMsOf(index);
    records.push({
      index,
      id,
      method,
      connection,
      dueMs,
      lateMs,
      endedMs,
      durationMs: endedMs - dueMs,
      ...reply,
    });
    if (!isScheduling && records.length === sent) finish();
  }

  /** Spreads the fresh ones evenly (Bresenham), so that the share holds for any stretch of the run. */
  function isFreshTurn(turn: number): boolean {
    return Math.floor((turn + 1) * freshConnectionShare) > Math.floor(turn * freshConnectionShare);
  }

  function endSchedule(): void {
    if (!isScheduling) return;
    isScheduling = false;
    clearTimeout(timer);
    signal?.removeEventListener('abort', endSchedule);
    if (records.length === sent) finish();
  }

  function finish(): void {
    kept.destroy();
    fresh.destroy();
    ended.resolve(summarise(records));
  }

  signal?.addEventListener('abort', endSchedule, { once: true });
  if (signal?.aborted) endSchedule();
  else tick();

  return {
    sent: () => sent,
    stop() {
      endSchedule();
      return ended.promise;
    },
    sendMore(count) {
      const goal = sent + count;
      return eventually(() => {
        if (isScheduling && sent < goal) throw new Error(`${sent} of ${goal} requests were sent`);
      });
    },
    result: ended.promise,
    async [Symbol.asyncDispose]() {
      endSchedule();
      await ended.promise;
    },
  };
}

interface RequestPlan {
  readonly id: string;
  readonly target: URL;
  readonly method: 'GET' | 'POST';
  readonly connection: 'fresh' | 'kept';
  readonly agent: Agent;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

type Reply = Pick<LoadRecord, 'outcome' | 'instance' | 'revision' | 'isReusedConnection'>;

/** Sends one request and resolves, never rejects, when its fate is known. */
function perform(plan: RequestPlan): Promise<Reply> {
  return new Promise((resolve) => {
    const body = plan.method === 'POST' ? JSON.stringify({ id: plan.id, note: 'a small body' }) : undefined;
    const outgoing = request(plan.target, {
      method: plan.method,
      agent: plan.agent,
      headers: {
        ...plan.headers,
        'x-load-id': plan.id,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
    });
    let instance: string | undefined;
    let revision: string | undefined;
    let isTimedOut = false;
    const timer = setTimeout(() => {
      isTimedOut = true;
      outgoing.destroy(new Error(`no complete answer within ${plan.timeoutMs} ms`));
    }, plan.timeoutMs);

    function settle(outcome: Outcome): void {
      clearTimeout(timer);
      resolve({ outcome, instance, revision, isReusedConnection: outgoing.reusedSocket });
    }

    outgoing.on('response', (response) => {
      instance = headerOf(response, 'x-instance') ?? headerOf(response, 'x-served-by');
      revision = headerOf(response, 'x-revision');
      readAnswer(plan, response).then(settle, (thrown: unknown) =>
        settle(isTimedOut ? { kind: 'timeout' } : { kind: 'broken-response', reason: reasonOf(thrown) }),
      );
    });
    outgoing.on('error', (error) => settle(isTimedOut ? { kind: 'timeout' } : classify(error)));
    outgoing.end(body);
  });
}

/** Reads to the end; rejects when the response breaks off. */
async function readAnswer(plan: RequestPlan, response: IncomingMessage): Promise<Outcome> {
  const status = response.statusCode ?? 0;
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (kept.length < 4) kept.push(chunk);
  }
  const answeredId = headerOf(response, 'x-load-id');
  if (answeredId !== undefined && answeredId !== plan.id)
    return { kind: 'wrong-response', reason: `the answer to ${answeredId}` };
  if (status >= 200 && status < 300) return { kind: 'ok', status, bytes };
  return { kind: 'status', status, reason: Buffer.concat(kept).toString('utf8').slice(0, 300) };
}

function classify(error: Error): Outcome {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const reason = reasonOf(error);
  if (code === 'ECONNREFUSED') return { kind: 'refused', reason };
  if (code === 'ECONNRESET' || code === 'EPIPE') return { kind: 'reset', reason };
  return { kind: 'error', reason };
}

function headerOf(response: IncomingMessage, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return 'code' in thrown ? `${String(thrown.code)} ${thrown.message}` : thrown.message;
}
