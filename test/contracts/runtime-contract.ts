import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import type { Replica } from '../../src/model/replica.ts';
import type { Stack } from '../../src/model/stack.ts';
import type { LogLine, LogOptions, ReplicaSpec, RuntimeDriver } from '../../src/runtime/runtime-driver.ts';
import { eventually } from '../helpers/eventually.ts';

/** A tiny program that a service of the contract runs; test/fixtures/programs has each as a file for Node. */
export type Program =
  /** Answers `GET /environment` over HTTP on its target port with its environment as JSON; ends at SIGTERM. */
  | { readonly name: 'serve' }
  | { readonly name: 'exit'; readonly code: number; readonly afterMs: number }
  /** Prints `running`; ends only when it is killed. */
  | { readonly name: 'ignore-sigterm' }
  /** Prints the lines in order and runs on until SIGTERM. */
  | { readonly name: 'print'; readonly out: readonly string[]; readonly err: readonly string[] };

/** How one runtime takes part: what `open` of a contract test makes, once for each suite. */
export interface RuntimeHarness extends AsyncDisposable {
  /** The driver under test; after `reopen` the new one. */
  readonly driver: RuntimeDriver;
  /** A stack of one service for each program, on this runtime. Its name is the caller's, and new for each call. */
  stackOf(programs: Readonly<Record<string, Program>>): Stack;
  /** Disposes of the driver and makes another over the same state, as a daemon does that starts again. */
  reopen(): Promise<void>;
}

export interface RuntimeContractOptions {
  readonly open: () => Promise<RuntimeHarness>;
  readonly skip: string | false;
  /**
   * False: replicas are only pretended. Nobody can connect to them or run a command beside them, and they end with the
   * driver, so what needs any of that is left out.
   */
  readonly runsPrograms: boolean;
}

