import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { describeLoad } from './load-result.ts';
import { openLoop } from './open-loop.ts';

interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** Connections accepted so far. */
  connections(): number;
}

async function serve(handler: RequestListener): Promise<TestServer> {
  const server = createServer(handler);
  let connections = 0;
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function ok(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('x-instance', 'web-1');
  response.end('good');
}

/** Lets every `nth` request go wrong in a way of its own, the others go well. */
function everyNth(nth: number, wrong: RequestListener): RequestListener {
  let seen = 0;
  return (request, response) => {
    seen += 1;
    if (seen % nth === 0) wrong(request, response);
    else ok(request, response);
  };
}

describe('the open-loop client', { concurrency: false }, () => {
  test('sends at its rate: one in four a POST, half of each on fresh connections', async () => {
    const seen: string[] = [];
    await using server = await serve((request, response) => {
      seen.push(`${request.method} ${String(request.headers['x-load-id'])}`);
      request.resume().on('end', () => ok(request, response));
    });
    const result = await openLoop({ urls: [server.url], ratePerSecond: 400, durationMs: 1_000 }).result;

    assert.equal(result.sent, 400, describeLoad(result));
    assert.equal(result.ok, 400, describeLoad(result));
    assert.deepEqual([result.byStatus, result.byInstance], [{ 200: 400 }, { 'web-1': 400 }]);
    assert.equal(new Set(seen).size, 400, 'every request has an id of its own');
    assert.equal(seen.filter((line) => line.startsWith('POST')).length, 100);
    const fresh = result.records.filter(({ connection }) => connection === 'fresh');
    assert.equal(fresh.length, 200);
    assert.equal(fresh.filter(({ method }) => method === 'POST').length, 50);
    assert.ok(fresh.every(({ isReusedConnection }) => !isReusedConnection));
    const kept = server.connections() - fresh.length;
    assert.ok(kept >= 1 && kept < 100, `200 kept-alive requests took ${kept} connections`);
  });

  test('counts every failed status, with the beginning of its body', async () => {
    const busy: RequestListener = (_request, response) => response.writeHead(503).end('all busy');
    await using server = await serve(everyNth(10, busy));
    const result = await openLoop({ urls: [server.url], ratePerSecond: 400, durationMs: 500 }).result;

    assert.deepEqual(result.byStatus, { 200: 180, 503: 20 }, describeLoad(result));
    assert.equal(result.failed.length, 20);
    assert.deepEqual(result.failed[0]?.outcome, { kind: 'status', status: 503, reason: 'all busy' });
  });

  test('counts connections that end before the response, and does not send again', async () => {
    let seen = 0;
    const reset: RequestListener = (request) => request.socket.resetAndDestroy();
    const handler = everyNth(5, reset);
    await using server = await serve((request, response) => ((seen += 1), handler(request, response)));
    const result = await openLoop({ urls: [server.url], ratePerSecond: 400, durationMs: 500 }).result;

    assert.deepEqual(result.byStatus, { 200: 160, reset: 40 }, describeLoad(result));
    assert.equal(seen, 200, 'each request reached the server once');
    assert.ok(result.failed.some(({ isReusedConnection }) => isReusedConnection));
  });

  test('counts responses that break off, never end, or answer somebody else', async () => {
    const broken: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    };
    const unending: RequestListener = (_request, response) => void response.write('and so on');
    const foreign: RequestListener = (_request, response) =>
      void response.writeHead(200, { 'x-load-id': 'other' }).end();
    const ways = [broken, unending, foreign];
    let wrongs = 0;
    const wrong: RequestListener = (request, response) => ways[wrongs++ % ways.length]?.(request, response);
    await using server = await serve(everyNth(4, wrong));
    const load = { urls: [server.url], ratePerSecond: 300, durationMs: 400, timeoutMs: 500 };
    const result = await openLoop(load).result;

    const expected = { 200: 90, 'broken-response': 10, timeout: 10, 'wrong-response': 10 };
    assert.deepEqual(result.byStatus, expected, describeLoad(result));
  });

  test('says refused when nobody listens', async () => {
    const gone = await serve(ok);
    await gone[Symbol.asyncDispose]();
    const result = await openLoop({ urls: [gone.url], ratePerSecond: 100, durationMs: 100 }).result;
    assert.deepEqual(result.byStatus, { refused: 10 }, describeLoad(result));
    assert.ok(Number.isNaN(result.p50Ms));
  });

  test('keeps its schedule while the server stalls, and counts the wait from when each request was due', async () => {
    const stallMs = 600;
    let stalledUntil = 0;
    const waiting: (() => void)[] = [];
    await using server = await serve((request, response) => {
      if (stalledUntil === 0) {
        stalledUntil = Date.now() + stallMs;
        setTimeout(() => waiting.forEach((go) => go()), stallMs);
      }
      if (Date.now() < stalledUntil) waiting.push(() => ok(request, response));
      else ok(request, response);
    });
    const result = await openLoop({ urls: [server.url], ratePerSecond: 200, durationMs: 1_000 }).result;

    assert.equal(result.ok, 200, describeLoad(result));
    const sentMeanwhile = result.records.filter(({ dueMs, lateMs }) => dueMs + lateMs < stallMs).length;
    assert.ok(sentMeanwhile >= 110, `${sentMeanwhile} of 120 were sent while nothing was answered`);
    assert.ok(result.longestGapMs >= stallMs - 20, describeLoad(result));
    assert.ok(result.p50Ms > 50, 'more than half of the requests felt the stall');
    assert.ok(result.p99Ms >= stallMs * 0.8, describeLoad(result));
  });

  test('catches up on what it missed when its own process is busy, and says how late it was', async () => {
    await using server = await serve(ok);
    const load = openLoop({ urls: [server.url], ratePerSecond: 200, durationMs: 500 });
    const busyUntil = performance.now() + 250;
    while (performance.now() < busyUntil);
    const result = await load.result;

    assert.equal(result.ok, 100, describeLoad(result));
    assert.ok(result.worstLateMs >= 200, describeLoad(result));
  });

  test('stops when told, by call or by signal, and waits for what is in flight', async () => {
    await using server = await serve(
      (request, response) => void setTimeout(() => ok(request, response), 100),
    );
    const abort = new AbortController();
    const stopped = openLoop({ urls: [server.url, server.url], ratePerSecond: 100 });
    const aborted = openLoop({ urls: [server.url], ratePerSecond: 100, signal: abort.signal });
    while (stopped.sent() < 20) await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    const results = [await stopped.stop(), await aborted.result];

    for (const result of results) {
      assert.equal(result.ok, result.sent, describeLoad(result));
      assert.ok(result.sent >= 20 && result.sent < 60, describeLoad(result));
    }
    assert.equal(await stopped.stop(), results[0], 'stopping again gives the same result');
  });
});
