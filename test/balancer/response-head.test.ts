import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ResponseHead } from '../../src/balancer/proxy/http/response-head.ts';
import {
  removedFromNamedResponses,
  removedFromResponses,
} from '../../src/balancer/proxy/http/known-fields.ts';

const head = new ResponseHead();

function parse(lines: string, options: { isHead?: boolean; isUpgradeOffered?: boolean } = {}): boolean {
  const { isHead = false, isUpgradeOffered = false } = options;
  return head.parse(`${lines}\r\n`, removedFromResponses, isHead, isUpgradeOffered);
}

describe('the framing of a response', () => {
  test('is a length, chunks or the end of the connection', () => {
    assert.ok(parse('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n'));
    assert.deepEqual(head.framing, { kind: 'length', bytes: 5 });
    assert.ok(parse('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n'));
    assert.deepEqual(head.framing, { kind: 'chunked' });
    assert.ok(parse('HTTP/1.1 200 OK\r\n'));
    assert.deepEqual(head.framing, { kind: 'close' });
    assert.equal(head.keepsAlive, false);
  });

  test('is none for HEAD, 204 and 304, whatever the fields say', () => {
    assert.ok(parse('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n', { isHead: true }));
    assert.deepEqual(head.framing, { kind: 'none' });
    for (const status of ['204 No Content', '304 Not Modified']) {
      assert.ok(parse(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n`));
      assert.deepEqual(head.framing, { kind: 'none' });
    }
  });

  test('is a tunnel for a 101 that was asked for', () => {
    assert.ok(parse('HTTP/1.1 101 Switching Protocols\r\n', { isUpgradeOffered: true }));
    assert.deepEqual(head.framing, { kind: 'upgrade' });
  });
});

describe('a response that is not trusted', () => {
  const distrusted: Record<string, string> = {
    'a 101 that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n',
    'both length and chunks': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n',
    'a length that is no number': 'HTTP/1.1 200 OK\r\nContent-Length: five\r\n',
    'another coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n',
    'chunks in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n',
    'another protocol': 'HTTP/2 200 OK\r\n',
    'no status': 'HTTP/1.1 OK\r\n',
    'a status below 100': 'HTTP/1.1 099 No\r\n',
    'a status of four digits': 'HTTP/1.1 2000 OK\r\n',
    'a folded line': 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n',
    'a blank before the colon': 'HTTP/1.1 200 OK\r\nContent-Length : 5\r\n',
    'a NUL': 'HTTP/1.1 200 OK\r\nX: a\0\r\n',
  };
  for (const [name, lines] of Object.entries(distrusted)) {
    test(name, () => assert.equal(parse(lines), false));
  }
});

test('a status line may lack its reason phrase, and the blank before it', () => {
  assert.ok(parse('HTTP/1.1 200 \r\n'));
  assert.ok(parse('HTTP/1.1 404\r\n'));
  assert.equal(head.statusText, '404 ');
});

test('the names of the balancer replace those of a replica only where it adds its own', () => {
  const lines =
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Served-By: me\r\nX-Request-ID: 1\r\nServer: s\r\n\r\n';
  assert.ok(head.parse(lines, removedFromResponses, false, false));
  assert.equal(head.fields.kept, 'X-Served-By: me\r\nX-Request-ID: 1\r\nServer: s\r\n');
  assert.ok(head.parse(lines, removedFromNamedResponses, false, false));
  assert.equal(head.fields.kept, 'Server: s\r\n');
});

describe('a response head that comes again as it was', () => {
  const lines = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n';

  test('is framed by the request that it answers', () => {
    assert.ok(parse(lines));
    assert.ok(parse(lines, { isHead: true }));
    assert.deepEqual(head.framing, { kind: 'none' });
    assert.ok(parse(lines));
    assert.deepEqual(head.framing, { kind: 'length', bytes: 5 });
    assert.ok(parse('HTTP/1.1 101 Switching Protocols\r\n', { isUpgradeOffered: true }));
    assert.equal(parse('HTTP/1.1 101 Switching Protocols\r\n'), false);
  });

  test('gives the bytes that came with it this time', () => {
    for (const body of ['first', 'other']) {
      const text = `${lines}\r\n${body}`;
      assert.ok(head.parse(text, removedFromResponses, false, false, text.length - 5));
      assert.equal(head.following(5), body);
      assert.equal(head.following(6), undefined);
    }
  });
});
