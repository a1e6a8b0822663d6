import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { describeLoad } from '../helpers/load-result.ts';
import { withHome } from '../helpers/tenfold.ts';
import { assertNothingFailed, scenarioRuntimes, writeWebStack } from './web-stack.ts';

for (const { runtime, skip } of scenarioRuntimes) {
  describe(`kill -9 under load, ${runtime} replicas`, { concurrency: false, skip }, () => {
    test('on a replica: no GET fails, of the POSTs none but those it had begun, and it comes back by itself', () =>
      withHome(async (home) => {
        const stack = await writeWebStack(home, { runtime, replicas: 3 });
        await home.change(['up', '-d']);
        await stack.settled(3);
        const before = await stack.pids();
        await using load = stack.load();
        await load.sendMore(100);
        const killed = before['web-2'] ?? NaN;
        process.kill(killed, 'SIGKILL');
        // On a busy machine it may take a while to die, and takes requests until then.
        await eventually(() => assert.throws(() => process.kill(killed, 0)), 20_000, 5);
        const handedOut = load.sent();
        await eventually(async () => {
          const { state, pid } = await stack.replica('web-2');
          assert.equal(state, 'in rotation');
          assert.notEqual(pid, before['web-2']);
        });
        await load.sendMore(100);
        const result = await load.stop();

        // A POST that lay in the killed replica's socket may have been begun for all that anybody outside can know.
        for (const { id, index, method, outcome } of result.failed) {
          const wasHandedOver =
            outcome.kind === 'status' && /broke off before it answered/.test(outcome.reason);
          assert.ok(
            method === 'POST' && index < handedOut && wasHandedOver,
            `${id} must not fail\n${describeLoad(result)}`,
          );
        }
        const failedIds = new Set(result.failed.map(({ id }) => id));
        const begun = (await stack.requestLog()).map(({ id }) => id).filter((id) => failedIds.has(id));
        assert.deepEqual(begun, [...new Set(begun)], 'a POST that failed was tried once');
        const others = await stack.pids();
        assert.deepEqual([others['web-1'], others['web-3']], [before['web-1'], before['web-3']]);
      }));

    test('on the daemon: nothing fails, and the next command adopts every replica', () =>
      withHome(async (home) => {
        const stack = await writeWebStack(home, { runtime, replicas: 3 });
        await home.change(['up', '-d']);
        await stack.settled(3);
        const before = await stack.pids();
        const daemon = await home.version();
        await using load = stack.load();
        await load.sendMore(50);
        process.kill(daemon.pid, 'SIGKILL');
        await load.sendMore(50);
        await home.succeed(['ps']);
        await stack.settled(3);
        assert.deepEqual(await stack.pids(), before, 'no replica was restarted');
        const successor = await home.version();
        assert.notEqual(successor.pid, daemon.pid);
        assert.equal(successor.proxyPid, daemon.proxyPid, 'the proxy was not restarted');
        const report = await home.change(['scale', 'web=4']);
        await stack.settled(4);
        const result = await load.stop();

        assertNothingFailed(result);
        assert.equal(report.traffic.failed, 0);
      }));

    test('on the daemon in the middle of a scale: nothing fails, and the next command has it finished', () =>
      withHome(async (home) => {
        const environment = { START_DELAY_MS: '1500' };
        const stack = await writeWebStack(home, { runtime, replicas: 2, environment });
        await home.change(['up', '-d']);
        await stack.settled(2);
        const before = await stack.pids();
        await using load = stack.load();
        const scaling = home.start(['scale', 'web=5']);
        await eventually(async () => assert.ok((await stack.service()).replicas.length > 2));
        process.kill((await home.version()).pid, 'SIGKILL');
        assert.notEqual(await scaling.ended(60_000), 0, 'the command says that it does not know the end');
        await load.sendMore(50);
        await home.succeed(['ps']);
        await stack.settled(5);
        const after = await stack.pids();
        assert.deepEqual([after['web-1'], after['web-2']], [before['web-1'], before['web-2']]);
        const { desired, scaleSource } = await stack.service();
        assert.deepEqual([desired, scaleSource], [5, 'command']);
        assertNothingFailed(await load.stop());
      }));

    test('on the proxy: it is back within 2 s, and no replica was touched', () =>
      withHome(async (home) => {
        const stack = await writeWebStack(home, { runtime, replicas: 3 });
        await home.change(['up', '-d']);
        await stack.settled(3);
        const before = await stack.pids();
        const { proxyPid } = await home.version();
        assert.ok(proxyPid !== undefined, 'the proxy runs');
        // Two seconds, unless other work on the machine makes every start slow, as of a command that takes 0.2 s alone.
        const limitMs = Math.max(2_000, 5 * (await home.succeed(['version'])).durationMs);
        await using load = stack.load();
        await load.sendMore(100);
        const sentBefore = load.sent();
        process.kill(proxyPid, 'SIGKILL');
        await load.sendMore(1_000);
        const result = await load.stop();

        const killedAtMs = (sentBefore / 200) * 1000;
        const late = result.failed.filter(({ dueMs }) => dueMs > killedAtMs + limitMs);
        assert.equal(late.length, 0, describeLoad({ ...result, failed: late }));
        const early = result.failed.filter(({ endedMs }) => endedMs < killedAtMs - 50);
        assert.equal(early.length, 0, describeLoad({ ...result, failed: early }));
        assert.ok(result.longestGapMs < limitMs, describeLoad(result));
        console.log(
          `the proxy was back after ${result.longestGapMs.toFixed(0)} ms (limit ${limitMs.toFixed(0)} ms)`,
        );
        await stack.settled(3);
        assert.deepEqual(await stack.pids(), before);
        assert.notEqual((await home.version()).proxyPid, proxyPid);
      }));
  });
}
