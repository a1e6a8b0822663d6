import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, sendRaw, statusOf } from '../../contracts/balancer/clients.ts';
import { httpReplica, rawReplica, type TestReplica } from '../../contracts/balancer/replicas.ts';
import { eventually } from '../../helpers/eventually.ts';
import { edgeOf, listen, noLimits, useProxy } from '../edge/edge-harness.ts';

// Attacks by their names. HTTP/2 downgrades stand in test/balancer/tls/http2.test.ts, what both balancers refuse alike in
// test/contracts/balancer/refusals.ts, and slow readers in test/balancer/proxy-process.test.ts.

const driver = useProxy(1);

/** A request that hides behind another; no replica may ever see it. */
const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';

interface Watched {
  readonly replica: TestReplica;
  readonly port: number;
  /** Method and target of what the replica was asked. */
  readonly seen: string[];
}

async function watched(t: { after(done: () => void): void }): Promise<Watched> {
  const seen: string[] = [];
  const replica = await httpReplica('web', (incoming, outgoing) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    incoming.on('error', () => {});
    incoming.resume().on('end', () => outgoing.end('served'));
  });
  t.after(() => replica.kill());
  const { port } = await listen(driver(), { pools: { web: [replica] } });
  return { replica, port, seen };
}

describe('refused as a whole, before a replica hears of it', () => {
  const post = 'POST / HTTP/1.1\r\nHost: a\r\n';
  const cases: Record<string, readonly [status: number, text: string]> = {
    'CL.TE': [400, `${post}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
    'TE.CL': [
      400,
      `${post}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n8\r\nSMUGGLED\r\n0\r\n\r\n${hidden}`,
    ],
    'TE.TE: twice': [
      400,
      `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    ],
    'TE.TE: another one': [501, `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${hidden}`],
    'TE.TE: chunked is not last': [400, `${post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n${hidden}`],
    'TE.TE: with a vertical tab': [400, `${post}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${hidden}`],
    'TE.TE: quoted': [400, `${post}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n${hidden}`],
    'TE.TE: in HTTP/1.0': [400, 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    'duplicate Content-Length, equal': [
      400,
      `${post}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello${hidden}`,
    ],
    'duplicate Content-Length, different': [
      400,
      `${post}Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello${hidden}`,
    ],
    'Content-Length as a list': [400, `${post}Content-Length: 5, 5\r\n\r\nhello${hidden}`],
    'Content-Length with a sign': [400, `${post}Content-Length: +5\r\n\r\nhello${hidden}`],
    'Content-Length below nought': [400, `${post}Content-Length: -1\r\n\r\n${hidden}`],
    'Content-Length in hexadecimal': [400, `${post}Content-Length: 0x5\r\n\r\nhello${hidden}`],
    'Content-Length with a fraction': [400, `${post}Content-Length: 5.0\r\n\r\nhello${hidden}`],
    'Content-Length that is empty': [400, `${post}Content-Length:\r\n\r\n${hidden}`],
    'Content-Length beyond all numbers': [
      400,
      `${post}Content-Length: 99999999999999999999\r\n\r\n${hidden}`,
    ],
    'obs-fold': [400, `${post}X: y\r\n Content-Length: 44\r\n\r\n${hidden}`],
    'obs-fold in the first line': [400, `GET / HTTP/1.1\r\n Host: a\r\n\r\n${hidden}`],
    'bare LF between lines': [400, `POST / HTTP/1.1\r\nHost: a\nContent-Length: 44\r\n\r\n${hidden}`],
    'bare LF at the end of the head': [400, `${post}\n${hidden}`],
    'bare CR in a value': [400, `${post}X: a\rContent-Length: 44\r\n\r\n${hidden}`],
    'whitespace before the colon': [400, `${post}Content-Length : 44\r\n\r\n${hidden}`],
    'whitespace before a name': [400, `POST / HTTP/1.1\r\n\tHost: a\r\nContent-Length: 44\r\n\r\n${hidden}`],
    'a line without a colon': [400, `${post}Content-Length 44\r\n\r\n${hidden}`],
    'NUL in a name': [400, `${post}X\0: y\r\n\r\n${hidden}`],
    'NUL in a value': [400, `${post}X: y\0\r\n\r\n${hidden}`],
    'NUL in the target': [400, `GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n${hidden}`],
    'absolute form of another host': [400, `GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n${hidden}`],
    'absolute form with user information': [400, `GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n${hidden}`],
    'absolute form of another scheme': [400, `GET file:///etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n${hidden}`],
    'authority form': [400, `GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n${hidden}`],
    CONNECT: [405, `CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\n\r\n${hidden}`],
    'two Host fields': [400, `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${hidden}`],
    'no Host field': [400, `GET / HTTP/1.1\r\n\r\n${hidden}`],
    'a Host with a path': [400, `GET / HTTP/1.1\r\nHost: a/b\r\n\r\n${hidden}`],
    'a Host with user information': [400, `GET / HTTP/1.1\r\nHost: a@b\r\n\r\n${hidden}`],
    'a Host that is a list': [400, `GET / HTTP/1.1\r\nHost: a, b\r\n\r\n${hidden}`],
    'a Host whose port is none': [400, `GET / HTTP/1.1\r\nHost: a:80b\r\n\r\n${hidden}`],
    'a blank in the target': [400, `GET /a b HTTP/1.1\r\nHost: a\r\n\r\n${hidden}`],
    'a fragment in the target': [400, `GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n${hidden}`],
    'an unknown version': [505, `GET / HTTP/3.0\r\nHost: a\r\n\r\n${hidden}`],
    'HTTP/0.9': [400, `GET /\r\n${hidden}`],
    'the preface of HTTP/2 in clear text': [505, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    'a name that CGI reads as another, twice over': [
      400,
      `${post}Content-Length: 5\r\ncontent-length: 0\r\n\r\nhello${hidden}`,
    ],
    'an expectation that is not known': [
      417,
      `${post}Expect: 200-ok\r\nContent-Length: 5\r\n\r\nhello${hidden}`,
    ],
    'a request line that is too long': [414, `GET /${'a'.repeat(8300)} HTTP/1.1\r\nHost: a\r\n\r\n${hidden}`],
    'a header section that is too large': [
      431,
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(33_000)}\r\n\r\n${hidden}`,
    ],
    'too many fields': [431, `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(200)}\r\n${hidden}`],
  };
  for (const [name, [status, text]] of Object.entries(cases)) {
    test(`${name}: ${status}`, async (t) => {
      const { port, seen } = await watched(t);
      const answer = await sendRaw(port, text);
      assert.equal(statusOf(answer), status);
      assert.match(answer, /\r\nConnection: close\r\n/);
      assert.equal(answer.match(/^HTTP\/1\.1 \d/gm)?.length, 1);
      assert.deepEqual(seen, []);
    });
  }
});

describe('a chunked body that could be read in two ways ends there', () => {
  const bodies: Record<string, string> = {
    'chunk extension: a line feed in it': `5;a\n\r\nhello\r\n0\r\n\r\n${hidden}`,
    'chunk extension: a carriage return in it': `5;a\rb\r\nhello\r\n0\r\n\r\n${hidden}`,
    'chunk extension: without a name': `5;\r\nhello\r\n0\r\n\r\n${hidden}`,
    'chunk extension: a quotation that does not end': `5;a="b\r\nhello\r\n0\r\n\r\n${hidden}`,
    'chunk extension: a blank before it': `5 ;a\r\nhello\r\n0\r\n\r\n${hidden}`,
    'chunk extension: longer than any that means something': `5;${'a'.repeat(2000)}\r\nhello\r\n0\r\n\r\n${hidden}`,
    'chunk size: with a prefix': `0x5\r\nhello\r\n0\r\n\r\n${hidden}`,
    'chunk size: with a sign': `+5\r\nhello\r\n0\r\n\r\n${hidden}`,
    'chunk size: empty': `\r\nhello\r\n0\r\n\r\n${hidden}`,
    'chunk size: beyond all numbers': `fffffffffffffffff\r\nhello\r\n0\r\n\r\n${hidden}`,
    'chunk size: ended by a bare LF': `5\nhello\r\n0\r\n\r\n${hidden}`,
    'chunk data: longer than its size': `5\r\nhello!\r\n0\r\n\r\n${hidden}`,
    'chunk data: ended by a bare LF': `5\r\nhello\n0\r\n\r\n${hidden}`,
    'trailers: a length': `0\r\nContent-Length: 44\r\n\r\n${hidden}`,
    'trailers: a coding': `0\r\nTransfer-Encoding: chunked\r\n\r\n${hidden}`,
    'trailers: a host': `0\r\nHost: b\r\n\r\n${hidden}`,
    'trailers: who the client is': `0\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n${hidden}`,
    'trailers: folded': `0\r\nX: y\r\n Host: b\r\n\r\n${hidden}`,
    'trailers: ended by bare LFs': `0\r\nX: y\n\n${hidden}`,
    'trailers: without end': `0\r\n${'X: y\r\n'.repeat(3000)}`,
  };
  for (const [name, body] of Object.entries(bodies)) {
    test(name, async (t) => {
      const { port, seen } = await watched(t);
      const answer = await sendRaw(
        port,
        `POST /begun HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`,
      );
      assert.equal(statusOf(answer), 400);
      assert.equal((await ask(port, { path: '/after' })).status, 200);
      assert.ok(!seen.includes('GET /hidden'), seen.join());
    });
  }
});

describe('slowloris', () => {
  test('a head that trickles is 408 after its time, however often a byte comes', async (t) => {
    const { replica } = await watched(t);
    const limits = { ...noLimits, headTimeoutMs: 300 };
    const { port } = await listen(driver(), { pools: { web: [replica] }, edge: edgeOf({ limits }) });
    const { socket, text } = trickle(t, port, 'GET / HTTP/1.1\r\nHost: a\r\n', 'X: y\r\n');
    await once(socket, 'close');
    assert.equal(statusOf(text()), 408);
    assert.equal(replica.accepted(), 0);
  });

  test('a body that trickles is 408 when its rate is too low, and the replica is let go', async (t) => {
    const { replica } = await watched(t);
    const limits = { ...noLimits, minBytesPerSecond: 10_000 };
    const { port } = await listen(driver(), { pools: { web: [replica] }, edge: edgeOf({ limits }) });
    const { socket, text } = trickle(
      t,
      port,
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n',
      'x',
    );
    await once(socket, 'close');
    assert.equal(statusOf(text()), 408);
    await eventually(() => assert.equal(replica.sockets.size, 0));
  });

  test('a replica that trickles its head is given up after its response timeout', async (t) => {
    const web = await rawReplica('web', (socket) => {
      socket.on('data', () => {});
      socket.write('HTTP/1.1 200 OK\r\n');
    });
    t.after(() => web.kill());
    const { port } = await listen(driver(), {
      pools: { web: [web] },
      policy: { responseTimeoutMs: 200, retries: 0 },
    });
    assert.equal((await ask(port)).status, 504);
  });

  function trickle(
    t: { after(done: () => void): void },
    port: number,
    start: string,
    drop: string,
  ): { readonly socket: Socket; readonly text: () => string } {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.write(start);
    const drops = setInterval(() => socket.writable && socket.write(drop), 20);
    t.after(() => {
      clearInterval(drops);
      socket.destroy();
    });
    return { socket, text: () => text };
  }
});

describe('pipelining', () => {
  test('what is malformed ends the pipeline, after the answers to what came before it', async (t) => {
    const { port, seen } = await watched(t);
    const bad = 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n';
    const text = await sendRaw(
      port,
      `GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n${bad}${hidden}`,
    );
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400']);
    assert.deepEqual(seen, ['GET /1', 'GET /2']);
  });

  test('nothing is read after a request that closes the connection', async (t) => {
    const { port, seen } = await watched(t);
    await sendRaw(port, `GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${hidden}`);
    await ask(port, { path: '/after' });
    assert.deepEqual(seen, ['GET /1', 'GET /after']);
  });
});

describe('early responses', () => {
  test('to a request whose body is not all there: the rest of it is never taken for a request', async (t) => {
    const seen: string[] = [];
    const web = await rawReplica('web', (socket) =>
      socket.on('data', (chunk: Buffer) => {
        seen.push(chunk.toString('latin1'));
        socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      }),
    );
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] } });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n`);
    const answer = String(await once(socket, 'data'));
    assert.match(answer, /403/);
    assert.match(answer, /\r\nConnection: close\r\n/);
    socket.write(hidden);
    await once(socket, 'close');
    assert.equal((await ask(port, { path: '/after' })).status, 403);
    assert.ok(
      seen.every((text) => !text.startsWith('GET /hidden')),
      seen.join(),
    );
  });
});

describe('half-close', () => {
  test('a client that ends inside its body gets no answer, and its request is taken back', async (t) => {
    const { port, replica, seen } = await watched(t);
    const text = await sendRaw(port, 'POST /cut HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello', {
      halfClose: true,
    });
    assert.equal(text, '');
    await eventually(() => assert.equal(replica.sockets.size, 0));
    assert.ok(!seen.includes('GET /hidden'));
  });
});

describe('100-continue', () => {
  test('a final answer without the body closes the connection: what follows is no request', async (t) => {
    const web = await rawReplica('web', (socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n')),
    );
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] } });
    const start = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n';
    const text = await sendRaw(port, `${start}Content-Length: ${hidden.length}\r\n\r\n`);
    assert.equal(statusOf(text), 417);
    assert.match(text, /\r\nConnection: close\r\n/);
  });

  test('many interim responses are passed on, and the final one after them', async (t) => {
    const web = await rawReplica('web', (socket) =>
      socket.once('data', () =>
        socket.write(
          `${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(20)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
        ),
      ),
    );
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] } });
    const text = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.equal(text.match(/103 Early Hints/g)?.length, 20);
    assert.match(text, /200 OK[^]*ok$/);
  });
});

