import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Replica } from '../../../src/model/replica.ts';
import { encodeRecord } from '../../../src/runtime/process/records/process-record.ts';
import type { ProcessRecord } from '../../../src/runtime/process/records/process-record.ts';
import { createProcessTable } from '../../../src/runtime/process/system/process-table.ts';
import { eventually } from '../../helpers/eventually.ts';
import { startProgram } from '../../helpers/program.ts';
import { isAlive, never, openWorkbench, program, programs } from './workbench.ts';
import type { Workbench } from './workbench.ts';

const stop = { signal: 'SIGTERM', graceMs: 10_000 };
const id = '0123456789abcdef';

const record: ProcessRecord = {
  id,
  stack: 'demo',
  service: 'web',
  index: 1,
  revision: 'b'.repeat(64),
  argv: ['sleep', '600'],
  workingDir: '/',
  environmentNames: ['PATH'],
  ports: [{ target: 80, port: 23_456, protocol: 'tcp', hostIp: null }],
  user: null,
  createdAt: 1_000,
  run: { kind: 'starting' },
};

async function writeRecord(bench: Workbench, text: string, name = `web-1.${id}.json`): Promise<string> {
  const path = join(bench.folder, 'processes/demo', name);
  await mkdir(join(bench.folder, 'processes/demo'), { recursive: true });
  await writeFile(path, text);
  return path;
}

/** A process in a group of its own, as a driver that was killed would have left it. */
async function startMarked(marker: string): Promise<AsyncDisposable & { readonly pid: number }> {
  const child = spawn('sleep', ['600'], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, TENFOLD_RECORD: marker },
  });
  await once(child, 'spawn');
  assert.ok(child.pid);
  return {
    pid: child.pid,
    [Symbol.asyncDispose]: async () => void child.kill('SIGKILL'),
  };
}

