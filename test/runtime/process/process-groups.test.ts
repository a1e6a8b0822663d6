import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Replica } from '../../../src/model/replica.ts';
import { eventually } from '../../helpers/eventually.ts';
import { isAlive, never, openWorkbench, program } from './workbench.ts';
import type { Workbench } from './workbench.ts';

const stop = { signal: 'SIGTERM', graceMs: 10_000 };

async function childrenOf(bench: Workbench, replica: Replica) {
  return await eventually(async () => {
    const [line] = await bench.texts(replica);
    const children: unknown = JSON.parse(line ?? '');
    assert.ok(typeof children === 'object' && children !== null);
    assert.ok('inGroup' in children && typeof children.inGroup === 'number');
    assert.ok('inSession' in children && typeof children.inSession === 'number');
    return { inGroup: children.inGroup, inSession: children.inSession };
  });
}

describe('the processes of a replica', () => {
  test('all end with a stop, also those that ignore the signal or left the group', async () => {
    await using bench = await openWorkbench();
    const replica = await bench.start(bench.stackWith({ config: { command: program('leave-children') } }));
    const children = await childrenOf(bench, replica);
    assert.ok(isAlive(children.inGroup) && isAlive(children.inSession));
    await bench.driver.stop(replica, stop, never);
    assert.deepEqual([isAlive(children.inGroup), isAlive(children.inSession)], [false, false]);
  });

  test('all end when the first of them is killed by somebody else', async () => {
    await using bench = await openWorkbench();
    const replica = await bench.start(bench.stackWith({ config: { command: program('leave-children') } }));
    const children = await childrenOf(bench, replica);
    assert.ok(replica.pid);
    process.kill(replica.pid, 'SIGKILL');
    assert.equal((await bench.exited(replica)).exitCode, 137);
    await eventually(() => assert.ok(!isAlive(children.inGroup) && !isAlive(children.inSession)));
  });

  test('all end when an adopted one is stopped, and when it dies', async () => {
    await using bench = await openWorkbench();
    const stack = bench.stackWith({ config: { command: program('leave-children') } });
    const [stopped, killed] = [await bench.start(stack, 1), await bench.start(stack, 2)];
    const children = [await childrenOf(bench, stopped), await childrenOf(bench, killed)];
    await bench.reopen();
    await bench.driver.stop(stopped, stop, never);
    assert.ok(killed.pid);
    process.kill(killed.pid, 'SIGKILL');
    await bench.exited(killed);
    await eventually(() => {
      for (const { inGroup, inSession } of children) assert.ok(!isAlive(inGroup) && !isAlive(inSession));
    });
  });

  test('end with it when they run a command beside it', async () => {
    await using bench = await openWorkbench();
    const replica = await bench.start(
      bench.stackWith({ config: { command: program('serve') }, targets: [0] }),
    );
    const hook = { user: undefined, privileged: false, workingDir: undefined, environment: {} };
    let printed = '';
    const running = bench.driver.console.exec(
      replica,
      {
        hook: { ...hook, command: ['sh', '-c', 'echo $$; sleep 600'] },
        onOutput: (_stream, chunk) => (printed += Buffer.from(chunk).toString()),
      },
      never,
    );
    const pid = await eventually(() => {
      assert.match(printed, /^\d+\n/);
      return Number(printed);
    });
    await bench.driver.stop(replica, stop, never);
    assert.equal((await running).exitCode, 137);
    assert.ok(!isAlive(pid));
  });

  test('leave nothing of a command behind that is given up', async () => {
    await using bench = await openWorkbench();
    const replica = await bench.start(
      bench.stackWith({ config: { command: program('serve') }, targets: [0] }),
    );
    const giveUp = new AbortController();
    let printed = '';
    const command = ['sh', '-c', 'sleep 600 & echo $!; wait'];
    const hook = { command, user: undefined, privileged: false, workingDir: undefined, environment: {} };
    const onOutput = (_stream: string, chunk: Uint8Array) => {
      printed += Buffer.from(chunk).toString();
      giveUp.abort();
    };
    await assert.rejects(bench.driver.console.exec(replica, { hook, onOutput }, giveUp.signal), {
      name: 'AbortError',
    });
    await eventually(() => assert.ok(!isAlive(Number(printed))));
  });

  test('are killed at once by a stop that comes while another one waits', async () => {
    await using bench = await openWorkbench();
    const replica = await bench.start(bench.stackWith({ config: { command: program('ignore-sigterm') } }));
    await eventually(async () => assert.deepEqual(await bench.texts(replica), ['running']));
    const patient = bench.driver.stop(replica, { signal: 'SIGTERM', graceMs: 600_000 }, never);
    await eventually(async () => assert.deepEqual((await bench.texts(replica))[1], 'ignoring SIGTERM'));
    await bench.driver.stop(replica, { signal: 'SIGTERM', graceMs: 0 }, never);
    await patient;
    const state = await bench.exited(replica);
    assert.match(state.reason ?? '', /killed/);
  });

  test('go on when the caller of a stop gives up', async () => {
    await using bench = await openWorkbench();
    const replica = await bench.start(bench.stackWith({ config: { command: program('ignore-sigterm') } }));
    await eventually(async () => assert.deepEqual(await bench.texts(replica), ['running']));
    const giveUp = new AbortController();
    const stopping = bench.driver.stop(replica, { signal: 'SIGTERM', graceMs: 600_000 }, giveUp.signal);
    giveUp.abort();
    await assert.rejects(stopping, { name: 'AbortError' });
    assert.equal((await bench.observed(replica))?.state.kind, 'running');
  });
});
