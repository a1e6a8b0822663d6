import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../../helpers/eventually.ts';
import { skipWithout } from '../../helpers/parts.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { hookOf, never, openScene } from './scene.ts';
import type { Scene } from './scene.ts';

describe('starting containers', { skip: await skipWithout('docker'), timeout: 300_000 }, () => {
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene?.[Symbol.asyncDispose]());

  const sleeping = { command: ['sleep', 'infinity'], network_mode: 'none' };

  async function output(replica: Awaited<ReturnType<Scene['start']>>, ...command: string[]) {
    const result = await scene.driver.console.exec(replica, { hook: hookOf(...command) }, never);
    assert.equal(result.exitCode, 0, result.output);
    return result.output.trim();
  }

  test('a predecessor of the same index steps aside, as docker compose names it meanwhile', async () => {
    const stack = scene.stack({ stepping: sleeping });
    const old = await scene.start(stack, 'stepping');
    const service = stack.services['stepping'];
    assert.ok(service);
    const changed = { ...service, revision: 'b'.repeat(64) };
    const replaced = await scene.start({ ...stack, services: { stepping: changed } }, 'stepping');
    const names = (await scene.driver.observe(stack.name, never))
      .filter((replica) => replica.service === 'stepping')
      .map(({ id, name, index }) => ({ id, name, index }))
      .toSorted((a, b) => a.name.length - b.name.length);
    const name = `${scene.name}-stepping-1`;
    assert.deepEqual(names, [
      { id: replaced.id, name, index: 1 },
      { id: old.id, name: `${old.id.slice(0, 12)}_${name}`, index: 1 },
    ]);
  });

  test('a predecessor gets its name back when the successor cannot start', async () => {
    const stack = scene.stack({ failing: sleeping });
    const old = await scene.start(stack, 'failing');
    const broken = scene.stack({
      failing: { ...sleeping, init: false, command: ['/no/such/program'] },
    });
    await assert.rejects(scene.start(broken, 'failing'), {
      code: 'runtime-failed',
      message: /start the container .*no such file or directory/,
    });
    const replicas = (await scene.driver.observe(stack.name, never)).filter(
      ({ service }) => service === 'failing',
    );
    assert.deepEqual(
      replicas.map(({ id, name }) => ({ id, name })),
      [{ id: old.id, name: `${scene.name}-failing-1` }],
    );
  });

  test("a stranger's container of that name is left alone, and named in the error", async () => {
    const name = `${scene.name}-taken-1`;
    const stranger = await scene.docker.createContainer({ name, Image: scene.image });
    try {
      await assert.rejects(scene.start(scene.stack({ taken: sleeping }), 'taken'), {
        code: 'runtime-failed',
        got: new RegExp(stranger.id.slice(0, 12)),
        hint: /docker rename/,
      });
      assert.equal((await stranger.inspect()).Name, `/${name}`);
    } finally {
      await stranger.remove();
    }
  });

  test('what an earlier start created and never started is made anew', async () => {
    const stack = scene.stack({ halfway: sleeping });
    const replica = await scene.start(stack, 'halfway');
    await scene.driver.stop(replica, { signal: 'SIGTERM', graceMs: 1_000 }, never);
    const { Config } = await scene.docker.getContainer(replica.id).inspect();
    await scene.driver.remove(replica, never);
    await scene.docker.createContainer({ ...Config, name: replica.name });
    const again = await scene.start(stack, 'halfway');
    assert.equal(again.state.kind, 'running');
    const replicas = (await scene.driver.observe(stack.name, never)).filter(
      ({ service }) => service === 'halfway',
    );
    assert.equal(replicas.length, 1);
  });

  test('a port that somebody else holds is named, and no container is left', async () => {
    const directPort = { hostIp: '127.0.0.1', published: '', target: 80, protocol: 'tcp' as const };
    const sleeper = { command: ['sleep', 'infinity'] };
    const holding = scene.stack({ holder: sleeper }, { service: { directPorts: [directPort] } });
    const port = (await scene.start(holding, 'holder')).published[0]?.port;
    const directPorts = [{ ...directPort, published: String(port) }];
    const stack = scene.stack({ late: sleeper }, { service: { directPorts } });
    await assert.rejects(scene.start(stack, 'late'), {
      code: 'port-taken',
      got: `port ${port} is held by container ${scene.name}-holder-1`,
      hint: `docker stop ${scene.name}-holder-1, or publish another port`,
    });
    const replicas = await scene.driver.observe(stack.name, never);
    assert.equal(
      replicas.find(({ service }) => service === 'late'),
      undefined,
    );
  });

  test('a direct port is published by the engine and shown', async () => {
    const directPorts = [{ hostIp: '127.0.0.1', published: '', target: 80, protocol: 'tcp' as const }];
    const stack = scene.stack(
      { direct: { command: ['httpd', '-f', '-p', '80', '-h', '/etc'] } },
      { service: { directPorts, targets: [80] } },
    );
    const { published } = await scene.start(stack, 'direct');
    assert.equal(published.length, 1);
    assert.equal(published[0]?.hostIp, '127.0.0.1');
    const response = await eventually(() => fetch(`http://127.0.0.1:${published[0]?.port}/passwd`));
    assert.match(await response.text(), /^root:/);
  });

  test('where containers cannot be reached, their targets are published ports of this host', async () => {
    const reach = { kind: 'published', host: '127.0.0.1', bindIp: '127.0.0.1' } as const;
    await using apart = await openScene({ reach });
    const stack = apart.stack(
      { web: { command: ['httpd', '-f', '-p', '80', '-h', '/etc'] } },
      { service: { targets: [80] } },
    );
    const { endpoints, published } = await apart.start(stack, 'web');
    assert.deepEqual(endpoints, [{ target: 80, host: '127.0.0.1', port: published[0]?.port }]);
    const url = `http://127.0.0.1:${endpoints[0]?.port}/passwd`;
    assert.equal((await eventually(() => fetch(url))).status, 200);
  });

  test('secrets and configs are files inside, from a file, the environment or the compose file itself', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'token.txt'), 'from a file');
    const stack = scene.stack(
      {
        reader: {
          ...sleeping,
          secrets: [
            { source: 'token' },
            { source: 'password', target: 'db/password', uid: '1000', gid: '1000', mode: '0400' },
          ],
          configs: [{ source: 'settings', target: '/etc/app/settings.json' }, { source: 'banner' }],
        },
      },
      {
        workingDir: folder.path,
        hostEnvironment: { DB_PASSWORD: 'from the environment' },
        secrets: { token: { file: './token.txt' }, password: { environment: 'DB_PASSWORD' } },
        configs: { settings: { content: '{"a":1}' }, banner: { content: 'hello' } },
      },
    );
    const replica = await scene.start(stack, 'reader');
    assert.equal(await output(replica, 'cat', '/run/secrets/token'), 'from a file');
    assert.equal(await output(replica, 'cat', '/run/secrets/db/password'), 'from the environment');
    assert.equal(
      await output(replica, 'stat', '-c', '%u %g %a', '/run/secrets/db/password'),
      '1000 1000 400',
    );
    assert.equal(await output(replica, 'cat', '/etc/app/settings.json'), '{"a":1}');
    assert.equal(await output(replica, 'stat', '-c', '%u %a', '/banner'), '0 444');
  });

  test('a container whose creation was cut short gets what it lacks before it starts', async () => {
    const stack = scene.stack(
      {
        cut: {
          command: ['cat', '/run/secrets/password'],
          networks: { one: { priority: 1 }, two: null },
          secrets: [{ source: 'password' }],
        },
      },
      { secrets: { password: { content: 'in time' } } },
    );
    const { id, name } = await scene.start(stack, 'cut');
    const { Config, HostConfig } = await scene.docker.getContainer(id).inspect();
    await scene.docker.getContainer(id).remove({ force: true });
    const halfway = await scene.docker.createContainer({ ...Config, name, HostConfig });
    const replica = await scene.start(stack, 'cut', { existingId: halfway.id });
    assert.equal(replica.id, halfway.id);
    await eventually(async () => assert.equal((await scene.lines(replica))[0]?.text, 'in time'));
    const { NetworkSettings } = await halfway.inspect();
    assert.deepEqual(Object.keys(NetworkSettings.Networks).toSorted(), [
      `${scene.name}_one`,
      `${scene.name}_two`,
    ]);
  });

  test('a secret without a value is refused before anything is made', async () => {
    const stack = scene.stack(
      { unset: { ...sleeping, secrets: [{ source: 'password' }] } },
      { hostEnvironment: {}, secrets: { password: { environment: 'NOT_SET' } } },
    );
    await assert.rejects(scene.start(stack, 'unset'), { code: 'runtime-failed', expected: /NOT_SET/ });
    const replicas = await scene.driver.observe(stack.name, never);
    assert.equal(
      replicas.find(({ service }) => service === 'unset'),
      undefined,
    );
  });

  test('a service on several networks is on all of them from its start, under its aliases', async () => {
    const stack = scene.stack({
      many: {
        command: ['sleep', 'infinity'],
        networks: { front: { aliases: ['entrance'] }, back: { priority: 10 } },
      },
      client: { command: ['sleep', 'infinity'], networks: { front: null } },
    });
    const many = await scene.start(stack, 'many');
    const { HostConfig, NetworkSettings } = await scene.docker.getContainer(many.id).inspect();
    assert.equal(HostConfig.NetworkMode, `${scene.name}_back`);
    assert.deepEqual(Object.keys(NetworkSettings.Networks).toSorted(), [
      `${scene.name}_back`,
      `${scene.name}_front`,
    ]);
    const client = await scene.start(stack, 'client');
    for (const alias of ['entrance', 'many', `${scene.name}-many-1`]) {
      assert.ok(await output(client, 'sh', '-c', `nc -z ${alias} 1 2>&1 || grep -c . /etc/hosts`));
      const address = NetworkSettings.Networks[`${scene.name}_front`]?.IPAddress ?? '';
      const resolve = `require('dns').lookup('${alias}', (e, a) => console.log(a))`;
      assert.equal(await output(client, 'node', '-e', resolve), address);
    }
  });

  test("a service that shares another's network answers at that one's address", async () => {
    const stack = scene.stack(
      {
        owner: { command: ['sleep', 'infinity'] },
        sharer: {
          command: ['httpd', '-f', '-p', '8081', '-h', '/etc'],
          network_mode: 'service:owner',
          expose: ['8081'],
        },
      },
      { service: { targets: [] } },
    );
    await assert.rejects(scene.start(stack, 'sharer'), { code: 'dependency-failed', got: 'none exists' });
    const owner = await scene.start(stack, 'owner');
    const { NetworkSettings } = await scene.docker.getContainer(owner.id).inspect();
    const sharer = await scene.start(stack, 'sharer');
    const host = NetworkSettings.Networks[`${scene.name}_default`]?.IPAddress;
    assert.deepEqual(sharer.endpoints, [{ target: 8081, host, port: 8081 }]);
    const response = await eventually(() => fetch(`http://${host}:8081/passwd`));
    assert.equal(response.status, 200);
  });

  test('limits, users, mounts and the rest of the Compose service are what the engine enforces', async () => {
    await using folder = await temporaryFolder();
    const stack = scene.stack(
      {
        limited: {
          command: ['sleep', 'infinity'],
          network_mode: 'none',
          deploy: {
            resources: {
              limits: { cpus: 0.25, memory: '33554432', pids: 50 },
              reservations: { memory: '16777216' },
            },
          },
          ulimits: { nofile: { soft: 100, hard: 200 }, nproc: 64 },
          cap_drop: ['ALL'],
          cap_add: ['NET_BIND_SERVICE'],
          read_only: true,
          tmpfs: ['/scratch:size=1m'],
          volumes: [
            { type: 'volume', source: 'data', target: '/data', volume: {} },
            { type: 'volume', target: '/anonymous' },
            { type: 'bind', source: './made', target: '/made', bind: {} },
            { type: 'tmpfs', target: '/memory', tmpfs: { size: '1048576' } },
          ],
          user: '1000:1000',
          working_dir: '/tmp',
          hostname: 'box',
          sysctls: { 'kernel.shm_rmid_forced': '1' },
          security_opt: ['no-new-privileges:true'],
          extra_hosts: ['example.test=192.0.2.1'],
          shm_size: '1048576',
          logging: { driver: 'json-file', options: { 'max-size': '1m' } },
          stop_signal: 'SIGINT',
          stop_grace_period: '1m30s',
          restart: 'on-failure:3',
          environment: { GIVEN: 'yes', PATH: '/bin', EMPTY: '' },
        },
      },
      { workingDir: folder.path, volumes: { data: {} } },
    );
    const replica = await scene.start(stack, 'limited');
    const { Config, HostConfig, Mounts } = await scene.docker.getContainer(replica.id).inspect();
    assert.deepEqual(
      {
        NanoCpus: HostConfig.NanoCpus,
        Memory: HostConfig.Memory,
        MemoryReservation: HostConfig.MemoryReservation,
        PidsLimit: HostConfig.PidsLimit,
        CapDrop: HostConfig.CapDrop,
        ReadonlyRootfs: HostConfig.ReadonlyRootfs,
        ShmSize: HostConfig.ShmSize,
        RestartPolicy: HostConfig.RestartPolicy,
        ExtraHosts: HostConfig.ExtraHosts,
        SecurityOpt: HostConfig.SecurityOpt,
        Hostname: Config.Hostname,
      },
      {
        NanoCpus: 250_000_000,
        Memory: 33_554_432,
        MemoryReservation: 16_777_216,
        PidsLimit: 50,
        CapDrop: ['ALL'],
        ReadonlyRootfs: true,
        ShmSize: 1_048_576,
        RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
        ExtraHosts: ['example.test:192.0.2.1'],
        SecurityOpt: ['no-new-privileges:true'],
        Hostname: 'box',
      },
    );
    assert.deepEqual(Mounts.map(({ Destination }) => Destination).toSorted(), [
      '/anonymous',
      '/data',
      '/made',
      '/memory',
    ]);
    assert.equal(Mounts.find(({ Destination }) => Destination === '/data')?.Name, `${scene.name}_data`);
    assert.match(
      await output(replica, 'sh', '-c', 'ulimit -n; id -u; pwd; echo $GIVEN'),
      // The engine's own runtime raises its soft limit to the hard one, and a command beside the main one may inherit that.
      /^(100|200)\n1000\n\/tmp\nyes$/,
    );
    await scene.driver.stop(replica, { signal: 'SIGKILL', graceMs: 0 }, never);
    await scene.driver.remove(replica, never);
    const anonymous = Mounts.find(({ Destination }) => Destination === '/anonymous')?.Name ?? '';
    await assert.rejects(scene.docker.getVolume(anonymous).inspect(), { statusCode: 404 });
    assert.equal((await scene.docker.getVolume(`${scene.name}_data`).inspect()).Name, `${scene.name}_data`);
  });
});