describe('a driver that comes after one that was killed', () => {
  test('finds the replicas running, with all that they printed meanwhile', async () => {
    await using bench = await openWorkbench();
    const command = ['sh', '-c', 'i=0; while true; do i=$((i+1)); echo "line $i"; sleep 0.05; done'];
    const script = join(programs, 'drive-processes.ts');
    const host = startProgram(process.execPath, [script, bench.folder, '2', ...command]);
    const started = await eventually((): Replica[] => JSON.parse(host.stdout()));
    await host.end('SIGKILL');

    const adopted = await bench.driver.observe('demo', never);
    const byIndex = (left: Replica, right: Replica) => left.index - right.index;
    assert.deepEqual(JSON.parse(JSON.stringify(adopted.toSorted(byIndex))), started);
    const [replica] = adopted;
    assert.ok(replica?.pid && isAlive(replica.pid));

    const countBefore = (await bench.lines(replica)).length;
    await eventually(async () => assert.ok((await bench.lines(replica)).length > countBefore + 3));
    const texts = await bench.texts(replica);
    assert.deepEqual(
      texts,
      texts.map((_, at) => `line ${at + 1}`),
    );
    await bench.driver.stop(replica, stop, never);
    assert.ok(!isAlive(replica.pid));
  });

  test('knows every process of one that was killed while it started them', async () => {
    for (const recordsBeforeKill of [1, 8, 16, 24]) {
      await using bench = await openWorkbench();
      const script = join(programs, 'drive-processes.ts');
      const host = startProgram(process.execPath, [script, bench.folder, '25', 'sleep', '600']);
      const records = join(bench.folder, 'processes/demo');
      await eventually(
        async () => assert.ok((await readdir(records)).length >= recordsBeforeKill),
        10_000,
        1,
      );
      await host.end('SIGKILL');

      const replicas = await bench.driver.observe('demo', never);
      const marked = createProcessTable().marked('TENFOLD_RECORD');
      const known = new Set(replicas.flatMap(({ pid }) => pid ?? []));
      const ids = new Set(replicas.map((replica) => replica.id));
      const orphans = marked.filter(({ marker, pid }) => ids.has(marker) && !known.has(pid));
      assert.deepEqual(orphans, []);
      for (const replica of replicas)
        assert.equal(replica.state.kind, replica.pid === undefined ? 'created' : 'running');
      await Promise.all(replicas.map((replica) => bench.driver.stop(replica, stop, never)));
      assert.deepEqual(
        createProcessTable()
          .marked('TENFOLD_RECORD')
          .filter(({ marker }) => ids.has(marker)),
        [],
      );
    }
  });

  test('runs commands beside an adopted replica with its environment', async () => {
    await using bench = await openWorkbench();
    const environment = { SECRET: 'not written down' };
    const stack = bench.stackWith({ config: { command: program('serve'), environment }, targets: [80] });
    const replica = await bench.start(stack);
    await bench.reopen();
    const hook = { user: undefined, privileged: false, workingDir: undefined, environment: {} };
    const command = ['sh', '-c', 'echo "$SECRET $PORT $TENFOLD_INSTANCE"'];
    const result = await bench.driver.console.exec(replica, { hook: { ...hook, command } }, never);
    assert.equal(result.output, `not written down ${replica.endpoints[0]?.port} web-1\n`);

    const folder = join(bench.folder, 'processes/demo');
    for (const name of await readdir(folder)) {
      const text = await readFile(join(folder, name), 'utf8');
      assert.match(text, /"SECRET"/);
      assert.doesNotMatch(text, /not written down/);
    }
  });

  test('notices soon that an adopted replica ended, and cannot know its exit code', async () => {
    await using bench = await openWorkbench();
    const replica = await bench.start(bench.stackWith({ config: { command: ['sleep', '600'] } }));
    await bench.reopen();
    let calls = 0;
    bench.driver.watch('demo', { onChange: () => calls++ }, never);
    await bench.observed(replica);
    assert.ok(replica.pid);
    process.kill(replica.pid, 'SIGKILL');
    await eventually(() => assert.ok(calls > 0), 1_000);
    assert.equal((await bench.exited(replica)).exitCode, undefined);
  });

  test('shows a replica that ended meanwhile as ended, and starts it again as the same one', async () => {
    await using bench = await openWorkbench();
    const stack = bench.stackWith({ config: { command: ['sleep', '600'] } });
    const replica = await bench.start(stack);
    await bench.driver[Symbol.asyncDispose]();
    assert.ok(replica.pid);
    process.kill(replica.pid, 'SIGKILL');
    await eventually(() => assert.ok(!isAlive(replica.pid ?? 0)));
    await bench.reopen();
    const state = await bench.exited(replica);
    assert.equal(state.exitCode, undefined);
    assert.match(state.reason ?? '', /while no daemon watched/);
    assert.equal((await bench.start(stack, 1, replica)).id, replica.id);
  });

  test('ends what a replica left behind whose first process died meanwhile', async () => {
    await using bench = await openWorkbench();
    const replica = await bench.start(bench.stackWith({ config: { command: program('leave-children') } }));
    const children: unknown = await eventually(async () => JSON.parse((await bench.texts(replica))[0] ?? ''));
    assert.ok(typeof children === 'object' && children !== null);
    const pids = Object.values(children).map(Number);
    await bench.driver[Symbol.asyncDispose]();
    assert.ok(replica.pid);
    process.kill(replica.pid, 'SIGKILL');
    await eventually(() => assert.ok(!isAlive(replica.pid ?? 0)));
    assert.deepEqual(pids.map(isAlive), [true, true]);
    await bench.reopen();
    await bench.exited(replica);
    await eventually(() => assert.deepEqual(pids.map(isAlive), [false, false]));
  });

  test('finds a program that was started and not yet recorded, by its marker', async () => {
    await using bench = await openWorkbench();
    await using orphan = await startMarked(id);
    await writeRecord(bench, encodeRecord(record));
    const [replica] = await bench.driver.observe('demo', never);
    assert.equal(replica?.pid, orphan.pid);
    assert.equal(replica?.state.kind, 'running');
    assert.deepEqual(replica?.endpoints, [{ target: 80, host: '127.0.0.1', port: 23_456 }]);
    await bench.driver.stop(replica, stop, never);
    assert.ok(!isAlive(orphan.pid));
  });

  test('shows a replica that was recorded and not yet started as created, and starts it', async () => {
    await using bench = await openWorkbench();
    await writeRecord(bench, encodeRecord(record));
    const [replica] = await bench.driver.observe('demo', never);
    assert.equal(replica?.state.kind, 'created');
    const stack = bench.stackWith({ config: { command: ['sleep', '600'] } });
    const started = await bench.start(stack, 1, replica);
    assert.equal(started.id, id);
    assert.equal(started.state.kind, 'running');
  });

  test('never signals a process that merely has the pid of a replica', async () => {
    await using bench = await openWorkbench();
    await using stranger = await startMarked('somebody else');
    const facts = createProcessTable().factsOf(stranger.pid);
    const run = {
      kind: 'running',
      pid: stranger.pid,
      startToken: `${facts?.startToken}0`,
      startedAt: 1,
    } as const;
    await writeRecord(bench, encodeRecord({ ...record, run }));
    const [replica] = await bench.driver.observe('demo', never);
    assert.ok(replica);
    assert.equal(replica.state.kind, 'exited');
    await bench.driver.console.signal(replica, 'SIGKILL', never);
    await bench.driver.stop(replica, { signal: 'SIGKILL', graceMs: 0 }, never);
    await bench.driver.remove(replica, never);
    assert.ok(isAlive(stranger.pid));
  });
});

