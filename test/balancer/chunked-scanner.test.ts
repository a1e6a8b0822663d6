import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ChunkedScanner } from '../../src/balancer/proxy/http/chunked-scanner.ts';

/** Where the body ends in the text, or -1 when it is refused, or undefined when it is not complete. */
function endOf(text: string, splits: readonly number[] = []): number | undefined {
  const scanner = new ChunkedScanner();
  const bytes = Buffer.from(text, 'latin1');
  const edges = [0, ...splits, bytes.length];
  for (let index = 1; index < edges.length; index++) {
    const from = edges[index - 1] ?? 0;
    const end = scanner.scan(bytes.subarray(from, edges[index]), 0);
    if (end < 0) return -1;
    if (scanner.isDone) return from + end;
  }
  return undefined;
}

describe('a chunked body', () => {
  const whole: Record<string, string> = {
    'without content': '0\r\n\r\n',
    'of one chunk': '5\r\nhello\r\n0\r\n\r\n',
    'of several chunks': '5\r\nhello\r\n1\r\n,\r\nA\r\n0123456789\r\n0\r\n\r\n',
    'with leading noughts and both cases': '00a\r\n0123456789\r\n0A\r\n0123456789\r\n000\r\n\r\n',
    'with extensions': '5;name=value;x="a b"\r\nhello\r\n0;last\r\n\r\n',
    'with trailers': '1\r\na\r\n0\r\nX-Checksum: abc\r\nX-More: d\r\n\r\n',
    'whose content looks like chunks': 'A\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n',
  };
  for (const [name, text] of Object.entries(whole)) {
    test(`${name} ends where it ends, wherever it is split, and leaves what follows`, () => {
      const followed = `${text}GET / HTTP/1.1\r\n`;
      assert.equal(endOf(followed), text.length);
      for (let split = 1; split < text.length; split++) {
        assert.equal(endOf(followed, [split]), text.length, `split at ${split}`);
        assert.equal(endOf(text.slice(0, split)), undefined, `cut at ${split}`);
      }
      assert.equal(
        endOf(
          followed,
          Array.from(text, (_, index) => index + 1),
        ),
        text.length,
        'byte by byte',
      );
    });
  }

  const refused: Record<string, string> = {
    'an empty size': '\r\n\r\n',
    'a size that is no number': 'g\r\n',
    'a signed size': '+5\r\nhello\r\n',
    'a size with a prefix': '0x5\r\nhello\r\n',
    'a size that overflows': '10000000000000005\r\nhello\r\n',
    'smuggling: a bare line feed after the size': '5\nhello\r\n0\r\n\r\n',
    'smuggling: a bare carriage return after the size': '5\rhello\r\n',
    'smuggling: a bare line feed in an extension': '5;a\nb\r\nhello\r\n',
    'smuggling: content longer than its size': '5\r\nhello!\r\n0\r\n\r\n',
    'smuggling: a bare line feed after the content': '5\r\nhello\n0\r\n\r\n',
    'smuggling: a bare line feed after the last chunk': '0\r\n\n',
    'an extension without end': `5;${'a'.repeat(2000)}`,
    'a folded trailer': '0\r\nX: a\r\n b\r\n\r\n',
    'a trailer without a colon': '0\r\nnonsense\r\n\r\n',
    'smuggling: a framing field in a trailer': '0\r\nContent-Length: 5\r\n\r\n',
    'smuggling: a disguised framing field in a trailer': '0\r\nTransfer_Encoding: chunked\r\n\r\n',
    'a trust field in a trailer': '0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n',
    'a NUL in a trailer': '0\r\nX: \0\r\n\r\n',
    'trailers without end': `0\r\n${'X: y\r\n'.repeat(4000)}`,
  };
  for (const [name, text] of Object.entries(refused)) {
    test(`is refused: ${name}`, () => {
      assert.equal(endOf(text), -1);
      assert.equal(
        endOf(
          text,
          Array.from(text, (_, index) => index + 1),
        ),
        -1,
        'byte by byte',
      );
    });
  }

  test('gives its content free of the coding', () => {
    const pieces: Buffer[] = [];
    new ChunkedScanner().scan(Buffer.from('5;x\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n'), 0, pieces);
    assert.equal(Buffer.concat(pieces).toString(), 'hello!');
  });
});
