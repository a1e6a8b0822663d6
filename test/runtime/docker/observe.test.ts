import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { Replica } from '../../../src/model/replica.ts';
import { eventually } from '../../helpers/eventually.ts';
import { findProgram, skipWithout } from '../../helpers/parts.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { hookOf, never, openScene } from './scene.ts';
import type { Scene } from './scene.ts';

const run = promisify(execFile);
const skip = await skipWithout('docker');

describe('observing containers', { skip, timeout: 300_000 }, () => {
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene?.[Symbol.asyncDispose]());

  async function observed(service: string): Promise<Replica> {
    const replicas = await scene.driver.observe(scene.name, never);
    const replica = replicas.find((replica) => replica.service === service);
    assert.ok(replica, `${service} is there`);
    return replica;
  }

  /** A container with the labels that docker compose writes, made by somebody else. */
  async function foreign(service: string, more: Readonly<Record<string, string>> = {}) {
    return scene.docker.createContainer({
      name: `${scene.name}-${service}`,
      Image: scene.image,
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      Labels: {
        'com.docker.compose.project': scene.name,
        'com.docker.compose.service': service,
        'com.docker.compose.config-hash': 'c'.repeat(64),
        'com.docker.compose.container-number': '7',
        'com.docker.compose.oneoff': 'False',
        ...more,
      },
    });
  }

  test('adopts what docker compose made: index, instance and revision stand in its labels', async () => {
    const container = await foreign('adopted');
    const created = await observed('adopted');
    assert.deepEqual(
      { ...created, createdAt: 0 },
      {
        id: container.id,
        stack: scene.name,
        service: 'adopted',
        index: 7,
        instance: 'adopted-7',
        name: `${scene.name}-adopted`,
        revision: 'c'.repeat(64),
        state: { kind: 'created' },
        health: 'none',
        createdAt: 0,
        pid: undefined,
        endpoints: [],
        published: [],
      },
    );
    await container.start();
    const running = await observed('adopted');
    const { State, NetworkSettings } = await container.inspect();
    assert.deepEqual(running.state, { kind: 'running', startedAt: Date.parse(State.StartedAt) });
    assert.equal(running.pid, State.Pid);
    const host = NetworkSettings.Networks['bridge']?.IPAddress;
    assert.deepEqual(running.endpoints, [{ target: 80, host, port: 80 }], 'TCP only');
  });

  test('leaves out one-off containers, other projects and what has no config hash', async () => {
    await foreign('oneoff', { 'com.docker.compose.oneoff': 'True' });
    const { id } = await scene.docker.createContainer({
      Image: scene.image,
      Labels: {
        'com.docker.compose.project': scene.name,
        'com.docker.compose.service': 'hashless',
        'com.docker.compose.oneoff': 'False',
      },
    });
    const replicas = await scene.driver.observe(scene.name, never);
    assert.deepEqual(
      replicas.filter((replica) => replica.service === 'oneoff' || replica.id === id),
      [],
    );
  });

  test('a paused container runs, and is no longer healthy', async () => {
    const container = await foreign('paused');
    await container.start();
    await container.pause();
    const { state, health } = await observed('paused');
    assert.equal(state.kind, 'running');
    assert.equal(health, 'unhealthy');
    await container.unpause();
    assert.equal((await observed('paused')).health, 'none');
  });

  test('one that ended tells its exit code, when, and why', async () => {
    const stack = scene.stack({
      greedy: {
        command: ['node', '-e', 'for (const all = [];;) all.push(Buffer.alloc(1e6, 1))'],
        mem_limit: '67108864',
        memswap_limit: '67108864',
        network_mode: 'none',
      },
    });
    const { createdAt } = await scene.start(stack, 'greedy');
    const state = await eventually(async () => {
      const { state } = await observed('greedy');
      assert.equal(state.kind, 'exited');
      return state;
    });
    assert.ok(state.kind === 'exited' && state.finishedAt >= createdAt);
    assert.ok(state.startedAt !== undefined && state.startedAt <= state.finishedAt);
    assert.equal(state.exitCode, 137);
    assert.match(state.reason ?? '', /out of memory/);
  });

  test('one that its restart policy keeps starting is restarting', async () => {
    const stack = scene.stack({
      flapping: { command: ['sh', '-c', 'exit 3'], restart: 'always', network_mode: 'none' },
    });
    await scene.start(stack, 'flapping');
    await eventually(async () => {
      assert.deepEqual((await observed('flapping')).state, { kind: 'restarting', exitCode: 3 });
    });
    const flapping = await observed('flapping');
    await scene.driver.stop(flapping, { signal: 'SIGTERM', graceMs: 1_000 }, never);
    assert.equal((await observed('flapping')).state.kind, 'exited');
  });

  test("the engine's health check decides its health", async () => {
    const stack = scene.stack({
      checked: {
        command: ['sleep', 'infinity'],
        network_mode: 'none',
        healthcheck: { test: ['CMD', 'ls', '/tmp/well'], interval: '200ms', timeout: '1s', retries: 2 },
      },
    });
    const started = await scene.start(stack, 'checked');
    assert.equal(started.health, 'starting');
    await eventually(async () => assert.equal((await observed('checked')).health, 'unhealthy'));
    await scene.driver.console.exec(started, { hook: hookOf('touch', '/tmp/well') }, never);
    await eventually(async () => assert.equal((await observed('checked')).health, 'healthy'));
  });

  test('a container on the host network answers on this host', async () => {
    const stack = scene.stack(
      { hosted: { command: ['sleep', 'infinity'], network_mode: 'host' } },
      { service: { targets: [8099] } },
    );
    const { endpoints } = await scene.start(stack, 'hosted');
    assert.deepEqual(endpoints, [{ target: 8099, host: '127.0.0.1', port: 8099 }]);
  });

  test('a stack that did not change is looked at with one list and nothing more', async () => {
    await using steady = await openScene();
    for (const number of [1, 2, 3]) {
      const Labels = {
        'com.docker.compose.project': steady.name,
        'com.docker.compose.service': 'web',
        'com.docker.compose.config-hash': 'c'.repeat(64),
        'com.docker.compose.container-number': String(number),
        'com.docker.compose.oneoff': 'False',
      };
      await steady.docker.createContainer({ Image: steady.image, Labels });
    }
    const first = await steady.driver.observe(steady.name, never);
    assert.equal(first.length, 3);
    let requests = 0;
    const count = (): void => void requests++;
    subscribe('http.client.request.start', count);
    const second = await steady.driver.observe(steady.name, never);
    unsubscribe('http.client.request.start', count);
    assert.deepEqual(second, first);
    assert.equal(requests, 1);
  });
});

