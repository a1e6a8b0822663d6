import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { createHttpClient } from '../../src/load/client/http-client.ts';
import { encodeRequest, type HttpRequest } from '../../src/load/client/http-request.ts';
import type { Reply } from '../../src/load/client/reply.ts';
import { freePort } from '../helpers/free-port.ts';
import { scriptedServer } from './scripted-server.ts';

function requestOf(changes: Partial<HttpRequest> & { readonly method?: string } = {}): HttpRequest {
  const { method = 'GET', ...rest } = changes;
  return {
    bytes: encodeRequest({ method, path: '/', host: 'test', headers: {}, body: undefined }),
    isHead: method === 'HEAD',
    timeoutMs: 10_000,
    isBodyKept: true,
    ...rest,
  };
}

type Client = ReturnType<typeof createHttpClient>;

function ask(client: Client, request = requestOf()): Promise<Reply> {
  return new Promise((resolve) => client.send(request, resolve));
}

function clientOf(port: number): Client {
  return createHttpClient({ host: '127.0.0.1', port, serverName: undefined });
}

/** What a client makes of one answer, sent as it stands. */
async function replyTo(text: string, request?: HttpRequest, end = false): Promise<Reply> {
  await using server = await scriptedServer((socket) =>
    end ? socket.end(text, 'latin1') : socket.write(text, 'latin1'),
  );
  using client = clientOf(server.port);
  return await ask(client, request);
}

/** Writes the text in pieces of a byte, each in its own packet as far as the system allows. */
function drip(socket: Socket, text: string): void {
  let position = 0;
  const next = (): void => {
    if (position >= text.length || socket.destroyed) return;
    socket.write(text[position] ?? '', 'latin1', () => setImmediate(next));
    position += 1;
  };
  next();
}

describe('a response', () => {
  test('with a length is read to its end', async () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Served-By: web-2\r\n\r\nhello';
    assert.deepEqual(await replyTo(text), {
      kind: 'response',
      status: 200,
      bytes: text.length,
      servedBy: 'web-2',
      body: 'hello',
    });
  });

  test('in chunks with extensions and trailers is put together', async () => {
    const text =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n';
    const reply = await replyTo(text);
    assert.equal(reply.kind === 'response' && reply.body, 'hello');
  });

  test('that ends with its connection is whole when the connection ends', async () => {
    const reply = await replyTo('HTTP/1.0 200 OK\r\n\r\nhello', undefined, true);
    assert.equal(reply.kind === 'response' && reply.body, 'hello');
  });

  test('that comes byte by byte is the same', async () => {
    const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n';
    await using server = await scriptedServer((socket) => drip(socket, text));
    using client = clientOf(server.port);
    const reply = await ask(client);
    assert.equal(reply.kind === 'response' && reply.body, 'hello');
    assert.equal(reply.bytes, text.length);
  });

  test('to HEAD and with the status 204 or 304 has no body, whatever its head says', async () => {
    const head = await replyTo(
      'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n',
      requestOf({ method: 'HEAD' }),
    );
    assert.equal(head.kind === 'response' && head.body, '');
    for (const status of [204, 304]) {
      const reply = await replyTo(`HTTP/1.1 ${status} X\r\nETag: "a"\r\n\r\n`);
      assert.equal(reply.kind === 'response' && reply.status, status);
    }
  });

  test('after interim ones is the one that counts', async () => {
    const reply = await replyTo(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n',
    );
    assert.equal(reply.kind === 'response' && reply.status, 201);
  });

  test('of which no check needs the body is read and not kept', async () => {
    const reply = await replyTo(
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
      requestOf({ isBodyKept: false }),
    );
    assert.deepEqual(reply.kind === 'response' && [reply.body, reply.bytes], [undefined, 43]);
  });
});

describe('a failure', () => {
  const malformed = [
    'SSH-2.0-OpenSSH_9.6\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  ];
  for (const text of malformed) {
    test(`is malformed: ${JSON.stringify(text).slice(0, 70)}`, async () => {
      const reply = await replyTo(text);
      assert.equal(reply.kind === 'failure' && reply.failure, 'malformed response');
    });
  }

  test('is a refused connection', async () => {
    using client = clientOf(await freePort());
    const reply = await ask(client);
    assert.equal(reply.kind === 'failure' && reply.failure, 'connection refused');
  });

  test('is a connection that ends within the response, or before it', async () => {
    for (const text of ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', 'HTTP/1.1 20', '']) {
      const reply = await replyTo(text, undefined, true);
      assert.equal(reply.kind === 'failure' && reply.failure, 'closed before the end of the response');
    }
  });

  test('is a connection that the server resets', async () => {
    await using server = await scriptedServer((socket) => socket.resetAndDestroy());
    using client = clientOf(server.port);
    const reply = await ask(client);
    assert.equal(reply.kind === 'failure' && reply.failure, 'connection reset');
  });

  test('is an answer that does not come in time; its connection is not used again', async () => {
    await using server = await scriptedServer((socket, _, text) => {
      if (!text.includes('/slow')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    using client = clientOf(server.port);
    const bytes = encodeRequest({ method: 'GET', path: '/slow', host: 'test', headers: {}, body: undefined });
    const slow = await ask(client, requestOf({ bytes, timeoutMs: 50 }));
    assert.equal(slow.kind === 'failure' && slow.failure, 'timed out');
    assert.equal((await ask(client)).kind, 'response');
    assert.equal(server.connections(), 2);
  });

  test('is a request that is cut off', async () => {
    await using server = await scriptedServer(() => client.cutOff());
    using client = clientOf(server.port);
    const reply = await ask(client);
    assert.equal(reply.kind === 'failure' && reply.failure, 'cut off');
  });
});

describe('a connection', () => {
  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

  test('is kept for the next request', async () => {
    await using server = await scriptedServer((socket) => socket.write(ok));
    using client = clientOf(server.port);
    for (let count = 0; count < 5; count += 1) assert.equal((await ask(client)).kind, 'response');
    assert.equal(server.connections(), 1);
  });

  test('is not used again when the server says so, or sent more than was asked for', async () => {
    for (const text of [ok.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), `${ok}${ok}`]) {
      await using server = await scriptedServer((socket) => socket.write(text));
      using client = clientOf(server.port);
      for (let count = 0; count < 3; count += 1) assert.equal((await ask(client)).kind, 'response');
      assert.equal(server.connections(), 3);
    }
  });

  test('carries one request at a time; more requests take more connections', async () => {
    const held: Socket[] = [];
    await using server = await scriptedServer((socket) => {
      held.push(socket);
      if (held.length === 3) for (const each of held) each.write(ok);
    });
    using client = clientOf(server.port);
    const replies = await Promise.all([ask(client), ask(client), ask(client)]);
    assert.ok(replies.every(({ kind }) => kind === 'response'));
    assert.equal(server.connections(), 3);
  });
});

test('a request is written with its own fields in place of ours, and the length of its body in bytes', () => {
  const bytes = encodeRequest({
    method: 'POST',
    path: '/a?b=c',
    host: 'localhost:8080',
    headers: { 'user-agent': 'me', 'X-Test': '1' },
    body: 'grüß',
  });
  assert.equal(
    bytes.toString('utf8'),
    'POST /a?b=c HTTP/1.1\r\nHost: localhost:8080\r\nuser-agent: me\r\nAccept: */*\r\nX-Test: 1\r\nContent-Length: 6\r\n\r\ngrüß',
  );
});
