import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { reset } from '../../src/balancer/proxy/socket/wire.ts';

/** Both ends of one connection. */
async function pair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  const near = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true });
  const [far] = await once(server, 'connection');
  if (near.connecting) await once(near, 'connect');
  server.close();
  return { near, far };
}

describe('reset', () => {
  test('tells the other side of a loss', async () => {
    const { near, far } = await pair();
    far.resume();
    reset(near);
    const [thrown] = await once(far, 'error');
    assert.equal(thrown.code, 'ECONNRESET');
  });

  test('closes a socket whose shutdown is under way, and the file with it', async () => {
    const { near, far } = await pair();
    far.resume();
    far.on('error', () => {});
    const failures: unknown[] = [];
    near.on('error', (thrown) => failures.push(thrown));
    near.end('the last');
    reset(near);
    await once(near, 'close');
    assert.deepEqual(failures, []);
    await once(far, 'end');
    far.destroy();
  });

  test('comes before bytes that the kernel has not taken', async () => {
    const { near, far } = await pair();
    near.end(Buffer.alloc(50_000_000));
    reset(near);
    far.resume();
    const [thrown] = await once(far, 'error');
    assert.equal(thrown.code, 'ECONNRESET');
  });
});
