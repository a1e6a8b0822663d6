import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ProofReport } from '../../src/prove/proof-report.ts';
import { printed } from '../helpers/program.ts';
import { type TestHome, withHome } from '../helpers/tenfold.ts';
import { scenarioRuntimes, writeWebStack } from '../scenarios/web-stack.ts';

/** Small, since other tests run beside it. */
const smallLoad = ['--rate', '40', '--before', '500ms', '--after', '500ms', '--post-every', '4'];

async function prove(
  home: TestHome,
  words: readonly string[],
): Promise<{ readonly exitCode: number; readonly report: ProofReport; readonly output: string }> {
  const { exitCode, stdout, stderr } = await home.run(['--json', 'prove', ...smallLoad, ...words]);
  const output = stdout + stderr;
  assert.equal(stdout.trimEnd().split('\n').length, 1, output);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what --json prints
  return { exitCode, report: JSON.parse(stdout) as ProofReport, output };
}

for (const { runtime, skip } of scenarioRuntimes) {
  test(
    `prove finds that scaling drops nothing, and shows the replicas come and go (${runtime})`,
    { skip },
    () =>
      withHome(async (home) => {
        const stack = await writeWebStack(home, { runtime, replicas: 2 });
        await home.succeed(['up', '-d']);
        await stack.settled(2);

        const html = join(home.projectDir, 'up.html');
        const up = await prove(home, ['--html', html, '--', 'tenfold', 'scale', 'web=3']);
        assert.equal(up.exitCode, 0, up.output);
        const page = await readFile(html, 'utf8');
        assert.match(page, /Proof: tenfold scale web=3/);
        assert.match(page, /✔ good/);

        const restart = await prove(home, ['--', 'tenfold', 'restart']);
        assert.equal(restart.exitCode, 0, restart.output);
        assert.ok(
          restart.report.replicas.every(({ inRotation }) => inRotation >= 3),
          'a successor serves before its predecessor leaves',
        );

        const down = await prove(home, ['--', 'scale', 'web=1']);
        assert.equal(down.exitCode, 0, down.output);

        for (const [{ report, output }, counts] of [
          [up, [2, 3]],
          [restart, [3, 3]],
          [down, [3, 1]],
        ] as const) {
          assert.equal(report.verdict.isGood, true, output);
          assert.equal(report.requests.failed, 0, output);
          assert.ok(report.requests.good > 20, output);
          assert.deepEqual([report.replicas[0]?.inRotation, report.replicas.at(-1)?.inRotation], counts);
          assert.ok(
            report.phases.every(({ requests }) => requests > 0),
            output,
          );
          assert.ok(report.change.kind === 'begun' && report.change.steadyMs !== undefined, output);
          assert.deepEqual(
            report.change.report?.services.map(({ before, after }) => [before, after]),
            [counts],
          );
          assert.equal(report.traffic?.forced, 0);
        }
      }),
  );
}

describe('prove on real processes', () => {
  test('finds that a command which kills the only replica breaks requests', () =>
    withHome(async (home) => {
      const stack = await writeWebStack(home, {
        runtime: 'process',
        replicas: 1,
        // The new process takes a while, so that requests meet nobody whatever the machine's speed.
        environment: { START_DELAY_MS: '500' },
      });
      await home.succeed(['up', '-d']);
      await stack.settled(1);
      const pid = (await stack.pids())['web-1'];
      const { exitCode, report, output } = await prove(home, ['--', 'sh', '-c', `kill -9 ${pid}`]);
      assert.equal(exitCode, 1, output);
      assert.equal(report.verdict.isGood, false);
      assert.ok(report.requests.failed > 0, output);
      assert.equal(
        report.failures.reduce((sum, { count }) => sum + count, 0),
        report.requests.failed,
      );
      assert.deepEqual(
        report.verdict.objectives.map(({ text, isMet }) => [text, isMet]),
        [['failed=0', false]],
      );
      const [before] = report.phases;
      assert.equal(before?.failed, 0, 'nothing failed before the change');
      assert.ok(
        report.replicas.some(({ inRotation }) => inRotation === 0),
        output,
      );
      assert.equal(report.replicas.at(-1)?.inRotation, 1, output);
    }));

  test('holds a command that fails against the change, and shows what it printed', () =>
    withHome(async (home) => {
      const stack = await writeWebStack(home, { runtime: 'process', replicas: 1 });
      await home.succeed(['up', '-d']);
      await stack.settled(1);
      const { exitCode, report, output } = await prove(home, ['--', 'scale', 'wbe=2']);
      assert.equal(exitCode, 1, output);
      assert.equal(report.requests.failed, 0);
      assert.deepEqual(report.verdict.reasons, ['the command ended with exit code 2']);
      assert.match(output, /unknown-service/);
    }));

  test('ends load and change on Ctrl-C, with what it has', () =>
    withHome(async (home) => {
      const stack = await writeWebStack(home, { runtime: 'process', replicas: 1 });
      await home.succeed(['up', '-d']);
      await stack.settled(1);
      const script = join(home.projectDir, 'endless.sh');
      await writeFile(script, 'echo "it begins"\nwhile :; do sleep 0.05; done\n');
      await using proof = home.start(['prove', ...smallLoad, '--', 'sh', script]);
      await printed(proof, /it begins/);
      proof.process.kill('SIGINT');
      assert.equal(await proof.ended(60_000), 130);
      assert.match(proof.stdout(), /0 failed/);
      assert.match(proof.stdout(), /not good: it was interrupted/);
      assert.match(proof.stdout(), /! it was ended early/);
      // The command is of this home as well; withHome fails when it still runs.
    }));

  test('does not begin a change where nothing is answered anyway', () =>
    withHome(async (home) => {
      const stack = await writeWebStack(home, { runtime: 'process', replicas: 1 });
      await home.succeed(['up', '-d']);
      await stack.settled(1);
      const { exitCode, report } = await prove(home, ['--path', '/broken', '--', 'scale', 'web=2']);
      assert.equal(exitCode, 1);
      assert.equal(report.change.kind, 'not begun');
      assert.equal((await stack.service()).desired, 1);
    }));
});