describe('upgrade smuggling', () => {
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';

  test('a 101 that nobody asked for is a broken response', async (t) => {
    const web = await rawReplica('web', (socket) =>
      socket.on('data', () => socket.write(`HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\n`)),
    );
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] }, policy: { retries: 0 } });
    assert.equal((await ask(port)).status, 502);
  });

  test('a request with a body is not upgraded', async (t) => {
    const { port, seen } = await watched(t);
    const text = await sendRaw(port, `POST / HTTP/1.1\r\nHost: a\r\n${upgrade}Content-Length: 2\r\n\r\nhi`, {
      until: /served/,
    });
    assert.equal(statusOf(text), 200);
    assert.deepEqual(seen, ['POST /']);
  });

  test('bytes that come with an offer go nowhere before it is taken; declined, they are the next request', async (t) => {
    const chunks: string[] = [];
    const web = await rawReplica('web', (socket) =>
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk.toString('latin1'));
        const isFirst = chunks.length === 1;
        setTimeout(
          () => socket.write(`HTTP/1.1 ${isFirst ? '426' : '200'} X\r\nContent-Length: 0\r\n\r\n`),
          isFirst ? 50 : 0,
        );
      }),
    );
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] } });
    const next = 'GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const text = await sendRaw(port, `GET /ws HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n${next}`);
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 426', 'HTTP/1.1 200']);
    assert.ok(!chunks[0]?.includes('/next') && chunks[1]?.startsWith('GET /next '), chunks.join('|'));
  });

  test('HTTP/2 in clear text, TLS or another version of HTTP are never offered on', async (t) => {
    const seen: (string | undefined)[] = [];
    const web = await httpReplica('web', (incoming, outgoing) => {
      seen.push(incoming.headers.upgrade);
      outgoing.end();
    });
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] } });
    for (const protocol of ['h2c', 'HTTP/2.0', 'TLS/1.2', 'websocket, h2c'])
      await ask(port, { headers: { Connection: 'Upgrade', Upgrade: protocol } });
    assert.deepEqual(seen, [undefined, undefined, undefined, undefined]);
  });
});

