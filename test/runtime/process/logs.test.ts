import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { LogStore } from '../../../src/runtime/process/logs/log-store.ts';
import type { LogLine, LogOptions } from '../../../src/runtime/runtime-driver.ts';
import { eventually } from '../../helpers/eventually.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { never, openWorkbench, program } from './workbench.ts';

const owner = { stack: 'demo', service: 'web', instance: 'web-1' };
const rotation = { maxBytes: 2_000, maxFiles: 3 };

/** A store, and a pen that writes where a replica would. */
async function openStore() {
  const folder = await temporaryFolder();
  let store = new LogStore(folder.path, rotation);
  const path = (stream: string) => join(folder.path, 'demo', `web-1.${stream}.log`);
  store.open(owner);
  store.addWriter(owner);
  return {
    get store() {
      return store;
    },
    folder: folder.path,
    path,
    write(text: string, stream = 'stdout', time?: number) {
      appendFileSync(path(stream), text);
      if (time !== undefined) utimesSync(path(stream), time / 1000, time / 1000);
      store.look();
    },
    async read(options: Partial<LogOptions> = {}) {
      const lines: LogLine[] = [];
      const all = { follow: false, tail: undefined, sinceMs: undefined, ...options };
      for await (const line of store.read(owner, all, never)) lines.push(line);
      return lines;
    },
    reopen() {
      store = new LogStore(folder.path, rotation);
      store.addWriter(owner);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at}`);

describe('a log', () => {
  test('has the lines of both streams in order of time', async () => {
    await using log = await openStore();
    log.write('one\n', 'stdout', 1_000);
    log.write('two\n', 'stderr', 2_000);
    log.write('three\nfour\n', 'stdout', 3_000);
    assert.deepEqual(
      (await log.read()).map(({ stream, time, text }) => [stream, time, text]),
      [
        ['stdout', 1_000, 'one'],
        ['stderr', 2_000, 'two'],
        ['stdout', 3_000, 'three'],
        ['stdout', 3_000, 'four'],
      ],
    );
  });

  test('keeps its times when the store is made anew, and gives what came meanwhile the time of the last write', async () => {
    await using log = await openStore();
    log.write('before\n', 'stdout', 1_000);
    appendFileSync(log.path('stdout'), 'meanwhile\nand more\n');
    utimesSync(log.path('stdout'), 5, 5);
    log.reopen();
    log.write('after\n', 'stdout', 9_000);
    assert.deepEqual(
      (await log.read()).map(({ time, text }) => [time, text]),
      [
        [1_000, 'before'],
        [9_000, 'meanwhile'],
        [9_000, 'and more'],
        [9_000, 'after'],
      ],
    );
  });

  test('gives a line that has not ended once, whole', async () => {
    await using log = await openStore();
    const following = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      const options = { follow: true, tail: undefined, sinceMs: undefined };
      for await (const { text } of log.store.read(owner, options, following.signal)) seen.push(text);
    })();
    log.write('first\nhal');
    await eventually(() => assert.deepEqual(seen, ['first']));
    assert.deepEqual(
      (await log.read()).map(({ text }) => text),
      ['first', 'hal'],
    );
    log.write('f\nlast\n');
    await eventually(() => assert.deepEqual(seen, ['first', 'half', 'last']));
    following.abort();
    await reading;
  });

  test('counts the last lines over both streams and rotated files', async () => {
    await using log = await openStore();
    for (const line of numbered(1, 300)) log.write(`${line}\n`);
    const texts = async (tail: number) => (await log.read({ tail })).map(({ text }) => text);
    assert.deepEqual(await texts(1), ['line 300']);
    const all = (await log.read()).map(({ text }) => text);
    assert.ok(all.length > 100 && all.length < 300, `${all.length} lines are left`);
    assert.deepEqual(await texts(all.length - 5), all.slice(5));
    assert.deepEqual(await texts(10_000), all);
    log.write('trouble', 'stderr');
    assert.deepEqual(await texts(2), ['line 300', 'trouble']);
  });

  test('is rotated when it is full, and bounded whatever its lines are like', async () => {
    await using log = await openStore();
    for (let count = 0; count < 2_000; count++) log.write('x\n');
    const sizes = readdirSync(join(log.folder, 'demo')).map(
      (name) => statSync(join(log.folder, 'demo', name)).size,
    );
    assert.ok(Math.max(...sizes) <= rotation.maxBytes + 20);
    assert.ok(sizes.reduce((sum, size) => sum + size) <= rotation.maxFiles * (rotation.maxBytes + 20));
    assert.ok((await log.read()).every(({ text }) => text === 'x'));
  });

  test('can be followed through rotations without losing or doubling a line', async () => {
    await using log = await openStore();
    const following = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      const options = { follow: true, tail: undefined, sinceMs: undefined };
      for await (const { text } of log.store.read(owner, options, following.signal)) seen.push(text);
    })();
    for (const line of numbered(1, 500)) {
      // Cut in the middle, so that some lines are rotated in two halves.
      log.write(line.slice(0, 4));
      log.write(`${line.slice(4)}\n`);
      if (line.endsWith('0')) await eventually(() => assert.equal(seen.at(-1), line));
    }
    await eventually(() => assert.deepEqual(seen, numbered(1, 500)));
    following.abort();
    await reading;
  });

  test('goes on from its beginning when somebody else has cut it', async () => {
    await using log = await openStore();
    log.write('a line of some length\n');
    truncateSync(log.path('stdout'));
    log.write('new\n');
    assert.deepEqual(
      (await log.read()).map(({ text }) => text),
      ['new'],
    );
  });

  test('is followed on when somebody else has cut or removed it', async () => {
    await using log = await openStore();
    log.write('a line of some length\n');
    const following = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      const options = { follow: true, tail: 0, sinceMs: undefined };
      for await (const { text } of log.store.read(owner, options, following.signal)) seen.push(text);
    })();
    log.write('next\n');
    await eventually(() => assert.deepEqual(seen, ['next']));
    truncateSync(log.path('stdout'));
    log.write('cut\n');
    await eventually(() => assert.deepEqual(seen, ['next', 'cut']));
    log.store.removeWriter(owner);
    await log.store.removeStack('demo');
    log.store.open(owner);
    log.store.addWriter(owner);
    log.write('a new log, longer than the one before\n');
    await eventually(() => assert.equal(seen.at(-1), 'a new log, longer than the one before'));
    following.abort();
    await reading;
  });

  test('can be read although its index is lost or torn', async () => {
    await using log = await openStore();
    log.write('one\ntwo\n', 'stdout', 1_000);
    writeFileSync(`${log.path('stdout')}.index`, '99');
    log.reopen();
    assert.deepEqual(
      (await log.read()).map(({ time, text }) => [time, text]),
      [
        [1_000, 'one'],
        [1_000, 'two'],
      ],
    );
  });

  test('gives an endless line in pieces', async () => {
    await using folder = await temporaryFolder();
    const store = new LogStore(folder.path);
    store.open(owner);
    appendFileSync(join(folder.path, 'demo/web-1.stdout.log'), 'x'.repeat(200_000));
    const lengths: number[] = [];
    const options = { follow: false, tail: undefined, sinceMs: undefined };
    for await (const { text } of store.read(owner, options, never)) lengths.push(text.length);
    assert.equal(
      lengths.reduce((sum, length) => sum + length),
      200_000,
    );
    assert.ok(lengths.length > 1 && Math.max(...lengths) <= 1 << 17);
  });
});

describe('the log of a replica', () => {
  test('has every line of one that prints a lot, up to the size that is kept', async () => {
    await using bench = await openWorkbench({ logRotation: { maxBytes: 400_000, maxFiles: 3 } });
    const replica = await bench.start(bench.stackWith({ config: { command: program('flood', '8000') } }));
    await eventually(async () => {
      const errors = (await bench.lines(replica)).filter(({ stream }) => stream === 'stderr');
      assert.deepEqual(
        errors.map(({ text }) => text),
        ['done'],
      );
    });
    const numbers = (await bench.lines(replica, { tail: 1_000 }))
      .filter(({ stream }) => stream === 'stdout')
      .map(({ text }) => Number(text.split(' ')[1]));
    assert.equal(numbers.at(-1), 8_000);
    assert.deepEqual(
      numbers,
      numbers.map((_, at) => (numbers[0] ?? 0) + at),
    );
  });

  test('is followed across restarts of the replica', async () => {
    await using bench = await openWorkbench();
    const stack = bench.stackWith({ config: { command: ['sh', '-c', 'echo begun; sleep 600'] } });
    const replica = await bench.start(stack);
    const following = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      const options = { follow: true, tail: undefined, sinceMs: undefined };
      for await (const { text } of bench.driver.console.logs(replica, options, following.signal))
        seen.push(text);
    })();
    await eventually(() => assert.equal(seen.length, 1));
    await bench.driver.stop(replica, { signal: 'SIGKILL', graceMs: 0 }, never);
    await bench.start(stack, 1, replica);
    await eventually(() => assert.deepEqual(seen, ['begun', 'begun']));
    following.abort();
    await reading;
  });
});
