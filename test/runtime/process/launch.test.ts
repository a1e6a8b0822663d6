import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Replica } from '../../../src/model/replica.ts';
import { isTenfoldError } from '../../../src/shared/errors.ts';
import type { TenfoldError } from '../../../src/shared/errors.ts';
import { freePorts } from '../../helpers/free-port.ts';
import { eventually } from '../../helpers/eventually.ts';
import { never, openWorkbench, program } from './workbench.ts';
import type { Workbench } from './workbench.ts';

const isRoot = process.getuid?.() === 0;

/** What the shell command prints as a replica of the service. */
async function printedBy(
  bench: Workbench,
  config: Record<string, unknown>,
  replica?: Replica,
): Promise<string[]> {
  const stack = bench.stackWith({ config: JSON.parse(JSON.stringify(config)) });
  const started = replica ?? (await bench.start(stack));
  await bench.exited(started);
  return await bench.texts(started);
}

async function refusal(bench: Workbench, config: Record<string, unknown>): Promise<TenfoldError> {
  const stack = bench.stackWith({ config: JSON.parse(JSON.stringify(config)) });
  const thrown: unknown = await bench.driver
    .prepare(stack, ['web'], () => undefined, never)
    .catch((error) => error);
  assert.ok(isTenfoldError(thrown), String(thrown));
  // What is refused beforehand is refused at the start as well, and leaves nothing.
  await assert.rejects(bench.start(stack), { code: thrown.code });
  assert.deepEqual(await bench.driver.observe('demo', never), []);
  return thrown;
}

describe('a process is started', () => {
  test('with the words of entrypoint and command, without a shell', async () => {
    await using bench = await openWorkbench();
    const lines = await printedBy(bench, { entrypoint: ['printf', '%s\\n'], command: ['$HOME', 'a b', '*'] });
    assert.deepEqual(lines, ['$HOME', 'a b', '*']);
  });

  test('with the host environment, the service its own over it, its ports, and what the caller adds', async () => {
    await using bench = await openWorkbench();
    const environment = { KEPT: 'service', GONE: null, PORT: '1', TENFOLD_INSTANCE: 'x', EMPTY: '' };
    const command = [
      'sh',
      '-c',
      'echo "$HOST_ONLY $KEPT ${GONE-unset} [$EMPTY] $TENFOLD_INSTANCE $PORT $PORT_80 $PORT_81"; exec sleep 600',
    ];
    const stack = bench.stackWith(
      { targets: [80, 81], config: { command, environment } },
      { hostEnvironment: { PATH: process.env['PATH'] ?? '', HOST_ONLY: 'host', KEPT: 'host', GONE: 'host' } },
    );
    const replica = await bench.start(stack);
    const [first, second] = replica.endpoints;
    assert.deepEqual([first?.target, second?.target], [80, 81]);
    const line = `host service unset [] web-1 ${first?.port} ${first?.port} ${second?.port}`;
    await eventually(async () => assert.deepEqual(await bench.texts(replica), [line]));
  });

  test('in its working directory, relative to the project', async () => {
    await using bench = await openWorkbench();
    await mkdir(join(bench.folder, 'app'));
    assert.deepEqual(await printedBy(bench, { command: ['pwd'], working_dir: 'app' }), [
      join(bench.folder, 'app'),
    ]);
  });

  test('from a path relative to its working directory', async () => {
    await using bench = await openWorkbench();
    await mkdir(join(bench.folder, 'app'));
    await writeFile(join(bench.folder, 'app/run'), '#!/bin/sh\necho ran\n', { mode: 0o755 });
    assert.deepEqual(await printedBy(bench, { command: ['./run'], working_dir: 'app' }), ['ran']);
  });

  test('as another user and group, with that home', { skip: !isRoot && 'needs root' }, async () => {
    await using bench = await openWorkbench();
    await chmod(bench.folder, 0o755);
    const command = ['sh', '-c', 'id -u; id -g; echo $USER; echo again >> /dev/stdout'];
    assert.deepEqual(await printedBy(bench, { command, user: 'nobody:0' }), [
      '65534',
      '0',
      'nobody',
      'again',
    ]);
  });

  test('with a port of the published range when the service publishes its ports itself', async () => {
    await using bench = await openWorkbench();
    const first = await freePorts(3);
    const published = {
      hostIp: '',
      published: `${first}-${first + 1}`,
      target: 80,
      protocol: 'tcp' as const,
    };
    const stack = bench.stackWith({
      config: { command: program('serve') },
      targets: [80],
      directPorts: [published],
    });
    const replicas = [await bench.start(stack, 1), await bench.start(stack, 2)];
    assert.deepEqual(
      replicas.map(({ published }) => published),
      [first, first + 1].map((port) => [{ hostIp: '', port, target: 80, protocol: 'tcp' }]),
    );
    await assert.rejects(bench.start(stack, 3), { code: 'port-taken' });
    await bench.driver.stop(replicas[0]!, { signal: 'SIGTERM', graceMs: 1_000 }, never);
    assert.equal((await bench.start(stack, 3)).published[0]?.port, first);
  });

  test('with the published port of a target for UDP beside the one for TCP', async () => {
    await using bench = await openWorkbench();
    const udpPort = await freePorts(3);
    const direct = { hostIp: '127.0.0.1', published: String(udpPort), target: 53, protocol: 'udp' as const };
    const command = ['sh', '-c', 'echo "$PORT $PORT_53 $PORT_53_UDP"; exec sleep 600'];
    const stack = bench.stackWith({ config: { command }, targets: [53], directPorts: [direct] });
    const replica = await bench.start(stack);
    const tcp = replica.endpoints[0]?.port;
    assert.equal(replica.endpoints.length, 1);
    assert.deepEqual(replica.published, [
      { hostIp: '127.0.0.1', port: udpPort, target: 53, protocol: 'udp' },
    ]);
    await eventually(async () => assert.deepEqual(await bench.texts(replica), [`${tcp} ${tcp} ${udpPort}`]));
  });

  test('again with another port when somebody has taken the one it had', async () => {
    await using bench = await openWorkbench();
    const stack = bench.stackWith({ config: { command: program('serve') }, targets: [80] });
    const replica = await bench.start(stack);
    await bench.driver.stop(replica, { signal: 'SIGTERM', graceMs: 5_000 }, never);
    const taken = replica.endpoints[0]?.port;
    const thief = createServer().listen(taken, '127.0.0.1');
    await once(thief, 'listening');
    try {
      const again = await bench.start(stack, 1, replica);
      assert.notEqual(again.endpoints[0]?.port, taken);
    } finally {
      thief.close();
    }
  });

  test('with ports that no two living replicas share', async () => {
    await using bench = await openWorkbench();
    const stack = bench.stackWith({ config: { command: ['sleep', '600'] }, targets: [80, 81] });
    const replicas = await Promise.all(Array.from({ length: 20 }, (_, at) => bench.start(stack, at + 1)));
    await bench.reopen();
    const more = await Promise.all(Array.from({ length: 5 }, (_, at) => bench.start(stack, at + 21)));
    const ports = [...replicas, ...more].flatMap(({ endpoints }) => endpoints.map(({ port }) => port));
    assert.equal(ports.length, 50);
    assert.equal(new Set(ports).size, 50);
  });
});

