import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decide } from '../../src/autoscale/decide.ts';
import type { AutoscaleInput, ReplicaReading, ServiceReading } from '../../src/autoscale/reading.ts';
import { noState } from '../../src/autoscale/state.ts';
import type { AutoscalePolicy } from '../../src/model/autoscale.ts';
import { busy, defaultDown, inputOf, minute, noon, policyOf, second, serviceOf } from './samples.ts';

const mebibyte = 2 ** 20;
const now = { ...defaultDown, stabilizationMs: 0 };

function decideOn(policy: Partial<AutoscalePolicy>, input: AutoscaleInput) {
  return decide(policyOf(policy), noState, input).decision;
}

describe('the machine’s memory', () => {
  const memory = {
    roomBytes: 700 * mebibyte,
    promisedBytes: 0,
    perReplicaBytes: 256 * mebibyte,
    basis: 'limit',
  } as const;

  test('caps how many are added, and is named', () => {
    const decision = decideOn({}, inputOf(busy(2), { memory }));
    assert.deepEqual([decision.to, decision.reason], [3, 'memory']);
    assert.equal(
      decision.sentence,
      "scaled from 1 to 3: cpu 200 % of 50 % asks for 4; the machine's memory has room for 2 more: 700 MiB are left, and a replica takes 256 MiB (its limit)",
    );
  });

  test('counts what replicas that are starting will still take', () => {
    const promised = { ...memory, promisedBytes: 600 * mebibyte, basis: 'measured' as const };
    const decision = decideOn({}, inputOf(busy(2), { memory: promised }));
    assert.deepEqual([decision.to, decision.reason], [1, 'memory']);
    assert.match(
      decision.sentence,
      /room for none more: 100 MiB are left, and a replica takes 256 MiB \(measured\)/,
    );
  });

  test('takes no replica away, and caps nothing while the need is not known', () => {
    assert.equal(decideOn({}, inputOf(busy(0.5, 0.5), { memory: { ...memory, roomBytes: 0 } })).to, 2);
    const { perReplicaBytes: _, ...unknown } = memory;
    assert.equal(decideOn({}, inputOf(busy(2), { memory: { ...unknown, roomBytes: 0 } })).to, 4);
  });

  test('caps a count that the bounds ask for as well', () => {
    const decision = decideOn({ min: 5 }, inputOf(busy(0.1), { memory }));
    assert.deepEqual([decision.to, decision.reason], [3, 'memory']);
  });
});

describe('a connection budget', () => {
  const connections = [{ service: 'db', perReplica: 20, total: 100 }];

  test('caps the count, and is named', () => {
    const decision = decideOn({ connections, max: 50 }, inputOf(busy(3, 3, 3)));
    assert.deepEqual([decision.to, decision.reason], [5, 'connections']);
    assert.match(decision.sentence, /; db takes 100 connections, and a replica opens 20$/);
  });

  test('is shared with the other services that have one', () => {
    const taken = [{ service: 'db', takenByOthers: 35 }];
    const decision = decideOn({ connections }, inputOf(busy(3), { connections: taken }));
    assert.deepEqual([decision.to, decision.reason], [3, 'connections']);
    assert.match(
      decision.sentence,
      /db takes 100 connections less 35 of other services, and a replica opens 20/,
    );
  });

  test('the narrowest of several caps is the one that is named', () => {
    const two = [...connections, { service: 'cache', perReplica: 50, total: 100 }];
    const decision = decideOn({ connections: two }, inputOf(busy(3)));
    assert.deepEqual([decision.to, decision.reason], [2, 'connections']);
    assert.match(decision.sentence, /cache takes/);
  });
});

describe('while a rollout is under way', () => {
  test('the count may grow', () => {
    assert.equal(decideOn({}, inputOf(busy(1, 1), { isRollingOut: true })).to, 4);
  });

  test('it does not fall, not even to a new bound', () => {
    const decision = decideOn({ scaleDown: now }, inputOf(busy(0.1, 0.1), { isRollingOut: true }));
    assert.deepEqual([decision.to, decision.reason], [2, 'rollout']);
    assert.match(
      decision.sentence,
      /^held at 2: .*a rollout is under way, and scale-down waits for its end$/,
    );
    assert.equal(decideOn({ max: 1 }, inputOf(busy(1, 1), { isRollingOut: true })).to, 2);
  });
});

test('paused, nothing changes, and what the metrics say is still found', () => {
  const decision = decideOn({}, inputOf(busy(2), { isPaused: true }));
  assert.deepEqual([decision.to, decision.reason], [1, 'paused']);
  assert.equal(decision.findings[0]?.replicas, 4);
});