const compose = findProgram('docker-compose');
const composeSkip = skip || (compose === undefined ? 'needs docker-compose: it is not installed' : false);

describe('side by side with docker-compose', { skip: composeSkip, timeout: 300_000 }, () => {
  const dockerCompose = async (folder: string, project: string, ...words: string[]): Promise<string> => {
    const { stdout, stderr } = await run(compose ?? '', ['-p', project, ...words], { cwd: folder });
    return stdout + stderr;
  };

  async function writeFileFor(scene: Scene, folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    const text = [
      'services:',
      '  web:',
      `    image: ${scene.image}`,
      "    command: [sh, -c, 'echo hello from $$HOSTNAME; exec sleep infinity']",
      '    init: true',
      '    expose: ["80"]',
      '    volumes: [data:/data]',
      'volumes: {data: {}}',
      '',
    ];
    await writeFile(join(folder, 'compose.yaml'), text.join('\n'));
  }

  test('what docker-compose started is adopted, container by container', async () => {
    await using scene = await openScene();
    await using folder = await temporaryFolder();
    await writeFileFor(scene, folder.path);
    await dockerCompose(folder.path, scene.name, 'up', '-d', '--scale', 'web=2');
    try {
      const replicas = await scene.driver.observe(scene.name, never);
      const shown = replicas
        .map(({ instance, state, endpoints }) => [
          instance,
          state.kind,
          endpoints.map(({ target }) => target),
        ])
        .toSorted(([a], [b]) => String(a).localeCompare(String(b)));
      assert.deepEqual(shown, [
        ['web-1', 'running', [80]],
        ['web-2', 'running', [80]],
      ]);
      for (const replica of replicas) assert.match(replica.revision, /^[0-9a-f]{64}$/);
    } finally {
      await dockerCompose(folder.path, scene.name, 'down', '-v', '-t', '1');
    }
  });

  test('what we started docker-compose shows, reads the logs of, and takes down', async () => {
    await using scene = await openScene();
    await using folder = await temporaryFolder();
    await writeFileFor(scene, folder.path);
    const stack = scene.stack(
      {
        web: {
          command: ['sh', '-c', 'echo hello from $HOSTNAME; exec sleep infinity'],
          volumes: [{ type: 'volume', source: 'data', target: '/data' }],
        },
      },
      { workingDir: folder.path, volumes: { data: {} } },
    );
    await scene.start(stack, 'web', { index: 1 });
    await scene.start(stack, 'web', { index: 2 });
    const shown = await dockerCompose(folder.path, scene.name, 'ps');
    assert.match(shown, new RegExp(`${scene.name}-web-1 .*Up`));
    assert.match(shown, new RegExp(`${scene.name}-web-2 .*Up`));
    const logs = await dockerCompose(folder.path, scene.name, 'logs', '--no-color');
    assert.equal(logs.match(/hello from/g)?.length, 2);
    await dockerCompose(folder.path, scene.name, 'down', '-v', '-t', '1');
    assert.deepEqual(await scene.driver.observe(scene.name, never), []);
    const filters = { label: [`com.docker.compose.project=${scene.name}`] };
    assert.deepEqual(await scene.docker.listNetworks({ filters }), []);
    assert.deepEqual((await scene.docker.listVolumes({ filters })).Volumes ?? [], []);
  });
});