/** What every runtime driver promises. A driver takes part with a test file that calls this with its harness. */
export function testRuntimeContract(name: string, options: RuntimeContractOptions): void {
  const { skip, runsPrograms } = options;
  const testReal = (title: string, body: () => Promise<void>): void => {
    if (runsPrograms) void test(title, body);
  };

  describe(`the ${name} runtime`, { skip, timeout: 300_000 }, () => {
    let harness: RuntimeHarness;
    const never = new AbortController().signal;
    const stacks: Stack[] = [];
    const stop = { signal: 'SIGTERM', graceMs: 5_000 };

    before(async () => {
      harness = await options.open();
    });

    after(async () => {
      // A suite that was skipped opened nothing.
      if (harness === undefined) return;
      for (const stack of stacks) await endStack(stack);
      await harness[Symbol.asyncDispose]();
    });

    async function endStack(stack: Stack): Promise<void> {
      const { driver } = harness;
      for (const replica of await driver.observe(stack.name, never)) {
        await driver.stop(replica, { signal: 'SIGKILL', graceMs: 0 }, never);
        await driver.remove(replica, never);
      }
      await driver.teardown(stack, { removeVolumes: true }, never);
    }

    async function prepared(programs: Readonly<Record<string, Program>>): Promise<Stack> {
      const stack = harness.stackOf(programs);
      stacks.push(stack);
      await harness.driver.prepare(stack, Object.keys(stack.services), () => undefined, never);
      return stack;
    }

    async function start(stack: Stack, index = 1, existing?: Replica): Promise<Replica> {
      const service = Object.values(stack.services)[0];
      assert.ok(service);
      const environment = { TENFOLD_INSTANCE: `${service.name}-${index}` };
      const spec: ReplicaSpec = { stack, service, index, environment };
      return await harness.driver.start(existing ? { ...spec, existingId: existing.id } : spec, never);
    }

    async function observed(replica: Replica): Promise<Replica | undefined> {
      const replicas = await harness.driver.observe(replica.stack, never);
      return replicas.find(({ id }) => id === replica.id);
    }

    async function exited(replica: Replica) {
      return await eventually(async () => {
        const state = (await observed(replica))?.state;
        assert.equal(state?.kind, 'exited');
        return state;
      });
    }

    async function linesOf(replica: Replica, options: Partial<LogOptions> = {}): Promise<LogLine[]> {
      const lines: LogLine[] = [];
      const all = { follow: false, tail: undefined, sinceMs: undefined, ...options };
      for await (const line of harness.driver.console.logs(replica, all, never)) lines.push(line);
      return lines;
    }

    const serve: Program = { name: 'serve' };
    const print: Program = { name: 'print', out: ['one', 'two', 'three'], err: ['trouble'] };

    test('tells what running replicas use, and nothing of one that has ended', async () => {
      const { driver } = harness;
      const replica = await start(await prepared({ web: serve }));
      const usages = await eventually(async () => {
        const told = await driver.usage?.([replica], never);
        assert.equal(told?.length, 1);
        if (runsPrograms)
          assert.ok((told[0]?.cpuSeconds ?? 0) > 0, 'a program that started has used the processor');
        return told;
      });
      assert.equal(usages[0]?.replicaId, replica.id);
      if (runsPrograms) assert.ok((usages[0]?.memoryBytes ?? 0) > 100_000, `${usages[0]?.memoryBytes} bytes`);
      await driver.stop(replica, stop, never);
      assert.deepEqual(await driver.usage?.([replica], never), []);
    });

    test('knows no replica of a stack that was never started', async () => {
      assert.deepEqual(await harness.driver.observe('never-started', never), []);
    });

    test('starts a replica and shows it as it was asked for', async () => {
      const stack = await prepared({ web: serve });
      const replica = await start(stack, 3);
      assert.deepEqual(
        {
          stack: replica.stack,
          service: replica.service,
          index: replica.index,
          instance: replica.instance,
          name: replica.name,
          revision: replica.revision,
          state: replica.state.kind,
        },
        {
          stack: stack.name,
          service: 'web',
          index: 3,
          instance: 'web-3',
          name: `${stack.name}-web-3`,
          revision: stack.services['web']?.revision,
          state: 'running',
        },
      );
      assert.deepEqual(await observed(replica), replica);
    });

    test('starting a replica that runs leaves it as it is', async () => {
      const stack = await prepared({ web: serve });
      const replica = await start(stack);
      const again = await start(stack, 1, replica);
      assert.deepEqual(again, replica);
      assert.equal((await harness.driver.observe(stack.name, never)).length, 1);
    });

    test('gives each replica an identity and endpoints of its own', async () => {
      const stack = await prepared({ web: serve });
      const replicas = await Promise.all([1, 2, 3].map((index) => start(stack, index)));
      const endpoints = replicas.flatMap((replica) =>
        replica.endpoints.map(({ host, port }) => `${host}:${port}`),
      );
      assert.equal(new Set(replicas.map(({ id }) => id)).size, 3);
      assert.equal(endpoints.length, 3);
      assert.equal(new Set(endpoints).size, 3);
    });

    test('keeps the stacks apart', async () => {
      const [one, other] = [await prepared({ web: serve }), await prepared({ web: serve })];
      const replica = await start(one);
      await start(other);
      assert.deepEqual(
        (await harness.driver.observe(one.name, never)).map(({ id }) => id),
        [replica.id],
      );
    });

    testReal('a replica answers at its endpoint, with the variables it was given', async () => {
      const stack = await prepared({ web: serve });
      const replica = await start(stack, 2);
      const endpoint = replica.endpoints[0];
      assert.ok(endpoint);
      const environment: unknown = await eventually(async () => {
        const response = await fetch(`http://${endpoint.host}:${endpoint.port}/environment`);
        return await response.json();
      });
      assert.ok(typeof environment === 'object' && environment !== null);
      assert.equal(Object.entries(environment).find(([key]) => key === 'TENFOLD_INSTANCE')?.[1], 'web-2');
    });

    test('stops a replica, and again without complaint', async () => {
      const stack = await prepared({ web: serve });
      const replica = await start(stack);
      await harness.driver.stop(replica, stop, never);
      const stopped = await observed(replica);
      assert.equal(stopped?.state.kind, 'exited');
      assert.equal(stopped?.pid, undefined);
      await harness.driver.stop(replica, stop, never);
    });

    test('kills a replica that ignores the signal, once the grace is over', async () => {
      const stack = await prepared({ web: { name: 'ignore-sigterm' } });
      const replica = await start(stack);
      await eventually(async () => assert.equal((await linesOf(replica))[0]?.text, 'running'));
      const before = performance.now();
      await harness.driver.stop(replica, { signal: 'SIGTERM', graceMs: 1_000 }, never);
      assert.ok(performance.now() - before >= 900, 'it had its grace');
      const state = (await observed(replica))?.state;
      assert.equal(state?.kind === 'exited' ? state.exitCode : undefined, 137);
    });

    test('tells the exit code of a replica that ended by itself', async () => {
      const stack = await prepared({ job: { name: 'exit', code: 3, afterMs: 200 } });
      const replica = await start(stack);
      const state = await exited(replica);
      assert.equal(state.exitCode, 3);
      assert.ok(state.finishedAt >= replica.createdAt);
    });

    test('starts an ended replica again as the same one', async () => {
      const stack = await prepared({ web: serve });
      const replica = await start(stack);
      await harness.driver.stop(replica, stop, never);
      const again = await start(stack, 1, replica);
      assert.equal(again.id, replica.id);
      assert.ok(again.state.kind === 'running' && replica.state.kind === 'running');
      assert.ok(again.state.startedAt > replica.state.startedAt);
      assert.equal((await harness.driver.observe(stack.name, never)).length, 1);
    });

    test('removes a stopped replica, and again without complaint', async () => {
      const stack = await prepared({ web: serve });
      const replica = await start(stack);
      await harness.driver.stop(replica, stop, never);
      await harness.driver.remove(replica, never);
      assert.deepEqual(await harness.driver.observe(stack.name, never), []);
      await harness.driver.remove(replica, never);
      await harness.driver.stop(replica, stop, never);
    });

    test('tells watchers of starts and ends until they go away', async () => {
      const stack = await prepared({ job: { name: 'exit', code: 0, afterMs: 300 } });
      const watching = new AbortController();
      let calls = 0;
      harness.driver.watch(stack.name, { onChange: () => calls++ }, watching.signal);
      const replica = await start(stack);
      await eventually(() => assert.ok(calls > 0, 'told of the start'));
      const callsAtStart = calls;
      await exited(replica);
      await eventually(() => assert.ok(calls > callsAtStart, 'told of the end'));

      watching.abort();
      const callsAtAbort = calls;
      await start(stack, 2);
      assert.equal(calls, callsAtAbort);
    });

    test('starts nothing for a caller who has given up', async () => {
      const stack = await prepared({ web: serve });
      const service = stack.services['web'];
      assert.ok(service);
      const spec = { stack, service, index: 1, environment: {} };
      await assert.rejects(harness.driver.start(spec, AbortSignal.abort()), { name: 'AbortError' });
      assert.deepEqual(await harness.driver.observe(stack.name, never), []);
    });

    test('gives the lines of both streams, whose they are and when they came', async () => {
      const before = Date.now();
      const stack = await prepared({ web: print });
      const replica = await start(stack);
      const lines = await eventually(async () => {
        const lines = await linesOf(replica);
        assert.equal(lines.length, 4);
        return lines;
      });
      const texts = (stream: string) =>
        lines.filter((line) => line.stream === stream).map(({ text }) => text);
      assert.deepEqual(texts('stdout'), ['one', 'two', 'three']);
      assert.deepEqual(texts('stderr'), ['trouble']);
      for (const line of lines) {
        assert.equal(line.service, 'web');
        assert.equal(line.instance, 'web-1');
        assert.ok(line.time >= before - 1_000 && line.time <= Date.now() + 1_000);
      }
    });

    test('gives only the last lines, or only those since a time, when it is asked to', async () => {
      const stack = await prepared({ web: { name: 'print', out: ['one', 'two', 'three'], err: [] } });
      const replica = await start(stack);
      await eventually(async () => assert.equal((await linesOf(replica)).length, 3));
      const texts = async (options: Partial<LogOptions>) =>
        (await linesOf(replica, options)).map(({ text }) => text);
      assert.deepEqual(await texts({ tail: 2 }), ['two', 'three']);
      assert.deepEqual(await texts({ tail: 0 }), []);
      assert.deepEqual(await texts({ sinceMs: replica.createdAt - 60_000 }), ['one', 'two', 'three']);
      assert.deepEqual(await texts({ sinceMs: Date.now() + 60_000 }), []);
    });

    test('follows a log until the caller has enough', async () => {
      const stack = await prepared({ web: print });
      const replica = await start(stack);
      const following = new AbortController();
      const seen: string[] = [];
      const options = { follow: true, tail: undefined, sinceMs: undefined };
      for await (const line of harness.driver.console.logs(replica, options, following.signal)) {
        seen.push(line.text);
        if (seen.length === 4) following.abort();
      }
      assert.deepEqual(seen.toSorted(), ['one', 'three', 'trouble', 'two']);
    });

    test('sends a signal and does not wait', async () => {
      const stack = await prepared({ web: serve });
      const replica = await start(stack);
      await harness.driver.console.signal(replica, 'SIGKILL', never);
      assert.equal((await exited(replica)).exitCode, 137);
    });

    const hook = { user: undefined, privileged: false, workingDir: undefined, environment: {} };

    testReal('runs a command beside a replica in its environment, to the exit code', async () => {
      const stack = await prepared({ web: serve });
      const replica = await start(stack);
      const streams = { stdout: '', stderr: '' };
      const command = ['sh', '-c', 'echo "$TENFOLD_INSTANCE $EXTRA"; echo trouble >&2; exit 7'];
      const result = await harness.driver.console.exec(
        replica,
        {
          hook: { ...hook, command, environment: { EXTRA: 'extra' } },
          onOutput: (stream, chunk) => (streams[stream] += Buffer.from(chunk).toString()),
        },
        never,
      );
      assert.equal(result.exitCode, 7);
      assert.match(result.output, /web-1 extra/);
      assert.match(result.output, /trouble/);
      assert.deepEqual(streams, { stdout: 'web-1 extra\n', stderr: 'trouble\n' });
    });

    testReal('feeds a command its input', async () => {
      const stack = await prepared({ web: serve });
      const replica = await start(stack);
      const input = Readable.from([Buffer.from('first\n'), Buffer.from('second\n')]);
      const command = ['sh', '-c', 'wc -l'];
      const result = await harness.driver.console.exec(replica, { hook: { ...hook, command }, input }, never);
      assert.deepEqual(result, { exitCode: 0, output: result.output });
      assert.equal(result.output.trim(), '2');
    });

    testReal('ends a command when the caller gives up', async () => {
      const stack = await prepared({ web: serve });
      const replica = await start(stack);
      const giveUp = new AbortController();
      const command = ['sh', '-c', 'echo begun; sleep 600'];
      const onOutput = () => giveUp.abort();
      const running = harness.driver.console.exec(
        replica,
        { hook: { ...hook, command }, onOutput },
        giveUp.signal,
      );
      await assert.rejects(running, { name: 'AbortError' });
    });

    test('forgets the stack at its teardown, and again without complaint', async () => {
      const stack = await prepared({ web: print });
      const replica = await start(stack);
      await harness.driver.stop(replica, stop, never);
      await harness.driver.remove(replica, never);
      await harness.driver.teardown(stack, { removeVolumes: false }, never);
      await harness.driver.teardown(stack, { removeVolumes: false }, never);
      assert.deepEqual(await harness.driver.observe(stack.name, never), []);
    });

    // Last, because it changes the driver that the tests before it work with.
    testReal('a driver made anew goes on with the replicas of the one before', async () => {
      const stack = await prepared({ web: serve });
      const [kept, stopped] = [await start(stack, 1), await start(stack, 2)];
      await harness.driver.stop(stopped, stop, never);
      await harness.reopen();
      assert.deepEqual(await observed(kept), kept);
      assert.equal((await observed(stopped))?.state.kind, 'exited');
      await harness.driver.stop(kept, stop, never);
      assert.equal((await observed(kept))?.state.kind, 'exited');
    });
  });
}
