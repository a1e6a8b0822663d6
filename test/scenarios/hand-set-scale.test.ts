import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { withHome } from '../helpers/tenfold.ts';
import { writeWebStack } from './web-stack.ts';

test('a scale set by hand stays over up, until the file’s own number changes or --reset-scale says otherwise', () =>
  withHome(async (home) => {
    const stack = await writeWebStack(home, { runtime: 'process', replicas: 2 });
    const file = join(home.projectDir, 'compose.yaml');
    const setFileReplicas = async (count: number): Promise<void> => {
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replace(/"replicas": \d+/, `"replicas": ${count}`));
    };
    await home.change(['up', '-d']);
    await stack.settled(2);

    await home.change(['scale', 'web=4']);
    const again = await home.change(['up', '-d']);
    assert.equal(again.hasChanged, false);
    await stack.settled(4);

    await setFileReplicas(1);
    await home.change(['up', '-d']);
    await stack.settled(1);

    await home.change(['scale', 'web=3']);
    await home.change(['up', '-d', '--reset-scale']);
    await stack.settled(1);
    assert.equal((await stack.service()).scaleSource, 'file');
  }));

test('a dry run prints what would be done and why, and does nothing', () =>
  withHome(async (home) => {
    const stack = await writeWebStack(home, { runtime: 'process', replicas: 2 });
    await home.change(['up', '-d']);
    const before = await stack.pids();
    const { stdout } = await home.succeed(['scale', 'web=3', '--dry-run']);
    assert.match(stdout, /web-3/);
    assert.match(stdout, /scale to 3/);
    assert.deepEqual(await stack.pids(), before);
  }));
