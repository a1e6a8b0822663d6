import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FrameScanner } from '../../src/balancer/proxy/http/frame-scanner.ts';

const closing = Buffer.from([0x88, 0x02, 0x03, 0xe8]);

function frame(length: number, options: { readonly isMasked?: boolean } = {}): Buffer {
  const { isMasked = false } = options;
  const mask = isMasked ? 0x80 : 0;
  const head =
    length < 126
      ? Buffer.from([0x82, mask | length])
      : length < 65_536
        ? Buffer.from([0x82, mask | 126, length >> 8, length & 0xff])
        : Buffer.from([0x82, mask | 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff]);
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0, 0x88), Buffer.alloc(length, 0x88)]);
}

describe('the frames of a WebSocket', () => {
  test('end where they end, wherever they are split', () => {
    const frames = [0, 1, 125, 126, 300, 65_535, 65_536, 70_000, 2].map((length) => frame(length));
    frames.push(frame(0, { isMasked: true }), frame(200, { isMasked: true }), frame(5));
    const bytes = Buffer.concat(frames);
    const ends = new Set(frames.map((_, index) => Buffer.concat(frames.slice(0, index + 1)).length));
    for (const pieceBytes of [1, 2, 3, 7, 1_000, bytes.length]) {
      const scanner = new FrameScanner();
      for (let from = 0; from < bytes.length; from += pieceBytes) {
        const piece = bytes.subarray(from, from + pieceBytes);
        assert.equal(scanner.take(piece, false), piece.length);
        const offset = from + piece.length;
        assert.equal(scanner.isBetweenFrames, ends.has(offset), `after ${offset} by ${pieceBytes}`);
      }
    }
  });

  test('are followed to the end of the one under way, and no further', () => {
    const scanner = new FrameScanner();
    const [one, next] = [frame(300), frame(3)];
    scanner.take(one.subarray(0, 5), false);
    assert.equal(scanner.isBetweenFrames, false);
    assert.equal(scanner.take(one.subarray(5, 100), true), 95);
    assert.equal(scanner.take(Buffer.concat([one.subarray(100), next]), true), one.length - 100);
    assert.equal(scanner.isBetweenFrames, true);
    assert.equal(scanner.take(next, true), 0);
  });

  test('tell when the server closes it, and not by what they carry', () => {
    const scanner = new FrameScanner();
    scanner.take(frame(300), false);
    assert.equal(scanner.hasClosed, false);
    scanner.take(closing, false);
    assert.equal(scanner.hasClosed, true);
  });
});