test('in shadow mode it says what it would do, again and again, as nothing is done', () => {
  const policy = policyOf({ isShadow: true });
  const first = decide(policy, noState, inputOf(busy(2)));
  assert.equal(first.decision.sentence, 'would be scaled from 1 to 4: cpu 200 % of 50 % asks for 4');
  const second = decide(policy, first.state, inputOf(busy(2), { now: noon + 15_000 }));
  assert.deepEqual([second.decision.to, second.state.events], [4, []]);
});

describe('to zero and back', () => {
  const policy = { min: 0, metrics: [{ kind: 'in_flight', average: 5 }] } as const;
  const idle = (fields: Partial<ServiceReading> = {}): Partial<AutoscaleInput> => ({
    service: serviceOf([{ inFlight: 0, requestsPerSecond: 0 }], { requestsPerSecond: 0, ...fields }),
  });
  const none: Partial<AutoscaleInput> = { current: 0, service: serviceOf([], { requestsPerSecond: 0 }) };

  test('it goes to zero once nothing was asked of it for a whole window', () => {
    const first = decide(policyOf(policy), noState, inputOf([{}], idle({ requestsPerSecond: 1 })));
    assert.equal(first.decision.to, 1);
    const at = (ageMs: number) => inputOf([{}], { ...idle(), now: noon + ageMs });
    const early = decide(policyOf(policy), first.state, at(4 * minute));
    assert.equal(early.decision.sentence, 'held at 1: nothing was asked of it; scale-down waits 60 s more');
    assert.equal(decide(policyOf(policy), early.state, at(5 * minute)).decision.to, 0);
  });

  test('one request a minute keeps one replica, however little that is', () => {
    const little = idle({ requestsPerSecond: 0.02 });
    assert.equal(decideOn({ ...policy, scaleDown: now }, inputOf([{}], little)).to, 1);
  });

  test('a connection that is open keeps one', () => {
    const service = serviceOf([{ inFlight: 1 }], { requestsPerSecond: 0 });
    assert.equal(decideOn({ ...policy, scaleDown: now }, inputOf([{}], { service })).to, 1);
  });

  test('an idle process is idle, whatever its processor time', () => {
    const metrics = [{ kind: 'cpu', utilization: 0.5, requestCores: 1, basis: 'one core' }] as const;
    const service = serviceOf([{ cpuCores: 0.01, inFlight: 0 }], { requestsPerSecond: 0 });
    assert.equal(decideOn({ min: 0, metrics, scaleDown: now }, inputOf([{}], { service })).to, 0);
  });

  test('stays at zero while nothing is asked', () => {
    const decision = decideOn(policy, inputOf([], none));
    assert.deepEqual([decision.to, decision.reason], [0, 'idle']);
    assert.equal(decision.sentence, 'held at 0: nothing is asked of it');
  });

  test('a request that waits starts the first replica at once', () => {
    const waiting = { ...none, service: serviceOf([], { requestsPerSecond: 0, waitingNow: 3 }) };
    const decision = decideOn(policy, inputOf([], waiting));
    assert.deepEqual([decision.to, decision.reason], [1, 'waking']);
    assert.equal(decision.sentence, 'scaled from 0 to 1: 3 requests wait for a first replica');
  });

  test('stays while the first replica starts', () => {
    const service = serviceOf([{ isReady: false, startedAt: noon - second }], { waitingNow: 3, waiting: 3 });
    const decision = decideOn(policy, inputOf([{}], { service }));
    assert.deepEqual([decision.to, decision.reason], [1, 'unknown']);
  });

  test('a query can start and end it without any traffic', () => {
    const metrics = [{ kind: 'prometheus', url: 'http://p', query: 'q', value: 10, per: 'replica' }] as const;
    const asked = (value: number, current: number) =>
      inputOf([], { ...none, current, queries: [{ metric: 0, value }] });
    assert.equal(decideOn({ min: 0, metrics, scaleDown: now }, asked(25, 0)).to, 3);
    assert.equal(decideOn({ min: 0, metrics, scaleDown: now }, asked(25, 3)).to, 3);
    assert.equal(decideOn({ min: 0, metrics, scaleDown: now }, asked(0, 3)).to, 0);
  });
});

