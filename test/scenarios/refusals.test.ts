import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { withHome } from '../helpers/tenfold.ts';
import { writeWebStack } from './web-stack.ts';

test('what a running stack cannot do is refused by its code, and the stack goes on as it was', () =>
  withHome(async (home) => {
    const stack = await writeWebStack(home, { runtime: 'process', replicas: 1 });
    await home.change(['up', '-d']);
    await stack.settled(1);
    const before = await stack.pids();
    const elsewhere = join(home.projectDir, 'elsewhere');
    await mkdir(elsewhere);
    await writeFile(
      join(elsewhere, 'compose.yaml'),
      JSON.stringify({ name: stack.name, services: { web: { command: 'sleep 60' } } }),
    );

    for (const [code, exitCode, ...words] of [
      ['last-replica', 1, 'drain', 'web-1'],
      ['unknown-instance', 2, 'drain', 'web-7'],
      ['unknown-service', 2, 'kill', 'web-7'],
      ['unknown-service', 2, 'scale', 'wbe=2'],
      ['invalid-scale', 2, 'scale', 'web=100000000'],
      ['unknown-stack', 2, '-p', 'nobody', 'scale', 'web=2'],
      ['stack-elsewhere', 1, '-f', join(elsewhere, 'compose.yaml'), 'up', '-d'],
    ] as const) {
      const result = await home.run(words);
      assert.equal(result.exitCode, exitCode, `${words.join(' ')}: ${result.stderr}`);
      assert.ok(result.stderr.includes(`[${code}]`), result.stderr);
    }
    assert.deepEqual(await stack.pids(), before);
    const forced = await home.change(['drain', '--force', 'web-1']);
    assert.equal(forced.hasChanged, true);
    assert.equal((await stack.replica('web-1')).state, 'drained');
  }));
