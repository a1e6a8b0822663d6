import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ServiceStatus } from '../../src/daemon/control-api.ts';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { findProgram, skipWithout } from '../helpers/parts.ts';
import { type TestHome, withHome } from '../helpers/tenfold.ts';

const exampleDir = join(import.meta.dirname, '../../examples/read-replicas');

/** One command on a connection of its own; throws when that ends before an answer. */
function redis(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no answer to ${command}`)));
    socket.on('connect', () => socket.write(`${command}\r\n`));
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes.toString();
      if (!answer.endsWith('\r\n')) return;
      resolve(answer);
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed without an answer to ${command}`)));
  });
}

async function roleAt(port: number): Promise<string> {
  return /master|slave/.exec(await redis(port, 'ROLE'))?.[0] ?? '';
}

interface Reads extends AsyncDisposable {
  /** Resolves once so many more have been answered. */
  more(count: number): Promise<void>;
  /** Roles of those who answered, and every read that failed. */
  stop(): Promise<{ readonly roles: readonly string[]; readonly failures: readonly unknown[] }>;
}

/** Reads over and over, four at a time, each on a connection of its own. */
function readFrom(port: number): Reads {
  const roles = new Set<string>();
  const failures: unknown[] = [];
  let answered = 0;
  const end = new AbortController();
  const loop = async (): Promise<void> => {
    while (!end.signal.aborted) {
      try {
        const role = await roleAt(port);
        roles.add(role);
        if (!(await redis(port, 'GET colour')).includes('green')) failures.push('another value was read');
        answered += 1;
      } catch (thrown) {
        failures.push(thrown);
      }
    }
  };
  const loops = Promise.all([loop(), loop(), loop(), loop()]);
  const stop: Reads['stop'] = async () => {
    end.abort();
    await loops;
    return { roles: [...roles], failures };
  };
  return {
    stop,
    more: (count) => {
      const goal = answered + count;
      return eventually(() => assert.ok(answered >= goal));
    },
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

class ReplicatedStack {
  readonly primary: number;
  readonly replicas: number;
  readonly #home: TestHome;
  readonly #options: { readonly environment: Readonly<Record<string, string>> };

  private constructor(home: TestHome, primary: number, replicas: number) {
    this.#home = home;
    this.primary = primary;
    this.replicas = replicas;
    const ports = { PRIMARY_PORT: String(primary), REPLICAS_PORT: String(replicas) };
    this.#options = { environment: { COMPOSE_PROJECT_NAME: 'roles', ...ports } };
  }

  /** The example as it stands, on ports of its own. */
  static async start(home: TestHome): Promise<ReplicatedStack> {
    for (const name of ['compose.yaml', 'redis.sh'])
      await copyFile(join(exampleDir, name), join(home.projectDir, name));
    const stack = new ReplicatedStack(home, await freePort(), await freePort());
    await stack.change('up', '-d');
    await stack.isServed();
    return stack;
  }

  async change(...args: readonly string[]): Promise<void> {
    await this.#home.change(args, this.#options);
  }

  async service(): Promise<ServiceStatus> {
    const [service] = (await this.#home.status('roles')).services;
    assert.ok(service);
    return service;
  }

  /** Where a replica answers itself. */
  async portOf(instance: string): Promise<number> {
    const { replicas } = await this.service();
    const port = replicas.find((replica) => replica.instance === instance)?.endpoints[0]?.port;
    assert.ok(port !== undefined);
    return port;
  }

  isServed(): Promise<void> {
    return eventually(async () => {
      assert.equal(await roleAt(this.primary), 'master');
      assert.equal(await roleAt(this.replicas), 'slave');
    });
  }

  /** Writes by the one port, and waits until it can be read by the other, from whichever replica. */
  async write(value: string): Promise<void> {
    assert.match(await redis(this.primary, `SET colour ${value}`), /OK/);
    await eventually(async () => {
      for (const _ of (await this.service()).replicas)
        assert.ok((await redis(this.replicas, 'GET colour')).includes(value));
    });
  }
}

const skip = (await skipWithout('redis')) || (findProgram('redis-cli') === undefined && 'needs redis-cli');

describe('a database whose two ports lead to its primary and to its replicas', { skip }, () => {
  test('follows a failover, and scales and restarts without a read that fails', () =>
    withHome(async (home) => {
      const stack = await ReplicatedStack.start(home);
      for (let count = 0; count < 10; count++) {
        assert.equal(await roleAt(stack.primary), 'master');
        assert.equal(await roleAt(stack.replicas), 'slave');
      }
      await stack.write('blue');
      const { inRotation, listeners } = await stack.service();
      assert.equal(inRotation, 3, 'a replica is not missed where it has another role');
      assert.deepEqual(
        listeners.filter(({ exposure }) => exposure === 'published').map(({ takenBy }) => takenBy),
        [['db-1'], ['db-2', 'db-3']],
      );

      const { pid } = await home.version();
      await redis(await stack.portOf('db-2'), 'REPLICAOF NO ONE');
      await redis(await stack.portOf('db-1'), `REPLICAOF 127.0.0.1 ${stack.primary}`);
      await eventually(async () => {
        const [first, second] = (await stack.service()).listeners;
        assert.deepEqual([first?.takenBy, second?.takenBy], [['db-2'], ['db-1', 'db-3']]);
      });
      assert.equal(await roleAt(stack.primary), 'master');
      await stack.write('green');

      await using scaling = readFrom(stack.replicas);
      await stack.change('scale', 'db=5');
      await scaling.more(50);
      await stack.change('scale', 'db=3');
      await scaling.more(50);
      assert.deepEqual(await scaling.stop(), { roles: ['slave'], failures: [] });

      await using restarting = readFrom(stack.replicas);
      await stack.change('restart');
      await restarting.more(50);
      assert.deepEqual((await restarting.stop()).failures, []);
      // The primary has handed over before it ended, and was read from until the next check of its successor.
      await stack.isServed();
      await stack.write('red');
      assert.equal((await home.version()).pid, pid, 'all of it by one daemon');
    }));
});
