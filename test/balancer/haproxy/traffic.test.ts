import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseStatistics } from '../../../src/balancer/haproxy/process/statistics.ts';
import { Ledger } from '../../../src/balancer/haproxy/traffic/ledger.ts';
import { parseCheckLine } from '../../../src/balancer/haproxy/traffic/check-line.ts';
import { parseTrafficLine, type TrafficEvent } from '../../../src/balancer/haproxy/traffic/log-line.ts';
import { histogramOf, totalsOf } from '../../../src/balancer/haproxy/traffic/server-counters.ts';

function eventOf(rest: string): TrafficEvent {
  const event = parseTrafficLine(`~ 7 front ${rest}`);
  assert.ok(event !== undefined);
  return event;
}

describe('a line of HAProxy’s log', () => {
  const outcomes: readonly (readonly [line: string, kind: string])[] = [
    ['web web-1:a -- 200 0 12 2 0', 'ok'],
    ['web web-1:a -- 500 0 12 2 0', 'ok'],
    ['web web-1:a CD 200 0 12 2 0', 'left'],
    ['front <NOSRV> PR 400 0 -1 -1 0', 'refused'],
    ['web web-1:a SC 503 1 -1 0 0', 'connect'],
    ['web web-1:a SH 502 0 -1 0 0', 'broken-response'],
    ['web web-1:a SD 200 0 5 0 0', 'broken-response'],
    ['web web-1:a PH 502 0 5 0 0', 'broken-response'],
    ['web web-1:a sH 504 0 5 0 0', 'timeout'],
    ['web web-1:a KD 200 0 5 0 0', 'forced'],
    ['web.open <NOSRV> LR 503 0 0 0 0', 'no-endpoint'],
    ['web <NOSRV> LR 503 0 0 0 0', 'overload'],
    ['web <NOSRV> sQ 503 0 150 0 150', 'overload'],
    ['web <NOSRV> PR 0 0 1 0 0', 'overload'],
  ];
  for (const [line, kind] of outcomes) {
    test(`${line}: ${kind}`, () => {
      const { outcome } = eventOf(line);
      assert.equal(outcome.kind === 'failed' ? outcome.failure : outcome.kind, kind);
    });
  }

  test('tells how long the request took, without what its client took to send the head', () => {
    const { durationMs, waitedMs, serial } = eventOf('web web-1:a -- 200 0 1500 1400 30');
    assert.deepEqual([durationMs, waitedMs, serial], [100, 30, 7]);
    assert.equal(eventOf('web web-1:a SC 503 0 -1 -1 0').durationMs, undefined);
  });

  test('counts retries on the server itself, and not those on another one', () => {
    assert.equal(eventOf('web web-1:a -- 200 2 5 0 0').ownRetries, 2);
    assert.equal(eventOf('web web-1:a -- 200 +1 5 0 0').ownRetries, 0);
  });

  test('that says something else is none of traffic', () => {
    assert.equal(parseTrafficLine('Server web/web-1:a is DOWN, reason: Layer4 timeout'), undefined);
    assert.equal(parseTrafficLine('~ 7 front web'), undefined);
  });
});

describe('the ledger', () => {
  const idle = { current: 0, total: 0, redispatched: 0 };

  test('counts what another HAProxy counts on top of what the one before had counted', () => {
    const ledger = new Ledger();
    ledger.follow(new Set(['web-1:a']), new Set(['front']));
    ledger.count(eventOf('web web-1:a -- 200 0 10 0 0'));
    const [row] = parseStatistics('# pxname,svname,scur,stot,wredis\nweb,web-1:a,0,3,2\n');
    assert.ok(row !== undefined);
    assert.equal(totalsOf(ledger.server('web-1:a'), { ...idle, total: 3, redispatched: 2 }).requests, 3);
    ledger.keep([row]);
    const totals = totalsOf(ledger.server('web-1:a'), { ...idle, total: 4 });
    assert.deepEqual([totals.requests, totals.completed, totals.failed, totals.retried], [7, 1, 2, 2]);
  });

  test('comes back from disk as it was', () => {
    const ledger = new Ledger();
    ledger.follow(new Set(['web-1:a']), new Set(['front']));
    ledger.count(eventOf('web web-1:a -- 204 0 10 0 0'));
    ledger.count(eventOf('web web-1:a sH 504 0 10 0 5'));
    const again = new Ledger(JSON.parse(JSON.stringify(ledger.record)));
    assert.deepEqual(again.record, ledger.record);
    assert.deepEqual(again.listener('front').failures, { timeout: 1 });
    assert.equal(histogramOf(again.server('web-1:a')).count, 1);
  });

  test('calls forced what fails on a server that is cut, and a failure of nobody’s', () => {
    const ledger = new Ledger();
    ledger.follow(new Set(['web-1:a']), new Set(['front']));
    ledger.cut('web-1:a', 2);
    // One is lost, the other one goes to another server.
    ledger.count(eventOf('web web-1:a SH 502 0 10 0 0'));
    const { failed, forced } = totalsOf(ledger.server('web-1:a'), { ...idle, total: 2, redispatched: 1 });
    assert.deepEqual([failed, forced], [0, 2]);
    assert.deepEqual(ledger.listener('front').failures, { forced: 1 });
  });

  test('forgets what is in the table no more', () => {
    const ledger = new Ledger();
    ledger.follow(new Set(['web-1:a', 'web-2:b']), new Set(['front']));
    ledger.follow(new Set(['web-2:b']), new Set());
    assert.deepEqual(Object.keys(ledger.record.servers), ['web-2:b']);
    assert.deepEqual(Object.keys(ledger.record.listeners), []);
  });
});

test('statistics are read by the names of their columns, quotes and all', () => {
  const text =
    '# svname,pxname,scur,last_chk,check_status,throttle,\n' +
    'web-1:a,web,3,"said ""no"", twice",* L7STS,40,\n';
  const [row] = parseStatistics(text);
  assert.partialDeepStrictEqual(row, {
    proxy: 'web',
    server: 'web-1:a',
    current: 3,
    checkText: 'said "no", twice',
    isChecking: true,
    checkStatus: 'L7STS',
    isRamping: true,
  });
});

describe('a line of the log that tells of a check', () => {
  test('names the server, the status, and what HAProxy says of it', () => {
    const line =
      'Health check for server web.c4719a/web-1:2c0f failed, reason: Layer7 wrong status, code: 500, info: "No, \\"not\\" well", check duration: 0ms, status: 1/2 UP.';
    assert.deepEqual(parseCheckLine(line), {
      proxy: 'web.c4719a',
      server: 'web-1:2c0f',
      code: '500',
      text: 'No, \\"not\\" well',
    });
  });

  test('may have neither', () => {
    const line =
      'Health check for server web/db-1:2 failed, reason: Layer4 timeout, check duration: 5ms, status: 0/2 DOWN.';
    assert.deepEqual(parseCheckLine(line), { proxy: 'web', server: 'db-1:2', code: '', text: '' });
  });

  test('is only one of a failure', () => {
    const passed =
      'Health check for server web/web-1:2 succeeded, reason: Layer4 check passed, check duration: 0ms, status: 2/2 UP.';
    for (const line of [passed, 'Server web/web-1:2 is DOWN.', '~ 1 a b c'])
      assert.equal(parseCheckLine(line), undefined);
  });
});