describe('a record that cannot be read', () => {
  const cases = {
    'is torn': encodeRecord(record).slice(0, 60),
    'is empty': '',
    'is not ours': '{"format":"something","version":1}',
    'is of a later version': encodeRecord(record).replace('"version": 1', '"version": 2'),
    'has fields that make no sense': encodeRecord(record).replace('"index": 1', '"index": "one"'),
  };
  for (const [how, text] of Object.entries(cases))
    test(`because it ${how} stops its own replica from starting and no other, and stays as it is`, async () => {
      await using bench = await openWorkbench();
      const path = await writeRecord(bench, text);
      const stack = bench.stackWith({ config: { command: ['sleep', '600'] } });
      const told: string[] = [];
      await bench.driver.prepare(stack, ['web'], (line) => told.push(line), never);
      assert.match(told.join(), new RegExp(path));
      await assert.rejects(bench.start(stack, 1), { code: 'state-unreadable' });
      const other = await bench.start(stack, 2);
      assert.deepEqual(
        (await bench.driver.observe('demo', never)).map((replica) => replica.id),
        [other.id],
      );
      await bench.driver.stop(other, stop, never);
      await assert.rejects(bench.driver.teardown(stack, { removeVolumes: false }, never), {
        code: 'state-unreadable',
      });
      assert.equal(await readFile(path, 'utf8'), text);
    });

  test('is reported with the processes that still run under it', async () => {
    await using bench = await openWorkbench();
    await using orphan = await startMarked(id);
    await writeRecord(bench, 'torn');
    const stack = bench.stackWith({ config: { command: ['sleep', '600'] } });
    await assert.rejects(bench.start(stack, 1), {
      code: 'state-unreadable',
      hint: new RegExp(`kill ${orphan.pid}\\)`),
    });
  });

  test('hinders nobody any more once it was moved away', async () => {
    await using bench = await openWorkbench();
    const path = await writeRecord(bench, 'torn');
    const stack = bench.stackWith({ config: { command: ['sleep', '600'] } });
    await assert.rejects(bench.start(stack, 1), { code: 'state-unreadable' });
    await rename(path, join(bench.folder, 'moved-away'));
    assert.equal((await bench.start(stack, 1)).state.kind, 'running');
  });
});

test('a teardown leaves no record and no log', async () => {
  await using bench = await openWorkbench();
  const stack = bench.stackWith({ config: { command: ['echo', 'hello'] } });
  const replica = await bench.start(stack);
  await bench.exited(replica);
  assert.deepEqual(await bench.texts(replica), ['hello']);
  await bench.driver.teardown(stack, { removeVolumes: false }, never);
  assert.deepEqual(await readdir(join(bench.folder, 'processes')), []);
  assert.deepEqual(await readdir(join(bench.folder, 'logs')), []);
});

test('a removed replica leaves its log, which the next of that instance continues', async () => {
  await using bench = await openWorkbench();
  const stack = bench.stackWith({ config: { command: ['printf', 'no line break'] } });
  const first = await bench.start(stack);
  await bench.exited(first);
  await bench.driver.remove(first, never);
  assert.deepEqual(await bench.texts(first), ['no line break']);
  const second = await bench.start(stack);
  await bench.exited(second);
  assert.deepEqual(await bench.texts(second), ['no line break', 'no line break']);
});