describe('responses that could be read in two ways never reach a client', () => {
  const responses: Record<string, string> = {
    'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok',
    'a length and chunks':
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'a malformed length': 'HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nok',
    'a folded line': 'HTTP/1.1 200 OK\r\nX: y\r\n Set-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok',
    'a bare line feed': 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
    'a NUL': 'HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 2\r\n\r\nok',
    'no status': 'HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nok',
    'another protocol': 'SSH-2.0-OpenSSH_9.6\r\n\r\n',
  };
  for (const [name, response] of Object.entries(responses)) {
    test(`${name}: 502`, async (t) => {
      const web = await rawReplica('web', (socket) =>
        socket.on('data', () => socket.write(response, 'latin1')),
      );
      t.after(() => web.kill());
      const { port } = await listen(driver(), { pools: { web: [web] }, policy: { retries: 0 } });
      const answer = await ask(port);
      assert.equal(answer.status, 502);
      assert.equal(answer.headers['set-cookie'], undefined);
    });
  }

  test('what a replica sends after its response is nobody else’s response', async (t) => {
    const web = await rawReplica('web', (socket) =>
      socket.on('data', () => {
        socket.write(
          'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison',
        );
      }),
    );
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] } });
    for (let count = 0; count < 5; count++) assert.equal((await ask(port)).body, 'ok');
  });

  test('what a replica sends without being asked is nobody’s response', async (t) => {
    const web = await rawReplica('web', (socket) => {
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'), 10);
      });
    });
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] } });
    for (let count = 0; count < 3; count++) {
      assert.equal((await ask(port)).body, 'ok');
      // The poison is on its way while nobody asks; a race, whichever comes first must do no harm.
      await sleep(15);
    }
  });
});
