import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { findPortOwner, listeningInodes } from '../../src/shared/port-owner.ts';

test(
  'the holder of a port is the process that listens on it',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const owner = await findPortOwner(address.port);
    assert.equal(owner?.pid, process.pid);
    assert.match(owner?.command ?? '', /node/);
  },
);

test('a port that nobody listens on has no holder', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  assert.ok(address !== null && typeof address === 'object');
  assert.equal(await findPortOwner(address.port), undefined);
});

test('only sockets that listen on exactly the port are looked at', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1',
    '   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 222 1',
    '   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1',
    '',
  ].join('\n');
  assert.deepEqual(listeningInodes(table, 8080), ['111']);
});
