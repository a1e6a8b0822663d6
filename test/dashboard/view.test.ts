import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { replicaOf } from './sample-replica.ts';
import type { ReplicaStatus, ServiceStatus, StackEvent, StackStatus } from '../../src/daemon/control-api.ts';
import { feedEvents } from '../../src/dashboard/live/event-feed.ts';
import { afterEvent, atTheBeginning, formatCursor, parseCursor } from '../../src/dashboard/live/cursor.ts';
import { turningPoints } from '../../src/dashboard/view/decisions.ts';
import { distributionOf } from '../../src/dashboard/view/distribution.ts';
import {
  formatBytes,
  formatCores,
  formatDuration,
  formatLatency,
  formatNumber,
} from '../../src/dashboard/view/format.ts';
import { groupEvents, subjectOf } from '../../src/dashboard/view/group-events.ts';
import {
  addLines,
  compileFilter,
  isAlarming,
  parseLine,
  type ShownLine,
} from '../../src/dashboard/view/log-lines.ts';
import { summarisePlan } from '../../src/dashboard/view/plan-words.ts';
import { troublesOf } from '../../src/dashboard/view/troubles.ts';
import type { LogLine } from '../../src/runtime/runtime-driver.ts';

const now = 1_000_000;

function stackOf(replicas: readonly ReplicaStatus[], fields: Partial<StackStatus> = {}): StackStatus {
  const service: ServiceStatus = {
    name: 'web',
    kind: 'process',
    revision: 'a'.repeat(64),
    desired: 3,
    fileReplicas: 3,
    scaleSource: 'file',
    running: replicas.length,
    inRotation: replicas.filter(({ state }) => state === 'in rotation').length,
    listeners: [
      {
        hostIp: '',
        port: 80,
        target: 80,
        protocol: 'http',
        exposure: 'published',
        isOpen: true,
        requests: 0,
        failed: 0,
      },
    ],
    traffic: { drained: 0, forced: 0, retried: 0 },
    replicas,
  };
  return {
    name: 'demo',
    workingDir: '/srv/demo',
    configFiles: [],
    phase: 'running',
    isSteady: true,
    pending: 'nothing to do',
    services: [service],
    runtimes: [],
    balancer: { isReachable: true },
    ...fields,
  };
}

function eventOf(time: number, fields: Partial<StackEvent> = {}): StackEvent {
  return {
    time,
    stack: 'demo',
    kind: 'replica.exited',
    instance: 'web-2',
    message: 'exit code 1',
    ...fields,
  };
}

const whats = (stack: StackStatus, events: readonly StackEvent[] = []): string[] =>
  troublesOf(stack, events, [], now).map(({ what }) => what);

describe('what is wrong', () => {
  test('a stack that is as it should be has no troubles', () => {
    assert.deepEqual(whats(stackOf([1, 2, 3].map((index) => replicaOf(index)))), []);
  });

  test('a port whose check no replica passes leads to nobody, however many serve', () => {
    const stack = stackOf([1, 2, 3].map((index) => replicaOf(index)));
    const taken = (takenBy: readonly string[]): StackStatus => ({
      ...stack,
      services: stack.services.map((service) => ({
        ...service,
        listeners: service.listeners.map((listener) => ({ ...listener, takenBy })),
      })),
    });
    assert.deepEqual(whats(taken(['web-1'])), []);
    assert.deepEqual(whats(taken([])), ['Port 80 of web leads to nobody']);
  });

  test('a replica that ended is told with its beginning, with what is served and with what comes next', () => {
    const stack = stackOf(
      [replicaOf(1), replicaOf(2, { state: 'exited', exitCode: 1, restarts: 2 }), replicaOf(3)],
      {
        isSteady: false,
        pending: 'wait  web-2  restart 3 in 4.0 s\nstart  web-9  scale to 9',
      },
    );
    const [trouble] = troublesOf(stack, [eventOf(now - 5_000)], [], now);
    assert.equal(trouble?.what, 'web-2 has ended with exit code 1');
    assert.equal(trouble?.since, now - 5_000);
    assert.deepEqual(trouble?.doing, [
      '2 of 3 serve.',
      'It was started again 2 times.',
      'Waiting: restart 3 in 4.0 s.',
    ]);
  });

  test('a replica that goes up and down is told even while it is up, since it began', () => {
    const events = [60_000, 40_000, 20_000].map((ago) => eventOf(now - ago));
    const [trouble] = troublesOf(stackOf([1, 2, 3].map((index) => replicaOf(index))), events, [], now);
    assert.equal(trouble?.what, 'web-2 does not stay up: it went down 3 times');
    assert.equal(trouble?.since, now - 60_000);
    const longAgo = events.map((event) => ({ ...event, time: event.time - 3_600_000 }));
    assert.deepEqual(whats(stackOf([1, 2, 3].map((index) => replicaOf(index))), longAgo), []);
  });

  test('many replicas that fail alike are told together, with clients first', () => {
    const sick = Array.from({ length: 40 }, (_, index) =>
      replicaOf(index + 1, { state: 'unhealthy', reason: 'port 80 refused' }),
    );
    const [trouble] = troublesOf(stackOf(sick), [], [], now);
    assert.equal(trouble?.what, '40 replicas of web are not well');
    assert.deepEqual(trouble?.doing, [
      'No replica is left that serves: clients get 503.',
      '40 replicas: Port 80 refused.',
    ]);
  });

  test('outages come before what they cause, and a change that failed is told until the next one', () => {
    const stack = stackOf([replicaOf(1), replicaOf(2), replicaOf(3, { state: 'ejected' })], {
      balancer: { isReachable: false, reason: 'it is being started again' },
    });
    const failed = eventOf(now - 1_000, { kind: 'command.failed', message: 'up: it broke' });
    assert.deepEqual(whats(stack, [failed]), [
      'The balancer does not answer',
      'web-3 failed too many requests and is left out for a while',
      'The last change failed: up: it broke',
    ]);
    const mended = eventOf(now, { kind: 'command.finished', message: 'up took 1 s' });
    assert.ok(!whats(stack, [failed, mended]).some((what) => what.includes('it broke')));
  });
});

