import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  HeadBuffer,
  headIncomplete,
  headMalformed,
  headTooLong,
} from '../../src/balancer/proxy/http/head-buffer.ts';
import { RequestHead } from '../../src/balancer/proxy/http/request-head.ts';

const head = new RequestHead();
const host = 'Host: example.test\r\n';

function statusOf(lines: string): number {
  return head.parse(`${lines}\r\n`);
}

describe('a request head that is taken', () => {
  const taken: Record<string, [string, Partial<RequestHead>]> = {
    'a plain GET': [`GET /a?b=c HTTP/1.1\r\n${host}`, { method: 'GET', target: '/a?b=c', keepsAlive: true }],
    'Connection: close': [`GET / HTTP/1.1\r\n${host}Connection: close\r\n`, { keepsAlive: false }],
    'Connection with several tokens': [
      `GET / HTTP/1.1\r\n${host}Connection: foo, Close\r\n`,
      { keepsAlive: false },
    ],
    'HTTP/1.0 without Host': ['GET / HTTP/1.0\r\n', { isHttp10: true, keepsAlive: false, host: undefined }],
    'HTTP/1.0 that stays': [
      'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n',
      { isHttp10: true, keepsAlive: true },
    ],
    'a length': [
      `POST / HTTP/1.1\r\n${host}Content-Length: 12\r\n`,
      { framing: { kind: 'length', bytes: 12 } },
    ],
    'a length of nought': [`POST / HTTP/1.1\r\n${host}Content-Length: 0\r\n`, { framing: { kind: 'none' } }],
    'a chunked body': [
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: Chunked\r\n`,
      { framing: { kind: 'chunked' } },
    ],
    'an absolute target whose authority is the Host': [
      `GET http://Example.test/x HTTP/1.1\r\n${host}`,
      { target: '/x', host: 'example.test' },
    ],
    'an absolute target without a path': [`GET http://example.test?q HTTP/1.1\r\n${host}`, { target: '/?q' }],
    'OPTIONS *': [`OPTIONS * HTTP/1.1\r\n${host}`, { target: '*' }],
    'an IPv6 host': ['GET / HTTP/1.1\r\nHost: [::1]:8080\r\n', { host: '[::1]:8080' }],
    'an empty host': ['GET / HTTP/1.1\r\nHost:\r\n', { host: '' }],
    '100-continue': [
      `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nExpect: 100-Continue\r\n`,
      { expectsContinue: true },
    ],
    'an upgrade': [
      `GET / HTTP/1.1\r\n${host}Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n`,
      { upgrade: 'websocket' },
    ],
    'an upgrade to clear-text HTTP/2, which is not passed on': [
      `GET / HTTP/1.1\r\n${host}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n`,
      { upgrade: undefined },
    ],
    'an upgrade with a body, which is not passed on': [
      `POST / HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n`,
      { upgrade: undefined, framing: { kind: 'length', bytes: 3 } },
    ],
    'obsolete text in a value': [`GET / HTTP/1.1\r\n${host}X-Name: caf\u00e9\r\n`, { method: 'GET' }],
  };
  for (const [name, [lines, wanted]] of Object.entries(taken)) {
    test(name, () => {
      assert.equal(statusOf(lines), 0);
      for (const [key, value] of Object.entries(wanted)) assert.deepEqual(Reflect.get(head, key), value, key);
    });
  }
});

