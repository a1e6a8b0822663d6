import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BalancerDriver } from '../../../src/balancer/balancer-driver.ts';
import { ask, sendRaw, statusOf } from './clients.ts';
import { BalancedService, type Lacks } from './harness.ts';
import { httpReplica } from './replicas.ts';

/** A request that a smuggler hides behind another; it must never be seen by a replica. */
const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';

/** What is refused, so that no replica can read it in another way than the balancer does. */
export function testRefusals(driver: () => BalancerDriver, lacks: Lacks): void {
  const isStrict = lacks['strict-requests'] === undefined;

  const attacks: Record<string, string> = {
    'smuggling CL.TE': `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    'smuggling TE.CL': `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${hidden}`,
    'smuggling TE.TE': `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n${hidden}`,
    'smuggling by a malformed Transfer-Encoding': `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${hidden}`,
    'smuggling by two lengths': `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n${hidden}`,
    'smuggling by a malformed length': `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x0\r\n\r\n${hidden}`,
    'smuggling by a folded line': `POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    'smuggling by bare line feeds': `POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n${hidden}`,
    'smuggling by a bare line feed in a field': `POST / HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: 44\r\n\r\n${hidden}`,
    'smuggling by a bare carriage return': `POST / HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 44\r\n\r\n${hidden}`,
    'smuggling by a blank before the colon': `POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 44\r\n\r\n${hidden}`,
    'smuggling by a NUL': `POST / HTTP/1.1\r\nHost: a\r\nX\0: y\r\nContent-Length: 0\r\n\r\n${hidden}`,
    'two hosts': `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${hidden}`,
    'no host': `GET / HTTP/1.1\r\n\r\n${hidden}`,
    'an authority that contradicts the host': `GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n${hidden}`,
  };

  describe('requests that could be read in two ways', () => {
    if (!isStrict) {
      for (const [name, bytes] of Object.entries(attacks)) {
        test(`${name}: the replica sees as many requests as the client gets answers`, async (t) => {
          let seen = 0;
          const replica = await httpReplica('web-1', (incoming, outgoing) => {
            seen++;
            incoming.on('error', () => {});
            incoming.resume().on('end', () => outgoing.end());
          });
          t.after(() => replica.kill());
          const service = await BalancedService.open(driver(), [replica]);
          // Nonsense at the end has the connection closed whatever was made of the rest.
          const text = await sendRaw(service.port, `${bytes}${'x'.repeat(64)}\0\r\n\r\n`);
          assert.equal(text.match(/HTTP\/1\.1 200/g)?.length ?? 0, seen, text);
          assert.match(text, /HTTP\/1\.1 400|\r\nConnection: close\r\n/i);
        });
      }
    }

    for (const [name, bytes] of Object.entries(isStrict ? attacks : {})) {
      test(`${name}: refused with 400, and no replica sees anything`, async (t) => {
        const seen: string[] = [];
        const replica = await httpReplica('web-1', (incoming, outgoing) => {
          seen.push(incoming.url ?? '');
          outgoing.end();
        });
        t.after(() => replica.kill());
        const service = await BalancedService.open(driver(), [replica]);
        const text = await sendRaw(service.port, bytes);
        assert.equal(statusOf(text), 400);
        assert.match(text, /\r\nConnection: close\r\n/i);
        assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, text);
        assert.equal((await ask(service.port, { path: '/after' })).status, 200);
        assert.deepEqual(seen, ['/after']);
      });
    }

    const brokenBodies: Record<string, string> = {
      'a malformed chunk size': '5x\r\nhello\r\n0\r\n\r\n',
      'a bare line feed in the chunks': '5\nhello\n0\n\n',
      'content longer than its chunk': `5\r\nhello${hidden}`,
      'a framing field in a trailer': `0\r\nContent-Length: 44\r\n\r\n${hidden}`,
    };
    for (const [name, body] of Object.entries(brokenBodies)) {
      test(`${name}: the request ends there, and nothing after it is read`, async (t) => {
        const seen: string[] = [];
        const replica = await httpReplica('web-1', (incoming, outgoing) => {
          seen.push(incoming.url ?? '');
          incoming.on('error', () => {});
          incoming.resume().on('end', () => outgoing.end());
        });
        t.after(() => replica.kill());
        const service = await BalancedService.open(driver(), [replica]);
        const start = 'POST /begun HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
        const text = await sendRaw(service.port, `${start}${body}${isStrict ? '' : '\0\r\n\r\n'}`);
        if (isStrict) assert.equal(statusOf(text), 400);
        assert.match(text, /HTTP\/1\.1 400/);
        assert.equal((await service.observe(replica)).totals.failed, 0);
        assert.equal((await ask(service.port, { path: '/after' })).status, 200);
        assert.ok(!seen.includes('/hidden'));
      });
    }

    test('what Upgrade hides from the balancer is not upgraded', async (t) => {
      const seen: string[] = [];
      const replica = await httpReplica('web-1', (incoming, outgoing) => {
        seen.push(`${incoming.url} ${incoming.headers['upgrade'] ?? 'plain'}`);
        outgoing.end();
      });
      t.after(() => replica.kill());
      const service = await BalancedService.open(driver(), [replica]);
      const upgrade =
        'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n';
      await sendRaw(service.port, `GET /h2c HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`, { until: /200 OK/ });
      assert.deepEqual(seen, ['/h2c plain']);
    });
  });
}
