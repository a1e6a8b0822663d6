import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { PortReservations } from '../../../src/runtime/process/launch/ports.ts';
import { freePorts } from '../../helpers/free-port.ts';

const first = await freePorts(3);
const range = `${first}-${first + 2}`;

describe('a port', () => {
  test('is given to one holder at a time', async () => {
    const ports = new PortReservations();
    const taken = [];
    for (let count = 0; count < 3; count++) taken.push(await ports.takeFrom(range, 'tcp', 'web'));
    assert.deepEqual(taken, [first, first + 1, first + 2]);
    await assert.rejects(ports.takeFrom(range, 'tcp', 'web'), {
      code: 'port-taken',
      message: new RegExp(`web.*${range}`),
    });
    ports.release(first + 1);
    assert.equal(await ports.takeFrom(range, 'tcp', 'web'), first + 1);
  });

  test('is not given while somebody else listens there, on whatever address', async () => {
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      const server = createServer().listen(first, host);
      await once(server, 'listening');
      try {
        assert.equal(await new PortReservations().takeFrom(range, 'tcp', 'web'), first + 1);
      } finally {
        server.close();
        await once(server, 'close');
      }
    }
  });

  test('for UDP is not given while somebody else receives there', async () => {
    const socket = createSocket('udp4').bind(first, '127.0.0.1');
    await once(socket, 'listening');
    try {
      assert.equal(await new PortReservations().takeFrom(range, 'udp', 'dns'), first + 1);
      assert.equal(await new PortReservations().takeFrom(String(first), 'tcp', 'web'), first);
    } finally {
      socket.close();
    }
  });

  test('is taken outside the range that the kernel uses for connections', async () => {
    const ports = new PortReservations();
    for (let count = 0; count < 20; count++) {
      const port = await ports.take(new Set());
      assert.ok(port >= 20_000 && port < 30_000, String(port));
    }
  });
});
