import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { MetricsHistory } from '../../src/metrics/history/history.ts';
import type { Layout } from '../../src/metrics/window/packed-sample.ts';
import { packSample, unpackSample } from '../../src/metrics/window/packed-sample.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { latencyOf, replicaDetail, serviceDetail } from './samples.ts';

const minute = 60_000;
const hour = 60 * minute;
const begin = 1_700_000_000_000 - (1_700_000_000_000 % hour);
const all = (): boolean => true;

async function open(
  t: TestContext,
): Promise<{ directory: string; warnings: string[]; history: () => MetricsHistory }> {
  const folder = await temporaryFolder();
  t.after(() => folder[Symbol.asyncDispose]());
  const directory = join(folder.path, 'metrics');
  const warnings: string[] = [];
  return {
    directory,
    warnings,
    history: () => new MetricsHistory({ directory, onWarning: (line) => warnings.push(line) }),
  };
}

/** A sample a second, as the sampler takes them. */
async function fill(history: MetricsHistory, from: number, to: number): Promise<void> {
  let layout: Layout | undefined;
  for (let time = from; time <= to; time += 1_000) {
    const seconds = (time - begin) / 1_000;
    const replica = replicaDetail(1, { requests: seconds, latency: latencyOf([seconds]) });
    const packed = packSample(serviceDetail(time, { requests: seconds, replicas: [replica] }), layout);
    layout = packed.layout;
    await history.add(time, [packed]);
  }
}

describe('the metrics history', () => {
  test('keeps a sample of each ten seconds, and of each minute for what lies further back', async (t) => {
    const { history: make, warnings } = await open(t);
    const history = make();
    await fill(history, begin, begin + 70 * minute);
    const now = begin + 70 * minute;
    const recent = await history.read(now - 5 * minute, now, now, all);
    assert.equal(recent.length, 31);
    const [first] = recent.map(unpackSample);
    assert.equal(first?.requests, 65 * 60);
    assert.equal(first?.replicas[0]?.latency.count, 1);
    const whole = await history.read(begin, now, now, all);
    assert.deepEqual(
      whole.map(({ time }) => time - begin),
      Array.from({ length: 71 }, (_, index) => index * minute),
    );
    assert.deepEqual(warnings, []);
  });

  test('outlives the daemon', async (t) => {
    const { history: make } = await open(t);
    await fill(make(), begin, begin + 2 * minute);
    const second = make();
    await fill(second, begin + 2 * minute + 1_000, begin + 4 * minute);
    const times = (await second.read(begin, begin + 4 * minute, begin + 4 * minute, all)).map(
      ({ time }) => time - begin,
    );
    assert.equal(times[0], 0);
    assert.equal(times.at(-1), 4 * minute);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  });

  test('removes what is older than a day', async (t) => {
    const { history: make, directory } = await open(t);
    const history = make();
    for (let time = begin; time < begin + 30 * hour; time += minute)
      await history.add(time, [packSample(serviceDetail(time), undefined)]);
    const names = await readdir(directory);
    const oldest = Math.min(...names.map((name) => Number(/-(\d+)\./.exec(name)?.[1])));
    assert.ok(
      oldest >= begin + 3 * hour,
      `the oldest file began ${(oldest - begin) / hour} h after the first sample`,
    );
    assert.ok(names.length <= 20, `${names.length} files`);
  });

  test('reads a file whose end is torn up to there', async (t) => {
    const { history: make, directory, warnings } = await open(t);
    await fill(make(), begin, begin + minute);
    const path = await onlyFile(directory, '10s');
    await truncate(path, (await readFile(path)).length - 7);
    const read = await make().read(begin, begin + minute, begin + minute, all);
    assert.equal(read.length, 6);
    assert.deepEqual(warnings, []);
  });

  test('sets a damaged or foreign file aside with a warning, and goes on', async (t) => {
    const { history: make, directory, warnings } = await open(t);
    await fill(make(), begin, begin + minute);
    const path = await onlyFile(directory, '10s');
    const bytes = await readFile(path);
    bytes[60] = (bytes[60] ?? 0) ^ 0xff;
    await writeFile(path, bytes);
    const foreign = join(directory, `10s-${begin + 30_000}.samples`);
    await appendFile(foreign, 'somebody wrote their own notes here\n');
    const later = make();
    await fill(later, begin + 2 * minute, begin + 3 * minute);
    const read = await later.read(begin, begin + 3 * minute, begin + 3 * minute, all);
    assert.equal(read.length, 7);
    assert.equal(warnings.length, 2);
    assert.match(warnings.join('\n'), /checksum is wrong at byte \d+\); it was set aside/);
    assert.match(warnings.join('\n'), /does not begin as a metrics file does/);
    assert.deepEqual((await readdir(directory)).filter((name) => name.endsWith('.bad')).length, 2);
    assert.equal((await later.read(begin, begin + 3 * minute, begin + 3 * minute, all)).length, 7);
    assert.equal(warnings.length, 2);
  });

  test('warns once when the disk takes nothing, and loses no more than that time', async (t) => {
    const { history: make, directory, warnings } = await open(t);
    await writeFile(directory, 'in the way');
    const history = make();
    await fill(history, begin, begin + minute);
    assert.equal(warnings.length, 1);
  });
});

async function onlyFile(directory: string, tier: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => name.startsWith(`${tier}-`));
  assert.equal(names.length, 1);
  return join(directory, names[0] ?? '');
}
