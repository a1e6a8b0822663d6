import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { nanoseconds, permissionBits } from '../../../src/runtime/docker/container/units.ts';
import { framesOf } from '../../../src/runtime/docker/engine/frames.ts';
import { jsonLines } from '../../../src/runtime/docker/engine/json-lines.ts';
import { traceLines } from '../../../src/runtime/docker/image/buildkit-trace.ts';
import { parseImageReference } from '../../../src/runtime/docker/image/image-reference.ts';

describe('image names', () => {
  const cases: readonly [string, string, string, string][] = [
    ['redis', 'docker.io', 'redis', 'latest'],
    ['redis:7', 'docker.io', 'redis', '7'],
    ['library/redis:7-alpine', 'docker.io', 'library/redis', '7-alpine'],
    ['ghcr.io/org/app', 'ghcr.io', 'ghcr.io/org/app', 'latest'],
    ['localhost/app:1', 'localhost', 'localhost/app', '1'],
    ['127.0.0.1:5000/a/b:1', '127.0.0.1:5000', '127.0.0.1:5000/a/b', '1'],
    ['registry:5000/app', 'registry:5000', 'registry:5000/app', 'latest'],
    ['redis@sha256:abc', 'docker.io', 'redis', 'sha256:abc'],
    ['redis:7@sha256:abc', 'docker.io', 'redis', 'sha256:abc'],
  ];
  for (const [name, registry, repository, version] of cases) {
    test(name, () => assert.deepEqual(parseImageReference(name), { registry, repository, version }));
  }
});

describe('durations and modes', () => {
  test('durations are nanoseconds', () => {
    const texts = ['10s', '1m30s', '1.5h', '500ms', '1h0m0.25s', '3us'];
    assert.deepEqual(texts.map(nanoseconds), [10e9, 90e9, 5400e9, 5e8, 3600.25e9, 3000]);
  });

  test('modes are octal where they are text', () => {
    assert.deepEqual(
      [permissionBits('0440', 0), permissionBits(288, 0), permissionBits(undefined, 0o444)],
      [0o440, 0o440, 0o444],
    );
  });
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** The bytes in chunks of every size from one byte up. */
function* cuts(bytes: Buffer): Generator<Readable> {
  for (let size = 1; size <= bytes.length; size += 1) {
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    yield Readable.from(chunks);
  }
}

describe('streams that come in pieces', () => {
  function frame(stream: number, text: string): Buffer {
    const header = Buffer.alloc(8);
    header.writeUInt8(stream, 0);
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  }

  test('frames are whole wherever the stream was cut', async () => {
    const bytes = Buffer.concat([frame(1, 'out'), frame(2, ''), frame(2, 'error'), frame(1, 'ü')]);
    for (const stream of cuts(bytes)) {
      const frames = await all(framesOf(stream));
      assert.deepEqual(
        frames.map(({ stream, payload }) => [stream, payload.toString()]),
        [
          ['stdout', 'out'],
          ['stderr', ''],
          ['stderr', 'error'],
          ['stdout', 'ü'],
        ],
      );
    }
  });

  test('objects are whole wherever the stream was cut', async () => {
    for (const stream of cuts(Buffer.from('{"a":"ü"}\r\n\n{"b":2}'))) {
      assert.deepEqual(await all(jsonLines(stream)), [{ a: 'ü' }, { b: 2 }]);
    }
  });
});

describe("BuildKit's trace", () => {
  const bytes = (number: number, content: Buffer | string): Buffer => {
    const value = Buffer.from(content);
    const length = value.length < 128 ? [value.length] : [(value.length & 0x7f) | 0x80, value.length >> 7];
    return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), value]);
  };
  const flag = (number: number): Buffer => Buffer.from([number << 3, 1]);
  const lines = (...parts: Buffer[]) => traceLines(Buffer.concat(parts).toString('base64'));

  test('tells the steps that begin, those from the cache, what they print and their errors', () => {
    const begun = Buffer.concat([bytes(1, 'sha256:a'), bytes(3, 'RUN make'), bytes(5, '')]);
    const cached = Buffer.concat([bytes(3, 'COPY . .'), flag(4), bytes(5, ''), bytes(6, '')]);
    const done = Buffer.concat([bytes(3, 'RUN make'), bytes(5, ''), bytes(6, '')]);
    const failed = Buffer.concat([bytes(3, 'RUN test'), bytes(5, ''), bytes(7, 'exit code: 7')]);
    const log = Buffer.concat([bytes(1, 'sha256:a'), flag(3), bytes(4, `compiling\n${'x'.repeat(200)}\n`)]);
    assert.deepEqual(lines(bytes(1, begun), bytes(1, cached), bytes(1, done), bytes(1, failed)), [
      'RUN make',
      'COPY . . (cached)',
      'RUN test: exit code: 7',
    ]);
    assert.deepEqual(lines(bytes(3, log)), ['compiling', 'x'.repeat(200), '']);
  });

  test('is read no further than it can be', () => {
    assert.deepEqual(lines(Buffer.from([0xff, 0xff])), []);
    assert.deepEqual(traceLines(''), []);
  });
});
