import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EventKind } from '../../src/daemon/control-api.ts';
import { courseOf } from '../../src/prove/measure/course.ts';
import { longestGap } from '../../src/prove/measure/longest-gap.ts';
import { measurePhases, phaseOf } from '../../src/prove/measure/phases.ts';
import { RequestLog } from '../../src/prove/measure/proof-request.ts';
import { rotationCourse, type ProofEvent } from '../../src/prove/measure/rotation-course.ts';
import { bad, good, steadyAnswers } from './samples.ts';

describe('phases', () => {
  const span = { startMs: 1000, steadyMs: 2000 };
  const table = [
    [good(0, 10), 'before'],
    [good(980, 10), 'before'],
    // Still under way when the change began, so the change may have touched it.
    [good(980, 30), 'during'],
    [good(1000, 10), 'during'],
    [good(1999, 500), 'during'],
    [good(2000, 10), 'after'],
  ] as const;
  for (const [request, expected] of table) {
    test(`a request from ${request.dueMs} to ${request.endedMs} ms is ${expected} a change from 1000 to 2000 ms`, () =>
      assert.equal(phaseOf(request, span), expected));
  }

  test('have each their own counts and latencies', () => {
    const requests = [
      ...steadyAnswers(0, 900),
      bad(1100),
      bad(1200, 'connection refused', undefined),
      good(1300, 400),
      good(2100, 20),
    ];
    const phases = measurePhases(requests, span, 3000);
    assert.deepEqual(
      phases.map(({ name, startMs, endMs, requests: count, failed, latencyMs }) => [
        name,
        startMs,
        endMs,
        count,
        failed,
        latencyMs.max,
      ]),
      [
        ['before', 0, 1000, 9, 0, 10],
        ['during', 1000, 2000, 3, 2, 400],
        ['after', 2000, 3000, 1, 0, 20],
      ],
    );
  });

  test('end with `during` when the stack never became steady', () => {
    const phases = measurePhases([good(1500), good(2900)], { startMs: 1000, steadyMs: undefined }, 3000);
    assert.deepEqual(
      phases.map(({ name, endMs, requests }) => [name, endMs, requests]),
      [
        ['before', 1000, 0],
        ['during', 3000, 2],
        ['after', 3000, 0],
      ],
    );
  });

  test('are only `before` when the change was not begun', () => {
    assert.deepEqual(
      measurePhases([good(0)], undefined, 500).map(({ name, requests }) => [name, requests]),
      [['before', 1]],
    );
  });
});

describe('the longest time without a good answer', () => {
  const table = [
    ['is the longest between two', [good(0), good(100), good(700), good(800)], 810, [110, 710]],
    ['takes no notice of bad answers', [good(0), bad(100), bad(200), good(300)], 310, [10, 310]],
    ['may be before the first', [bad(0), good(500), good(600)], 610, [0, 510]],
    ['may be after the last', [good(0), good(100), bad(200), bad(900)], 910, [110, 910]],
    ['is all of a run without any', [bad(0), bad(100)], 1000, [0, 1000]],
    ['is none where nothing was sent', [], 0, [0, 0]],
    ['does not count the quiet after the last request', [good(0), good(100)], 5000, [10, 110]],
  ] as const;
  for (const [what, requests, elapsedMs, [startMs, endMs]] of table) {
    test(what, () => assert.deepEqual(longestGap(requests, elapsedMs), { startMs, endMs }));
  }
});

describe('the course of a run', () => {
  test('counts requests where they ended, and where they were due', () => {
    const rows = courseOf(
      [good(10, 20), good(90, 30), bad(150), bad(160, 'connection refused', undefined)],
      250,
    );
    assert.deepEqual(
      rows.map(({ startMs, endMs, due, good, failed, p99Ms }) => [startMs, endMs, due, good, failed, p99Ms]),
      [
        [0, 100, 2, 1, 0, 20],
        [100, 200, 2, 1, 2, 30],
        [200, 250, 0, 0, 0, undefined],
      ],
    );
  });

  test('has about a hundred rows, however long the run was, and loses no request', () => {
    for (const elapsedMs of [1000, 12_000, 60_000, 3_600_000]) {
      const requests = steadyAnswers(0, elapsedMs - 10, elapsedMs / 400);
      const rows = courseOf(requests, elapsedMs);
      assert.ok(rows.length >= 10 && rows.length <= 120, `${rows.length} rows of ${elapsedMs} ms`);
      assert.equal(
        rows.reduce((sum, row) => sum + row.good, 0),
        requests.length,
      );
      assert.equal(rows.at(-1)?.endMs, elapsedMs);
    }
  });
});

