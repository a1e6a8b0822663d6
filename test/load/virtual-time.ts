import type { OnReply } from '../../src/load/client/connection.ts';
import type { HttpRequest } from '../../src/load/client/http-request.ts';
import type { Reply } from '../../src/load/client/reply.ts';
import { runLoad, type LoadRun, type Measurement, type Sender } from '../../src/load/engine/run-load.ts';
import type { Timing } from '../../src/load/engine/timing.ts';
import { quickScenario, type QuickOptions } from '../../src/load/scenario/quick-scenario.ts';
import type { Scenario } from '../../src/load/scenario/scenario.ts';

/** Time that passes only when it is told to, so that figures are exact. */
export class VirtualTime implements Timing {
  #now = 0;
  #order = 0;
  readonly #timers: { at: number; order: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), order: (this.#order += 1), callback };
    const place = this.#timers.findIndex((each) => each.at > timer.at);
    this.#timers.splice(place < 0 ? this.#timers.length : place, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  /** Lets time pass until nothing is left to happen, or to the given time. */
  run(untilMs = Number.POSITIVE_INFINITY): void {
    for (;;) {
      const next = this.#timers[0];
      if (next === undefined || next.at > untilMs) break;
      this.#timers.shift();
      this.#now = next.at;
      next.callback();
    }
    if (Number.isFinite(untilMs)) this.#now = untilMs;
  }
}

export function answer(changes: Partial<Reply & { kind: 'response' }> = {}): Reply {
  return { kind: 'response', status: 200, bytes: 100, servedBy: undefined, body: undefined, ...changes };
}

export interface VirtualServer extends Sender {
  /** When each request came, in its order. */
  readonly arrivals: number[];
  /** Most requests that were under way at a time. */
  readonly mostAtATime: number;
}

/** Answers the request with the index after the time that `durationMs` gives. */
export function virtualServer(
  time: VirtualTime,
  durationMs: (index: number, now: number) => number,
  replyTo: (index: number, request: HttpRequest) => Reply = () => answer(),
): VirtualServer {
  const arrivals: number[] = [];
  const underWay = new Map<OnReply, () => void>();
  let mostAtATime = 0;
  return {
    arrivals,
    get mostAtATime() {
      return mostAtATime;
    },
    send(request, onReply) {
      const index = arrivals.push(time.now()) - 1;
      const cancel = time.after(durationMs(index, time.now()), () => {
        underWay.delete(onReply);
        onReply(replyTo(index, request));
      });
      underWay.set(onReply, cancel);
      mostAtATime = Math.max(mostAtATime, underWay.size);
    },
    cutOff() {
      for (const [onReply, cancel] of underWay) {
        cancel();
        onReply({ kind: 'failure', failure: 'cut off', reason: 'cut off', bytes: 0 });
      }
      underWay.clear();
    },
  };
}

const never = new AbortController().signal;

/** A run with one stand-in request for each of the scenario. */
export function loadRun(
  scenario: Scenario,
  sender: Sender,
  timing: Timing,
  changes: Partial<LoadRun> = {},
): LoadRun {
  const requests = scenario.requests.map(({ name, timeoutMs }) => ({
    bytes: Buffer.from(name),
    isHead: false,
    timeoutMs,
    isBodyKept: true,
  }));
  return { scenario, requests, sender, timing, stop: never, abandon: never, ...changes };
}

/** Runs the load in virtual time, to its end. */
export async function runVirtually(
  options: QuickOptions | Scenario,
  durationMs: (index: number, now: number) => number,
  replyTo?: (index: number, request: HttpRequest) => Reply,
): Promise<Measurement & { readonly server: VirtualServer }> {
  const time = new VirtualTime();
  const server = virtualServer(time, durationMs, replyTo);
  const scenario = 'shape' in options ? options : quickScenario('test', options);
  const running = runLoad(loadRun(scenario, server, time));
  time.run();
  return { ...(await running), server };
}