describe('a query', () => {
  const target = { kind: 'prometheus', url: 'http://p', query: 'q', value: 10 } as const;
  const ask = (per: 'service' | 'replica', value: number, replicas: Partial<ReplicaReading>[]) =>
    decideOn(
      { metrics: [{ ...target, per }], scaleDown: now },
      inputOf(replicas, { queries: [{ metric: 0, value }] }),
    );

  test('as a whole asks for the quotient times the replicas that are ready', () => {
    assert.equal(ask('service', 20, [{}, {}]).to, 4);
    assert.equal(ask('service', 20, [{}, { isReady: false }]).to, 2);
    assert.equal(ask('service', 10.5, [{}, {}]).to, 2);
  });

  test('per replica asks for the value divided by the target', () => {
    assert.equal(ask('replica', 55, [{}, {}]).to, 6);
    assert.equal(ask('replica', 21, [{}, {}]).to, 2);
    assert.match(ask('replica', 55, [{}]).sentence, /prometheus 55 of 10 for each replica asks for 6/);
  });

  test('that fails is not known, and says why', () => {
    const queries = [{ metric: 0, error: 'the answer is 503' }];
    const decision = decideOn({ metrics: [{ ...target, per: 'service' }] }, inputOf([{}], { queries }));
    assert.equal(decision.sentence, 'held at 1: prometheus is not known: the answer is 503');
  });
});

describe('response times', () => {
  const p95 = (p95Ms: number | undefined, ...inFlight: number[]) => {
    const replicas = inFlight.map((each) => ({ inFlight: each }));
    const service = serviceOf(replicas, p95Ms === undefined ? {} : { p95Ms });
    return decideOn(
      { metrics: [{ kind: 'p95', targetMs: 200 }], scaleDown: now, max: 100 },
      inputOf(replicas, { service }),
    );
  };

  test('on target nothing changes, however many are in flight', () => {
    assert.deepEqual([p95(200, 9, 9).to, p95(215, 9, 9).to, p95(185, 0.1, 0.1).to], [2, 2, 2]);
  });

  test('over target it takes as many as leave replicas idle enough, and no more than twice as many', () => {
    // c = 4: busy for 0.8, alone 80 ms, so at most 0.6 busy: 4 × 0.8 / 0.6.
    assert.equal(p95(400, 4, 4, 4, 4).to, 6);
    assert.equal(p95(900, 4, 4, 4, 4).to, 8);
  });

  test('under target it gives up what is not needed, and keeps what the queue would need', () => {
    // c = 1: busy for 0.5, alone 50 ms, so at most 0.75 busy: 6 × 0.5 / 0.75.
    assert.equal(p95(100, 1, 1, 1, 1, 1, 1).to, 4);
    // A tenth of the target, but busy for 0.9: nearly all of them are needed.
    assert.equal(p95(20, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9).to, 10);
  });

  test('where a request alone takes too long, more replicas would not help, and it says so', () => {
    const decision = p95(400, 0.2, 0.2);
    assert.equal(decision.to, 2);
    assert.match(
      decision.sentence,
      /p95 400 ms of 200 ms: a request takes 333 ms with no other in flight, so more replicas would not help/,
    );
  });

  test('without traffic there is nothing to wait for; with requests that are not answered it is not known', () => {
    assert.equal(p95(undefined, 0, 0).to, 1);
    assert.deepEqual([p95(undefined, 3, 3).to, p95(undefined, 3, 3).reason], [2, 'unknown']);
  });

  const queue = (queueMs: number, waiting: number, ...inFlight: number[]) => {
    const replicas = inFlight.map((each) => ({ inFlight: each }));
    const service = serviceOf(replicas, { queueMs, waiting });
    const metrics = [{ kind: 'queue_time', targetMs: 50, slots: 10 }] as const;
    return decideOn({ metrics, scaleDown: now, max: 100 }, inputOf(replicas, { service }));
  };

  test('too long a queue asks for a slot for each that waits, and no more than twice as many', () => {
    assert.equal(queue(200, 10, 10, 10).to, 3);
    assert.equal(queue(60, 1, 10, 10).to, 3);
    assert.equal(queue(2_000, 500, 10, 10).to, 4);
  });

  test('no queue asks for as many as keep four fifths of their slots taken', () => {
    assert.deepEqual([queue(0, 0, 9, 9, 9).to, queue(0, 0, 8, 8, 8).to, queue(0, 0, 2, 2, 2).to], [3, 3, 1]);
    assert.match(
      queue(0, 0, 2, 2, 2).sentence,
      /queue_time 0 ms of 50 ms, 20 % of the slots taken, asks for 1/,
    );
  });
});
