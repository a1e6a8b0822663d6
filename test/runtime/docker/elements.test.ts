import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { skipWithout } from '../../helpers/parts.ts';
import { never, openScene } from './scene.ts';
import type { Scene, StackParts } from './scene.ts';

describe('networks and volumes', { skip: await skipWithout('docker'), timeout: 300_000 }, () => {
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene?.[Symbol.asyncDispose]());

  const attached = { command: ['sleep', 'infinity'], networks: { net: null } };
  const mounting = {
    command: ['sleep', 'infinity'],
    network_mode: 'none',
    volumes: [{ type: 'volume', source: 'vol', target: '/data' }],
  };

  async function prepare(config: Parameters<Scene['stack']>[0][string], parts: StackParts) {
    const stack = scene.stack({ web: config }, parts);
    const lines: string[] = [];
    await scene.driver.prepare(stack, ['web'], (line) => lines.push(line), never);
    return { stack, lines };
  }

  test('a network has the driver, options and addresses of the file, and is made once', async () => {
    const net = {
      name: `${scene.name}-own-name`,
      driver: 'bridge',
      driver_opts: { 'com.docker.network.bridge.enable_icc': 'false' },
      ipam: {
        config: [{ subnet: '10.123.45.0/24', gateway: '10.123.45.254', ip_range: '10.123.45.128/25' }],
      },
      internal: true,
      attachable: true,
      labels: { purpose: 'test' },
    };
    const { stack, lines } = await prepare(attached, { networks: { net } });
    assert.deepEqual(lines, [`creating network ${net.name}`]);
    const network = await scene.docker.getNetwork(net.name).inspect();
    assert.deepEqual(
      {
        Driver: network.Driver,
        Internal: network.Internal,
        Attachable: network.Attachable,
        Options: network.Options,
        Config: network.IPAM?.Config,
        purpose: network.Labels?.['purpose'],
        key: network.Labels?.['com.docker.compose.network'],
        project: network.Labels?.['com.docker.compose.project'],
      },
      {
        Driver: 'bridge',
        Internal: true,
        Attachable: true,
        Options: net.driver_opts,
        Config: [{ Subnet: '10.123.45.0/24', IPRange: '10.123.45.128/25', Gateway: '10.123.45.254' }],
        purpose: 'test',
        key: 'net',
        project: scene.name,
      },
    );
    assert.deepEqual((await prepare(attached, { networks: { net } })).lines, []);
    await scene.driver.teardown(stack, { removeVolumes: false }, never);
    await assert.rejects(scene.docker.getNetwork(net.name).inspect(), { statusCode: 404 });
  });

  test('a fixed address on a network is the one that the container has', async () => {
    await using scene = await openScene();
    const stack = scene.stack(
      {
        fixed: {
          command: ['sleep', 'infinity'],
          networks: { addressed: { ipv4_address: '10.123.46.77' } },
        },
      },
      {
        networks: { addressed: { ipam: { config: [{ subnet: '10.123.46.0/24' }] } } },
        service: { targets: [80] },
      },
    );
    const { endpoints } = await scene.start(stack, 'fixed');
    assert.deepEqual(endpoints, [{ target: 80, host: '10.123.46.77', port: 80 }]);
  });

  test('a volume has the driver, options and labels of the file, and keeps its data', async () => {
    const vol = {
      driver: 'local',
      driver_opts: { type: 'tmpfs', device: 'tmpfs' },
      labels: { purpose: 'test' },
    };
    const { stack, lines } = await prepare(mounting, { volumes: { vol } });
    assert.deepEqual(lines, [`creating volume ${scene.name}_vol`]);
    const volume = await scene.docker.getVolume(`${scene.name}_vol`).inspect();
    assert.deepEqual(volume.Options, vol.driver_opts);
    assert.equal(volume.Labels['purpose'], 'test');
    assert.equal(volume.Labels['com.docker.compose.volume'], 'vol');
    await scene.driver.teardown(stack, { removeVolumes: false }, never);
    await scene.docker.getVolume(`${scene.name}_vol`).inspect();
    await scene.driver.teardown(stack, { removeVolumes: true }, never);
    await assert.rejects(scene.docker.getVolume(`${scene.name}_vol`).inspect(), { statusCode: 404 });
  });

  test('a volume that the file no longer has keeps its data', async () => {
    const { stack } = await prepare(mounting, { volumes: { vol: {} } });
    await scene.driver.teardown({ ...stack, volumes: {} }, { removeVolumes: true }, never);
    await scene.docker.getVolume(`${scene.name}_vol`).inspect();
    await scene.driver.teardown(stack, { removeVolumes: true }, never);
    await assert.rejects(scene.docker.getVolume(`${scene.name}_vol`).inspect(), { statusCode: 404 });
  });

  test('external ones are used as they are, never made and never removed', async () => {
    const name = `${scene.name}-external`;
    await assert.rejects(prepare(attached, { networks: { net: { name, external: true } } }), {
      code: 'runtime-failed',
      message: `the external network ${name} does not exist`,
      hint: /docker network create/,
    });
    await assert.rejects(prepare(mounting, { volumes: { vol: { name, external: true } } }), {
      code: 'runtime-failed',
      message: `the external volume ${name} does not exist`,
      hint: /docker volume create/,
    });
    // Even with labels as if they were the stack's own.
    const Labels = { 'com.docker.compose.project': scene.name };
    await scene.docker.createNetwork({ Name: name, Labels });
    await scene.docker.createVolume({ Name: name, Labels });
    const parts = {
      networks: { net: { name, external: true } },
      volumes: { vol: { name, external: true } },
    };
    const { stack, lines } = await prepare({ ...mounting, ...attached, network_mode: '' }, parts);
    assert.deepEqual(lines, []);
    await scene.driver.teardown(stack, { removeVolumes: true }, never);
    await scene.docker.getNetwork(name).inspect();
    await scene.docker.getVolume(name).inspect();
  });

  test("somebody else's of the same name are used, with a word about it, and left in the end", async () => {
    const name = `${scene.name}-foreign`;
    await scene.docker.createNetwork({ Name: name });
    try {
      const { stack, lines } = await prepare(attached, { networks: { net: { name } } });
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', /was not made for .*external: true/);
      await scene.driver.teardown(stack, { removeVolumes: true }, never);
      await scene.docker.getNetwork(name).inspect();
    } finally {
      await scene.docker.getNetwork(name).remove();
    }
  });

  test('a network that others are on stays, they are named, and all else is removed', async () => {
    const { stack } = await prepare(
      { ...mounting, ...attached, network_mode: '' },
      { networks: { net: {} }, volumes: { vol: {} } },
    );
    const guest = await scene.docker.createContainer({
      name: `${scene.name}-guest`,
      Image: scene.image,
      HostConfig: { NetworkMode: `${scene.name}_net` },
    });
    await guest.start();
    try {
      await assert.rejects(scene.driver.teardown(stack, { removeVolumes: true }, never), {
        code: 'runtime-failed',
        message: `the network ${scene.name}_net stays: others are still on it`,
        got: `${scene.name}-guest`,
        hint: /docker network disconnect/,
      });
      await assert.rejects(scene.docker.getVolume(`${scene.name}_vol`).inspect(), { statusCode: 404 });
    } finally {
      await guest.remove({ force: true });
    }
    await scene.driver.teardown(stack, { removeVolumes: true }, never);
    await assert.rejects(scene.docker.getNetwork(`${scene.name}_net`).inspect(), { statusCode: 404 });
  });

  test('an address range that is taken is the engine saying so, in its words', async () => {
    const ipam = { config: [{ subnet: '10.123.47.0/24' }] };
    await prepare(attached, { networks: { net: { name: `${scene.name}-first`, ipam } } });
    await assert.rejects(prepare(attached, { networks: { net: { name: `${scene.name}-second`, ipam } } }), {
      code: 'runtime-failed',
      message: /could not create the network .*-second: .*overlaps/,
    });
  });
});