describe('replicas in rotation', () => {
  const event = (atMs: number, kind: EventKind, instance: string, service = 'web'): ProofEvent => ({
    atMs,
    kind,
    service,
    instance,
    message: '',
  });
  const course = (...events: ProofEvent[]): (readonly [number, number])[] =>
    rotationCourse('web', { atStart: ['web-1', 'web-2'], atEnd: undefined }, events).map(
      ({ atMs, inRotation }) => [atMs, inRotation],
    );

  test('follow the journal from those that were there', () => {
    assert.deepEqual(
      course(
        event(100, 'replica.created', 'web-3'),
        event(200, 'replica.started', 'web-3'),
        event(300, 'replica.in-rotation', 'web-3'),
        event(400, 'replica.draining', 'web-1'),
        event(500, 'replica.drained', 'web-1'),
        event(600, 'replica.stopped', 'web-1'),
        event(700, 'replica.removed', 'web-1'),
      ),
      [
        [0, 2],
        [300, 3],
        [400, 2],
      ],
    );
  });

  test('do not count one that died or is ill until it is back', () => {
    assert.deepEqual(
      course(
        event(100, 'replica.exited', 'web-1'),
        event(200, 'replica.started', 'web-1'),
        event(300, 'replica.in-rotation', 'web-1'),
        event(400, 'replica.unhealthy', 'web-2'),
        event(500, 'replica.healthy', 'web-2'),
      ),
      [
        [0, 2],
        [100, 1],
        [300, 2],
        [400, 1],
        [500, 2],
      ],
    );
  });

  test('count a successor beside the replica of the same name that it replaces', () => {
    assert.deepEqual(
      course(
        event(100, 'replica.created', 'web-1'),
        event(200, 'replica.started', 'web-1'),
        event(300, 'replica.healthy', 'web-1'),
        event(400, 'replica.in-rotation', 'web-1'),
        event(500, 'replica.draining', 'web-1'),
        event(600, 'replica.drained', 'web-1'),
        event(700, 'replica.stopped', 'web-1'),
        event(800, 'replica.removed', 'web-1'),
        event(900, 'replica.created', 'web-2'),
        event(1000, 'replica.in-rotation', 'web-2'),
        event(1100, 'replica.drained', 'web-2'),
        event(1200, 'replica.stopped', 'web-2'),
        event(1200, 'replica.removed', 'web-2'),
      ),
      [
        [0, 2],
        [400, 3],
        [500, 2],
        [1000, 3],
        [1100, 2],
      ],
    );
  });

  test('take one out that is removed without a word, and again after it had died before', () => {
    assert.deepEqual(
      course(
        event(100, 'replica.exited', 'web-1'),
        event(200, 'replica.started', 'web-1'),
        event(300, 'replica.in-rotation', 'web-1'),
        event(400, 'replica.removed', 'web-1'),
      ),
      [
        [0, 2],
        [100, 1],
        [300, 2],
        [400, 1],
      ],
    );
  });

  test('come back when a drained one is put back into rotation', () => {
    assert.deepEqual(
      course(
        event(100, 'replica.draining', 'web-2'),
        event(200, 'replica.drained', 'web-2'),
        event(300, 'replica.in-rotation', 'web-2'),
        event(400, 'replica.draining', 'web-2'),
      ),
      [
        [0, 2],
        [100, 1],
        [300, 2],
        [400, 1],
      ],
    );
  });

  test('are in the end what the daemon says they are', () => {
    assert.deepEqual(
      rotationCourse('web', { atStart: ['web-1'], atEnd: { atMs: 900, inRotation: 2 } }, []).map(
        ({ atMs, inRotation }) => [atMs, inRotation],
      ),
      [
        [0, 1],
        [900, 2],
      ],
    );
  });

  test('are those of the service alone, and a daemon that adopts them changes nothing', () => {
    assert.deepEqual(
      course(event(100, 'replica.exited', 'db-1', 'db'), event(200, 'replica.adopted', 'web-1')),
      [[0, 2]],
    );
  });
});

test('every request is kept with what became of it, and one that was cut off is only counted', () => {
  const log = new RequestLog();
  const times = { index: 0, dueMs: 5, endedMs: 30, durationMs: 25 };
  const response = { kind: 'response', bytes: 1, servedBy: undefined, body: undefined } as const;
  log.ended({ ...times, reply: { ...response, status: 301 } });
  log.ended({ ...times, reply: { ...response, status: 404 } });
  log.ended({ ...times, reply: { kind: 'failure', failure: 'timed out', reason: 'timed out', bytes: 0 } });
  log.ended({
    ...times,
    reply: { kind: 'failure', failure: 'connection refused', reason: 'connect ECONNREFUSED', bytes: 0 },
  });
  log.ended({ ...times, reply: { kind: 'failure', failure: 'cut off', reason: 'cut off', bytes: 0 } });
  log.dropped(40);
  assert.deepEqual(
    log.requests.map(({ latencyMs, fault }) => [latencyMs, fault?.words]),
    [
      [25, undefined],
      [25, 'status 404'],
      [25, 'timed out'],
      [undefined, 'connection refused'],
      [undefined, 'not sent: too many in flight'],
    ],
  );
  assert.deepEqual([log.failed, log.cutOff], [4, 1]);
});
