import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { writeHeld, writeSoon } from '../../src/balancer/proxy/socket/write-soon.ts';

class Recorder extends Writable {
  readonly said: string[] = [];

  constructor() {
    super({ decodeStrings: false });
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.said.push(String(chunk));
    done();
  }
}

describe('writing at the end of a turn', () => {
  test('what a turn has for many streams goes out when it ends', async () => {
    const streams = Array.from({ length: 5 }, () => new Recorder());
    for (const stream of streams) writeSoon(stream, 'hello');
    assert.deepEqual(
      streams.flatMap(({ said }) => said),
      [],
    );
    await endOfTurn();
    for (const { said } of streams) assert.deepEqual(said, ['hello']);
  });

  test('what is written plainly afterwards keeps its place', async () => {
    const stream = new Recorder();
    writeSoon(stream, 'head');
    stream.write('body');
    writeSoon(stream, 'next');
    await endOfTurn();
    assert.deepEqual(stream.said, ['head', 'body', 'next']);
  });

  test('a stream that ends in the same turn says everything before', async () => {
    const stream = new Recorder();
    writeSoon(stream, 'last words');
    stream.end();
    await endOfTurn();
    assert.deepEqual(stream.said, ['last words']);
    assert.equal(stream.writableFinished, true);
  });

  test('what waits can be written before its stream is destroyed', async () => {
    const stream = new Recorder();
    writeSoon(stream, 'last words');
    writeHeld(stream);
    stream.destroy();
    assert.deepEqual(stream.said, ['last words']);
    await endOfTurn();
  });

  test('a stream that is destroyed with something to say keeps nothing from the others', async () => {
    const [lost, other] = [new Recorder(), new Recorder()];
    writeSoon(lost, 'never');
    writeSoon(other, 'hello');
    lost.destroy();
    await endOfTurn();
    assert.deepEqual([lost.said, other.said], [[], ['hello']]);
  });

  test('many do not wait for the end of a long turn', () => {
    const streams = Array.from({ length: 40 }, () => new Recorder());
    for (const stream of streams) writeSoon(stream, 'hello');
    assert.equal(streams.filter(({ said }) => said.length === 1).length, 32);
  });
});