describe('events', () => {
  test('the same step of several replicas at once is one line', () => {
    const step = (time: number, index: number, kind: StackEvent['kind']): StackEvent =>
      eventOf(time, { kind, instance: `web-${index}`, message: '' });
    const groups = groupEvents([
      ...[1, 2, 3, 4, 5].flatMap((index) => [
        step(index, index, 'replica.started'),
        step(index, index, 'replica.healthy'),
      ]),
      step(9_000, 1, 'replica.started'),
    ]);
    assert.deepEqual(
      groups.map((group) => `${group.event.kind} ${subjectOf(group)}`),
      ['replica.started web-1 … web-5 (5)', 'replica.healthy web-1 … web-5 (5)', 'replica.started web-1'],
    );
  });

  test('a page that comes back gets each event that it has missed once, those of one millisecond too', async () => {
    const written = [
      eventOf(1, { message: 'a' }),
      eventOf(5, { message: 'b' }),
      eventOf(5, { message: 'c' }),
    ];
    const listeners = new Set<(event: StackEvent) => void>();
    const journal = {
      async *read(since: number) {
        yield* written.filter(({ time }) => time >= since);
      },
      subscribe: (listener: (event: StackEvent) => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const abort = new AbortController();
    const cursor = afterEvent(afterEvent(atTheBeginning, 1), 5);
    const seen: string[] = [];
    await feedEvents(
      journal,
      () => true,
      parseCursor(formatCursor(cursor)),
      (events) => seen.push(...events.map(({ message }) => message)),
      { signal: abort.signal, now },
    );
    for (const listener of listeners) listener(eventOf(6, { message: 'd' }));
    assert.deepEqual(seen, ['c', 'd']);
    abort.abort();
    assert.equal(listeners.size, 0);
    assert.equal(parseCursor('1-2'), undefined);
    assert.equal(parseCursor('1-2-x'), undefined);
  });
});

describe('logs', () => {
  const line = (time: number, text: string, instance = 'web-1'): LogLine => ({
    service: 'web',
    instance,
    stream: 'stdout',
    time,
    text,
  });

  test('JSON lines are taken apart, and others are left as they are', () => {
    assert.deepEqual(parseLine('{"level":50,"time":1,"msg":"no","path":"/x","n":{"a":1}}'), {
      level: 'error',
      message: 'no',
      fields: 'path=/x n={"a":1}',
    });
    for (const text of ['plain', '{"a":1}', '{broken}', '[1]', '{"msg":7}'])
      assert.equal(parseLine(text), undefined);
  });

  test('a line is alarming for what it says, not for the stream it came by', () => {
    const shown = (text: string): boolean => isAlarming({ text, parsed: parseLine(text) });
    assert.ok(shown('{"level":"fatal","msg":"x"}'));
    assert.ok(shown('TypeError: x is undefined'));
    assert.ok(shown('ERROR could not connect'));
    assert.ok(!shown('{"level":"info","msg":"error budget is full"}'));
    assert.ok(!shown('GET /errors 200'));
  });

  test('lines are kept in order of time, the newest only, and none twice after a page came back', () => {
    const options = { maxLines: 3, repeatedAt: undefined };
    const first = addLines([], [line(3, 'c'), line(1, 'a'), line(2, 'b', 'web-2')], options);
    const texts = (lines: readonly ShownLine[]): string => lines.map(({ text }) => text).join('');
    assert.equal(texts(first), 'abc');
    const again = addLines(first, [line(3, 'c'), line(3, 'd'), line(4, 'e')], { maxLines: 4, repeatedAt: 3 });
    assert.equal(texts(again), 'bcde');
    assert.equal(texts(addLines(again, [line(5, 'f'), line(5, 'f')], options)), 'eff');
    assert.equal(new Set(again.map(({ key }) => key)).size, 4);
  });

  test('a search is plain text whatever its case, or a regular expression between slashes', () => {
    const filter = { search: '', service: '', instance: '', stream: '' };
    const finds = (search: string, text: string): boolean =>
      compileFilter({ ...filter, search }).isWanted(line(1, text));
    assert.ok(finds('Time', 'a TIMEOUT'));
    assert.ok(finds('a.b', 'a.b'));
    assert.ok(!finds('a.b', 'axb'));
    assert.ok(finds('/a.b/', 'axb'));
    assert.ok(!finds('/A.b/', 'axb'));
    assert.ok(finds('/A.b/i', 'axb'));
    assert.match(compileFilter({ ...filter, search: '/(/' }).fault ?? '', /group/i);
  });
});

test('a plan is summed up in the order of a replica’s life', () => {
  const operation = (kind: string) => ({ kind, service: 'web', cause: '' });
  assert.equal(summarisePlan([]), 'Nothing has to be done: everything is so already.');
  assert.equal(
    summarisePlan(['enter', 'start', 'start', 'stop'].map(operation)),
    '2 replicas start, 1 enters rotation, 1 is stopped.',
  );
  assert.equal(summarisePlan([operation('drain')]), '1 replica leaves rotation once its requests are done.');
});

test('a distribution tells two replicas of one name apart by their revision', () => {
  const measure = (replicaId: string, instance: string, share: number) => ({
    replicaId,
    instance,
    revision: `${replicaId}0000000000`,
    share,
    time: 0,
    requestsPerSecond: share * 100,
    failedPerSecond: 0,
    inFlight: 0,
  });
  const distribution = distributionOf([
    measure('a', 'web-1', 0.6),
    measure('b', 'web-1', 0.1),
    measure('c', 'web-2', 0.3),
  ]);
  assert.deepEqual(
    distribution?.bars.map(({ name }) => name),
    ['web-1 a0000000', 'web-1 b0000000', 'web-2'],
  );
  assert.equal(distributionOf([]), undefined);
});

test('of an autoscaler’s decisions those are told that changed something, or held for another reason', () => {
  const decision = (at: number, from: number, to: number, reason: 'load' | 'on target') => ({
    at,
    from,
    to,
    reason,
    sentence: '',
    min: 1,
    max: 9,
    findings: [],
  });
  const all = [
    decision(1, 1, 1, 'on target'),
    decision(2, 1, 1, 'on target'),
    decision(3, 1, 3, 'load'),
    decision(4, 3, 5, 'load'),
    decision(5, 5, 5, 'on target'),
    decision(6, 5, 5, 'on target'),
  ];
  assert.deepEqual(
    turningPoints(all).map(({ at }) => at),
    [5, 4, 3, 1],
  );
});

test('figures are written with the digits that matter', () => {
  assert.deepEqual([0, 0.001, 0.42, 4.25, 42.4, 4200].map(formatNumber), [
    '0',
    '<0.01',
    '0.42',
    '4.3',
    '42',
    '4,200',
  ]);
  assert.deepEqual([0.84, 42.4, 1240, 12_400].map(formatLatency), ['0.8 ms', '42 ms', '1.2 s', '12 s']);
  assert.deepEqual([512, 1536, 340 * 2 ** 20, 2 ** 30].map(formatBytes), [
    '512 B',
    '1.5 KiB',
    '340 MiB',
    '1 GiB',
  ]);
  assert.deepEqual([0, 0.042, 0.42, 1.8].map(formatCores), ['0 %', '4.2 %', '42 %', '180 %']);
  assert.deepEqual([400, 12_000, 125_000, 7_500_000].map(formatDuration), [
    '0.4 s',
    '12 s',
    '2 min',
    '2 h 5 min',
  ]);
  assert.equal(formatNumber(undefined), '–');
});