describe('a process that cannot be started is refused', () => {
  test('when no program of that name is on PATH', async () => {
    await using bench = await openWorkbench();
    const error = await refusal(bench, {
      command: ['no-such-program', '--now'],
      environment: { PATH: '/nowhere' },
    });
    assert.equal(error.code, 'command-not-found');
    assert.match(error.message, /web.*no-such-program/);
    assert.match(error.got ?? '', /\/nowhere/);
    assert.equal(error.where?.path, 'services.web.command');
    assert.ok(error.hint);
  });

  test('when the path names no program', async () => {
    await using bench = await openWorkbench();
    assert.match((await refusal(bench, { command: ['./absent'] })).got ?? '', /nothing/);
    await writeFile(join(bench.folder, 'plain'), '#!/bin/sh\n', { mode: 0o644 });
    const error = await refusal(bench, { command: ['./plain'] });
    assert.match(error.got ?? '', /not executable/);
    assert.match(error.hint ?? '', /chmod/);
    assert.match((await refusal(bench, { command: ['./processes/..'] })).got ?? '', /directory|nothing/);
  });

  test('when it has no command at all', async () => {
    await using bench = await openWorkbench();
    assert.equal((await refusal(bench, { command: null })).code, 'command-not-found');
  });

  test('when its working directory is not there', async () => {
    await using bench = await openWorkbench();
    const error = await refusal(bench, { command: ['true'], working_dir: 'absent' });
    assert.equal(error.code, 'file-not-found');
    assert.match(error.expected ?? '', /absent/);
  });

  test('when nobody knows its user', async () => {
    await using bench = await openWorkbench();
    const error = await refusal(bench, { command: ['true'], user: 'no-such-user' });
    assert.match(error.message, /no-such-user/);
  });

  test('when the system cannot run the file, and nothing is left of the attempt', async () => {
    await using bench = await openWorkbench();
    await writeFile(join(bench.folder, 'run'), '#!/no/such/interpreter\n', { mode: 0o755 });
    const stack = bench.stackWith({ config: { command: ['./run'] } });
    await assert.rejects(bench.start(stack), { code: 'runtime-failed' });
    assert.deepEqual(await bench.driver.observe('demo', never), []);
    await bench.reopen();
    assert.deepEqual(await bench.driver.observe('demo', never), []);
  });

  test('when its record cannot be written, and then it does not run', async () => {
    await using bench = await openWorkbench();
    // As root, only a file in the way is a folder that cannot be made.
    await writeFile(join(bench.folder, 'processes'), '');
    const marker = join(bench.folder, 'ran');
    await assert.rejects(bench.start(bench.stackWith({ config: { command: ['touch', marker] } })), {
      code: 'state-write-failed',
    });
    assert.deepEqual(await bench.driver.observe('demo', never), []);
    assert.ok(!existsSync(marker));
  });

  test('when the replica to be started again is gone', async () => {
    await using bench = await openWorkbench();
    const stack = bench.stackWith({ config: { command: ['true'] } });
    const replica = await bench.start(stack);
    await bench.exited(replica);
    await bench.driver.remove(replica, never);
    await assert.rejects(bench.start(stack, 1, replica), { code: 'runtime-failed' });
  });

  test('again and again without losing what was known of its last run', async () => {
    await using bench = await openWorkbench();
    const stack = bench.stackWith({ config: { command: program('exit', '3') } });
    const replica = await bench.start(stack);
    await bench.exited(replica);
    const broken = bench.stackWith({ config: { command: ['no-such-program'] } });
    await assert.rejects(bench.start(broken, 1, replica), { code: 'command-not-found' });
    assert.equal((await bench.exited(replica)).exitCode, 3);
  });
});