describe('a request head that is refused', () => {
  const refused: Record<string, [number, string]> = {
    'smuggling: Content-Length with Transfer-Encoding (CL.TE)': [
      400,
      `POST / HTTP/1.1\r\n${host}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n`,
    ],
    'smuggling: Transfer-Encoding with Content-Length (TE.CL)': [
      400,
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n`,
    ],
    'smuggling: two Transfer-Encodings (TE.TE)': [
      400,
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n`,
    ],
    'smuggling: a hidden Transfer-Encoding': [
      400,
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: xchunked;\r\n`,
    ],
    'smuggling: Transfer-Encoding: chunked, chunked': [
      400,
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked, chunked\r\n`,
    ],
    'smuggling: chunked not last': [400, `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked, gzip\r\n`],
    'smuggling: an empty Transfer-Encoding': [400, `POST / HTTP/1.1\r\n${host}Transfer-Encoding:\r\n`],
    'smuggling: Transfer-Encoding in HTTP/1.0': [400, 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n'],
    'smuggling: two lengths that differ': [
      400,
      `POST / HTTP/1.1\r\n${host}Content-Length: 6\r\nContent-Length: 5\r\n`,
    ],
    'smuggling: the same length twice': [
      400,
      `POST / HTTP/1.1\r\n${host}Content-Length: 6\r\nContent-Length: 6\r\n`,
    ],
    'smuggling: a list of lengths': [400, `POST / HTTP/1.1\r\n${host}Content-Length: 6, 6\r\n`],
    'smuggling: a signed length': [400, `POST / HTTP/1.1\r\n${host}Content-Length: +6\r\n`],
    'smuggling: a negative length': [400, `POST / HTTP/1.1\r\n${host}Content-Length: -6\r\n`],
    'smuggling: a hexadecimal length': [400, `POST / HTTP/1.1\r\n${host}Content-Length: 0x6\r\n`],
    'smuggling: a length that overflows': [
      400,
      `POST / HTTP/1.1\r\n${host}Content-Length: 18446744073709551617\r\n`,
    ],
    'smuggling: an empty length': [400, `POST / HTTP/1.1\r\n${host}Content-Length: \r\n`],
    'smuggling: a blank before the colon': [400, `POST / HTTP/1.1\r\n${host}Content-Length : 6\r\n`],
    'smuggling: a tab before the colon': [400, `POST / HTTP/1.1\r\n${host}Transfer-Encoding\t: chunked\r\n`],
    'smuggling: a folded line': [400, `GET / HTTP/1.1\r\n${host}X-One: a\r\n b\r\n`],
    'smuggling: a folded first line': [400, `GET / HTTP/1.1\r\n X: a\r\n${host}`],
    'smuggling: a bare carriage return in a value': [
      400,
      `GET / HTTP/1.1\r\n${host}X-One: a\rTransfer-Encoding: chunked\r\n`,
    ],
    'smuggling: a NUL in a value': [400, `GET / HTTP/1.1\r\n${host}X-One: a\0b\r\n`],
    'smuggling: a NUL in a name': [400, `GET / HTTP/1.1\r\n${host}X-\0One: a\r\n`],
    'smuggling: a NUL in the target': [400, `GET /\0 HTTP/1.1\r\n${host}`],
    'a line without a colon': [400, `GET / HTTP/1.1\r\n${host}nonsense\r\n`],
    'an empty name': [400, `GET / HTTP/1.1\r\n${host}: a\r\n`],
    'no Host': [400, 'GET / HTTP/1.1\r\n'],
    'two Hosts': [400, `GET / HTTP/1.1\r\n${host}${host}`],
    'a Host with user information': [400, 'GET / HTTP/1.1\r\nHost: user@example.test\r\n'],
    'a Host that is a list': [400, 'GET / HTTP/1.1\r\nHost: a.test, b.test\r\n'],
    'a Host with a path': [400, 'GET / HTTP/1.1\r\nHost: a.test/x\r\n'],
    'an absolute target that contradicts the Host': [400, `GET http://other.test/ HTTP/1.1\r\n${host}`],
    'an absolute target of another scheme': [400, `GET ftp://example.test/ HTTP/1.1\r\n${host}`],
    'a target with a blank': [400, `GET /a b HTTP/1.1\r\n${host}`],
    'a target with a fragment': [400, `GET /a#b HTTP/1.1\r\n${host}`],
    'a target that is not ASCII': [400, `GET /caf\u00e9 HTTP/1.1\r\n${host}`],
    'a star that is no OPTIONS': [400, `GET * HTTP/1.1\r\n${host}`],
    'an authority without CONNECT': [400, `GET example.test:80 HTTP/1.1\r\n${host}`],
    'two blanks in the request line': [400, `GET  / HTTP/1.1\r\n${host}`],
    'a tab in the request line': [400, `GET\t/ HTTP/1.1\r\n${host}`],
    'no method': [400, ` / HTTP/1.1\r\n${host}`],
    'no version': [400, `GET /\r\n${host}`],
    'a version in lower case': [400, `GET / http/1.1\r\n${host}`],
    CONNECT: [405, `CONNECT example.test:80 HTTP/1.1\r\n${host}`],
    'the preface of HTTP/2': [505, `PRI * HTTP/2.0\r\n`.replace('PRI', 'OPTIONS')],
    'HTTP/1.2': [505, `GET / HTTP/1.2\r\n${host}`],
    'another coding': [501, `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n`],
    'another expectation': [417, `POST / HTTP/1.1\r\n${host}Expect: 200-ok\r\n`],
    'a request line that is too long': [414, `GET /${'a'.repeat(8200)} HTTP/1.1\r\n${host}`],
    'too many fields': [431, `GET / HTTP/1.1\r\n${host}${'X: y\r\n'.repeat(128)}`],
  };
  for (const [name, [status, lines]] of Object.entries(refused)) {
    test(`${name}: ${status}`, () => {
      assert.equal(statusOf(lines), status);
    });
  }
});

describe('the fields that pass', () => {
  const parse = (lines: string): string => {
    assert.equal(statusOf(`GET / HTTP/1.1\r\n${host}${lines}`), 0);
    return head.fields.kept;
  };

  test('come as they are, in order, with repetitions', () => {
    const lines = 'Accept: a\r\nX-One:  two \r\naccept: b\r\n';
    assert.equal(parse(lines), lines);
  });

  test('are without those of the one hop, those that Connection names, and those that the proxy writes', () => {
    const kept = parse(
      'A: 1\r\nConnection: keep-alive, X-Secret\r\nKeep-Alive: timeout=5\r\nx-secret: 1\r\nTE: trailers\r\n' +
        'Proxy: http://evil.test\r\nX-Forwarded-For: 9.9.9.9\r\nX-Request-ID: abc\r\nB: 2\r\n',
    );
    assert.equal(kept, 'A: 1\r\nB: 2\r\n');
    assert.equal(head.fields.forwardedFor, '9.9.9.9');
    assert.equal(head.fields.requestId, 'abc');
  });

  test('are without names that a CGI-like server would take for a framing field', () => {
    assert.equal(parse('Content_Length: 7\r\nTRANSFER_ENCODING: chunked\r\nX-Ok: 1\r\n'), 'X-Ok: 1\r\n');
    assert.deepEqual(head.framing, { kind: 'none' });
  });
});

/** The head at the beginning of the text that was found. */
function headOf(buffer: HeadBuffer, found: string | number | undefined): string | undefined {
  return typeof found === 'string' ? found.slice(0, buffer.textEnd) : undefined;
}

describe('the end of a head', () => {
  const text = `GET / HTTP/1.1\r\n${host}X: y\r\n\r\n`;

  test('is found wherever the bytes are split, with the index after it', () => {
    const bytes = Buffer.from(`${text}rest`, 'latin1');
    for (let split = 1; split < bytes.length; split++) {
      const buffer = new HeadBuffer(1024);
      const first = buffer.read(bytes.subarray(0, split), 0);
      if (split >= text.length) {
        assert.equal(headOf(buffer, first), text);
        assert.equal(buffer.end, text.length);
      } else {
        assert.equal(first, headIncomplete);
        assert.equal(headOf(buffer, buffer.read(bytes.subarray(split), 0)), text, `split at ${split}`);
        assert.equal(buffer.end, text.length - split);
      }
      assert.equal(buffer.isBegun, false);
    }
  });

  test('is found when the bytes come one by one', () => {
    const buffer = new HeadBuffer(1024);
    const results = Array.from(text, (character) => buffer.read(Buffer.from(character), 0));
    assert.deepEqual(new Set(results.slice(0, -1)), new Set([headIncomplete]));
    assert.equal(headOf(buffer, results.at(-1)), text);
  });

  test('smuggling: a bare line feed is refused as soon as it is there', () => {
    for (const bad of [
      'GET / HTTP/1.1\nHost: a\r\n',
      'GET / HTTP/1.1\r\nHost: a\n\n',
      '\n',
      'GET / HTTP/1.1\r\n\n',
    ]) {
      assert.equal(new HeadBuffer(1024).read(Buffer.from(bad), 0), headMalformed, JSON.stringify(bad));
      const buffer = new HeadBuffer(1024);
      const results = Array.from(bad, (character) => buffer.read(Buffer.from(character), 0));
      assert.ok(results.includes(headMalformed), `${JSON.stringify(bad)} byte by byte`);
    }
  });

  test('must come before the limit', () => {
    const long = Buffer.from(`GET / HTTP/1.1\r\nX: ${'a'.repeat(2000)}\r\n\r\n`);
    assert.equal(new HeadBuffer(1024).read(long, 0), headTooLong);
    const buffer = new HeadBuffer(1024);
    assert.equal(buffer.read(long.subarray(0, 1000), 0), headIncomplete);
    assert.equal(buffer.read(long.subarray(1000, 1100), 0), headTooLong);
  });
});

describe('a head that comes again as it was', () => {
  const again = `GET /a HTTP/1.1\r\n${host}X-One: 1\r\n`;

  test('says the same, though what follows it is another', () => {
    assert.equal(head.parse(`${again}\r\none`, again.length + 2), 0);
    assert.equal(head.parse(`${again}\r\nother`, again.length + 2), 0);
    assert.deepEqual([head.target, head.fields.kept], ['/a', 'X-One: 1\r\n']);
  });

  test('is read anew when a refused one came between', () => {
    assert.equal(statusOf(again), 0);
    assert.equal(statusOf(`POST /b HTTP/1.1\r\n${host}Content-Length: x\r\n`), 400);
    assert.equal(statusOf(again), 0);
    assert.deepEqual([head.method, head.target, head.framing], ['GET', '/a', { kind: 'none' }]);
  });

  test('is refused as often as it comes', () => {
    const bad = `GET / HTTP/1.1\r\n${host}${host}`;
    assert.deepEqual([statusOf(bad), statusOf(bad)], [400, 400]);
  });

  test('is read anew when what was read of it has been changed', () => {
    assert.equal(statusOf(again), 0);
    head.willChange();
    head.fields.kept = '';
    assert.equal(statusOf(again), 0);
    assert.equal(head.fields.kept, 'X-One: 1\r\n');
  });
});
