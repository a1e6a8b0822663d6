import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { JsonObject } from '../../../src/model/json.ts';
import type { Replica, ReplicaState } from '../../../src/model/replica.ts';
import { eventually } from '../../helpers/eventually.ts';
import { skipWithout } from '../../helpers/parts.ts';
import { never, openScene } from './scene.ts';
import type { Scene } from './scene.ts';

/** Exits with 5 on SIGUSR1, and on nothing else. */
const obeysUsr1 = "trap 'exit 5' USR1; trap '' TERM; echo ready; while :; do sleep 0.05; done";

describe('stopping containers', { skip: await skipWithout('docker'), timeout: 300_000 }, () => {
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene?.[Symbol.asyncDispose]());

  async function ready(service: string, more: JsonObject = {}): Promise<Replica> {
    const stack = scene.stack({
      [service]: { command: ['sh', '-c', obeysUsr1], init: false, network_mode: 'none', ...more },
    });
    const replica = await scene.start(stack, service);
    await eventually(async () => assert.equal((await scene.lines(replica))[0]?.text, 'ready'));
    return replica;
  }

  async function stateOf({ id }: Replica): Promise<ReplicaState | undefined> {
    return (await scene.driver.observe(scene.name, never)).find((replica) => replica.id === id)?.state;
  }

  async function exitCodeOf(replica: Replica): Promise<number | undefined> {
    const state = await stateOf(replica);
    assert.equal(state?.kind, 'exited');
    return state.exitCode;
  }

  test("with the container's own signal, as the Compose file names it", async () => {
    const replica = await ready('own', { stop_signal: 'SIGUSR1' });
    await scene.driver.stop(replica, { signal: 'SIGUSR1', graceMs: 10_000 }, never);
    assert.equal(await exitCodeOf(replica), 5);
  });

  test('with another signal, and its restart policy does not bring it back', async () => {
    const replica = await ready('other', { restart: 'always' });
    await scene.driver.stop(replica, { signal: 'SIGUSR1', graceMs: 10_000 }, never);
    assert.equal((await stateOf(replica))?.kind, 'exited');
    const { State, RestartCount } = await scene.docker.getContainer(replica.id).inspect();
    assert.equal(State.Status, 'exited');
    assert.ok(RestartCount <= 1);
  });

  test('kills what ignores another signal when its grace is over, to the fraction of a second', async () => {
    const replica = await ready('stubborn');
    const before = performance.now();
    await scene.driver.stop(replica, { signal: 'SIGHUP', graceMs: 300 }, never);
    assert.ok(performance.now() - before >= 290);
    const code = await exitCodeOf(replica);
    assert.ok(code === 137 || code === 129, `exit code ${code}`);
  });

  test('a paused container hears the signal', async () => {
    const replica = await ready('frozen', { stop_signal: 'SIGUSR1' });
    await scene.docker.getContainer(replica.id).pause();
    await scene.driver.stop(replica, { signal: 'SIGUSR1', graceMs: 10_000 }, never);
    assert.equal(await exitCodeOf(replica), 5);
  });

  test('a caller who gives up is not kept waiting, and the engine finishes what was asked', async () => {
    const replica = await ready('waited', { stop_signal: 'SIGTERM' });
    const giveUp = new AbortController();
    const stopping = scene.driver.stop(replica, { signal: 'SIGTERM', graceMs: 1_000 }, giveUp.signal);
    await eventually(async () => assert.ok((await signalsSentTo(replica)) > 0));
    giveUp.abort(new Error('enough'));
    await assert.rejects(stopping, { message: 'enough' });
    await eventually(async () => assert.equal((await stateOf(replica))?.kind, 'exited'));
  });

  /** How many the engine remembers. */
  async function signalsSentTo({ id }: Replica): Promise<number> {
    const until = Math.ceil(Date.now() / 1000);
    const filters = { container: [id], event: ['kill'] };
    const events = await scene.docker.getEvents({ since: until - 60, until, filters });
    let text = '';
    for await (const chunk of events) text += String(chunk);
    return text.split('\n').filter((line) => line !== '').length;
  }
});
