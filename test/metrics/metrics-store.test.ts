import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  array,
  assert as assertAlways,
  boolean,
  double,
  nat,
  option,
  property,
  record,
  tuple,
} from 'fast-check';
import { MetricsStore, windowMs } from '../../src/metrics/metrics-store.ts';
import { packSample, unpackSample } from '../../src/metrics/window/packed-sample.ts';
import { latencyOf, replicaDetail, serviceDetail } from './samples.ts';

describe('a packed sample', () => {
  test('unpacks to what was packed', () => {
    const count = nat({ max: Number.MAX_SAFE_INTEGER });
    const size = option(double({ min: 0, noNaN: true, noDefaultInfinity: true }), { nil: undefined });
    const replica = record({
      isReady: boolean(),
      cpuSeconds: size,
      memoryBytes: size,
      cpuLimit: size,
      memoryLimitBytes: size,
      inFlight: count,
      requests: count,
      forced: count,
      responses: tuple(count, count, count, count, count),
      latency: array(double({ min: 0, max: 1e9, noNaN: true })).map(latencyOf),
    });
    assertAlways(
      property(array(replica, { maxLength: 5 }), count, (replicas, requests) => {
        const sample = serviceDetail(5, {
          requests,
          waitedMs: requests / 3,
          replicas: replicas.map((fields, index) => replicaDetail(index, fields)),
        });
        assert.deepEqual(unpackSample(packSample(sample, undefined)), sample);
      }),
    );
  });

  test('shares its layout with the one before as long as the same replicas run', () => {
    const first = packSample(serviceDetail(1), undefined);
    const second = packSample(serviceDetail(2), first.layout);
    const renewed = serviceDetail(3, {
      replicas: [replicaDetail(1), replicaDetail(2, { startedAt: 9_000 })],
    });
    assert.equal(second.layout, first.layout);
    assert.notEqual(packSample(renewed, first.layout).layout, first.layout);
  });
});

describe('the metrics store', () => {
  test('gives the samples between two times, both included, oldest first', () => {
    const store = new MetricsStore();
    for (let time = 1_000; time <= 10_000; time += 1_000) store.add(serviceDetail(time));
    assert.deepEqual(
      store.between('demo', 'web', 3_000, 6_000).map(({ time }) => time),
      [3_000, 4_000, 5_000, 6_000],
    );
    assert.deepEqual(
      store.between('demo', 'web', 8_500, 99_000).map(({ time }) => time),
      [9_000, 10_000],
    );
    assert.deepEqual(store.between('demo', 'other', 0, 99_000), []);
    assert.equal(store.latest('demo', 'web')?.time, 10_000);
  });

  test('forgets what is older than its window, and services that are gone', () => {
    const store = new MetricsStore();
    store.add(serviceDetail(0, { service: 'gone' }));
    for (let time = 0; time <= 2 * windowMs; time += 60_000) {
      store.add(serviceDetail(time));
      store.trim(time);
    }
    const kept = store.between('demo', 'web', 0, Infinity);
    assert.equal(kept[0]?.time, windowMs);
    assert.equal(kept.length, 16);
    assert.equal(store.latest('demo', 'gone'), undefined);
  });

  test('reaches less far back when its memory is used up', () => {
    const store = new MetricsStore(20_000);
    for (let time = 1_000; time <= 800_000; time += 1_000) {
      store.add(serviceDetail(time));
      store.add(serviceDetail(time, { service: 'api' }));
      store.trim(time);
    }
    assert.ok(store.bytes <= 20_000, `${store.bytes} bytes`);
    assert.equal(store.between('demo', 'web', 0, Infinity).at(-1)?.time, 800_000);
    assert.ok(store.between('demo', 'api', 0, Infinity).length > 20);
  });

  test('begins anew when the clock was set back', () => {
    const store = new MetricsStore();
    store.add(serviceDetail(50_000));
    store.add(serviceDetail(20_000));
    assert.deepEqual(
      store.between('demo', 'web', 0, 99_000).map(({ time }) => time),
      [20_000],
    );
  });

  test('tells watchers of each new sample until they leave', () => {
    const store = new MetricsStore();
    const leaving = new AbortController();
    const seen: number[] = [];
    store.watch(({ time }) => seen.push(time), leaving.signal);
    store.add(serviceDetail(1));
    leaving.abort();
    store.add(serviceDetail(2));
    assert.deepEqual(seen, [1]);
  });
});
