import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { createRequestMix } from '../../src/load/engine/request-mix.ts';
import { runLoad, type EndedRequest } from '../../src/load/engine/run-load.ts';
import type { Reply } from '../../src/load/client/reply.ts';
import { createProofSender, proofScenario } from '../../src/prove/proof-load.ts';
import { loadRun, VirtualTime, virtualServer } from '../load/virtual-time.ts';

const load = { ratePerSecond: 100, path: '/a?b=c', postEvery: 4, timeoutMs: 5000 };

describe('the load of a proof', () => {
  test('comes half over one kept connection and half over fresh ones, with one POST in so many', async () => {
    const seen: string[] = [];
    let connections = 0;
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      request.resume().on('end', () => response.end('ok'));
    });
    server.on('connection', () => (connections += 1));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const scenario = proofScenario(load);
    {
      using sender = createProofSender(scenario, {
        url: '',
        basePath: '',
        hostField: 'localhost',
        address: { host: '127.0.0.1', port: address.port, serverName: undefined },
      });
      const next = createRequestMix(
        scenario.requests.map(({ weight }, index) => ({ weight, http: sender.requests[index] })),
      );
      for (let sent = 0; sent < 40; sent += 1) {
        const { http } = next();
        assert.ok(http !== undefined);
        const reply = await new Promise<Reply>((resolve) => sender.send(http, resolve));
        assert.equal(reply.kind === 'response' && reply.status, 200);
      }
    }
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    assert.equal(seen.length, 40);
    assert.equal(seen.filter((each) => each === 'POST /a?b=c').length, 10);
    assert.equal(seen.filter((each) => each === 'GET /a?b=c').length, 30);
    assert.equal(connections, 21);
  });

  test('goes on until it is told to end, and what is in flight then is waited for', async () => {
    const time = new VirtualTime();
    const server = virtualServer(time, () => 700);
    const end = new AbortController();
    const ended: EndedRequest[] = [];
    const running = runLoad(
      loadRun(proofScenario(load), server, time, {
        end: end.signal,
        observer: {
          ended: (request) => ended.push(request),
          dropped: () => assert.fail('nothing is dropped'),
        },
      }),
    );
    time.run(60_000);
    end.abort();
    time.run(70_000);
    const { isInterrupted, elapsedMs } = await running;
    assert.equal(isInterrupted, false);
    assert.equal(ended.length, server.arrivals.length);
    assert.equal(ended.length, 6001);
    assert.ok(
      ended.every(
        ({ reply, dueMs, endedMs, durationMs }) =>
          reply.kind === 'response' && Math.abs(endedMs - dueMs - durationMs) <= 1,
      ),
    );
    assert.ok(Math.abs(elapsedMs - 60_700) <= 1, String(elapsedMs));
  });

  test('tells when a request was due and could not be sent', async () => {
    const time = new VirtualTime();
    const server = virtualServer(time, () => 10_000);
    const end = new AbortController();
    const dropped: number[] = [];
    const scenario = { ...proofScenario(load), maxInFlight: 50 };
    const running = runLoad(
      loadRun(scenario, server, time, {
        end: end.signal,
        observer: { ended: () => {}, dropped: (dueMs) => dropped.push(dueMs) },
      }),
    );
    time.run(999);
    end.abort();
    time.run(20_000);
    await running;
    assert.equal(dropped.length, 50);
    assert.ok(dropped.every((dueMs) => dueMs >= 500 && dueMs < 1000));
  });
});
