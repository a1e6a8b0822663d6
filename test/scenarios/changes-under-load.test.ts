import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ChangeReport } from '../../src/daemon/control-api.ts';
import { describeLoad } from '../helpers/load-result.ts';
import { withHome } from '../helpers/tenfold.ts';
import { assertNothingFailed, scenarioRuntimes, writeWebStack } from './web-stack.ts';

const rounds = 3;

for (const { runtime, skip } of scenarioRuntimes) {
  describe(`changes under load, ${runtime} replicas`, { concurrency: false, skip }, () => {
    for (const [onSigterm, kind] of [
      ['die', 'die at once on SIGTERM'],
      ['ignore', 'ignore SIGTERM'],
    ] as const) {
      test(`fail no request of replicas that ${kind}: scale 3→5→1→5, drain, undrain, restart, ${rounds} times`, () =>
        withHome(async (home) => {
          const stack = await writeWebStack(home, {
            runtime,
            replicas: 3,
            environment: { ON_SIGTERM: onSigterm },
          });
          await home.change(['up', '-d']);
          await stack.settled(3);
          await using load = stack.load();
          const reports: ChangeReport[] = [];
          const drained: (readonly [from: number, until: number])[] = [];
          const change = async (...args: string[]): Promise<void> => {
            reports.push(await home.change(args));
          };
          const scale = async (count: number): Promise<void> => {
            await change('scale', `web=${count}`);
            await stack.settled(count);
          };
          for (let round = 0; round < rounds; round += 1) {
            await scale(5);
            await scale(1);
            await scale(5);

            await change('drain', 'web-2');
            assert.equal((await stack.replica('web-2')).state, 'drained');
            const drainedFrom = load.sent();
            await load.sendMore(40);
            const drainedUntil = load.sent();
            await change('undrain', 'web-2');
            await stack.settled(5);

            const before = await stack.pids();
            await change('restart');
            await stack.settled(5);
            const after = await stack.pids();
            for (const [instance, pid] of Object.entries(before))
              assert.notEqual(after[instance], pid, `${instance} was restarted`);

            await scale(3);
            drained.push([drainedFrom, drainedUntil]);
          }
          const result = await load.stop();

          assertNothingFailed(result);
          assert.deepEqual(Object.keys(result.byInstance).sort(), [
            'web-1',
            'web-2',
            'web-3',
            'web-4',
            'web-5',
          ]);
          for (const [from, until] of drained) {
            const sentMeanwhile = result.records.filter(({ index }) => index >= from && index < until);
            assert.ok(sentMeanwhile.length >= 40);
            assert.ok(
              sentMeanwhile.every(({ instance }) => instance !== 'web-2'),
              'a drained replica gets no request',
            );
          }
          for (const { command, traffic } of reports)
            assert.equal(traffic.failed, 0, `${command} reports ${JSON.stringify(traffic)}`);
          const reported = reports.reduce((sum, { traffic }) => sum + traffic.requests, 0);
          assert.ok(reported > 0 && reported <= result.sent, `${reported} reported, ${describeLoad(result)}`);
        }));
    }
  });
}
