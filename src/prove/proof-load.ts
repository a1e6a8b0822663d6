import { createHttpClient } from '../load/client/http-client.ts';
import type { Sender } from '../load/engine/run-load.ts';
import { statusBelow400 } from '../load/scenario/check.ts';
import type { Scenario, ScenarioRequest } from '../load/scenario/scenario.ts';
import type { LoadTarget } from '../load/target/load-target.ts';
import { wireRequests } from '../load/target/wire-requests.ts';
import type { HttpRequest } from '../load/client/http-request.ts';

/** The load that a change has to stand. */
export interface ProofLoad {
  readonly ratePerSecond: number;
  /** Path and query. */
  readonly path: string;
  /** One in so many requests is a POST; 0: none. */
  readonly postEvery: number;
  /** Longest wait for an answer, milliseconds. */
  readonly timeoutMs: number;
}

/** The load ends when the change says so; nobody waits for this. */
const openEndMs = 24 * 3_600_000;
/** Each is a connection, and of those a process may not have any number. */
const mostInFlight = 4000;

/** The load in the engine's own form: half of the requests each come over a connection of their own. */
export function proofScenario({ ratePerSecond, path, postEvery, timeoutMs }: ProofLoad): Scenario {
  const request = (method: string, weight: number, isFresh: boolean): ScenarioRequest => ({
    name: `${method} on a ${isFresh ? 'fresh' : 'kept'} connection`,
    weight,
    method,
    path,
    headers: {
      ...(isFresh ? { Connection: 'close' } : {}),
      ...(method === 'POST' ? { 'Content-Type': 'application/json' } : {}),
    },
    body: method === 'POST' ? '{"from":"tenfold prove"}' : undefined,
    checks: [statusBelow400],
    think: { fromMs: 0, toMs: 0 },
    timeoutMs,
  });
  const methods: readonly (readonly [string, number])[] =
    postEvery === 0
      ? [['GET', 1]]
      : [
          ['GET', postEvery - 1],
          ['POST', 1],
        ];
  const requests = methods
    .filter(([, weight]) => weight > 0)
    .flatMap(([method, weight]) => [request(method, weight, false), request(method, weight, true)]);
  const inFlightAtTimeout = Math.ceil((ratePerSecond * timeoutMs) / 1000);
  return {
    name: 'prove',
    target: undefined,
    shape: {
      model: 'open',
      level: ratePerSecond,
      stages: [{ kind: 'hold', durationMs: openEndMs }],
    },
    requests,
    thresholds: [],
    maxInFlight: Math.min(mostInFlight, inFlightAtTimeout + 100),
  };
}

export interface ProofSender extends Sender, Disposable {
  /** In wire form, in the order of the scenario. */
  readonly requests: readonly HttpRequest[];
}

/** Two clients, so that a request that closes its connection never takes one that another has kept. */
export function createProofSender(scenario: Scenario, target: LoadTarget): ProofSender {
  const kept = createHttpClient(target.address);
  const fresh = createHttpClient(target.address);
  const requests = wireRequests(scenario, target);
  const freshRequests = new Set(
    requests.filter((_, index) => scenario.requests[index]?.headers['Connection'] === 'close'),
  );
  return {
    requests,
    send: (request, onReply) => (freshRequests.has(request) ? fresh : kept).send(request, onReply),
    cutOff: () => {
      kept.cutOff();
      fresh.cutOff();
    },
    [Symbol.dispose]: () => {
      kept[Symbol.dispose]();
      fresh[Symbol.dispose]();
    },
  };
}
