import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { StackStatus } from '../../src/daemon/control-api.ts';
import { eventually } from '../helpers/eventually.ts';
import { skipWithout } from '../helpers/parts.ts';
import { withHome } from '../helpers/tenfold.ts';
import { assertNothingFailed, writeWebStack } from './web-stack.ts';

const run = promisify(execFile);
const skip = await skipWithout('docker');

test(
  'what docker stops stays stopped and gets no request, and serves again when docker starts it',
  { skip },
  () =>
    withHome(async (home) => {
      const stack = await writeWebStack(home, { runtime: 'docker', replicas: 3 });
      await home.change(['up', '-d']);
      await stack.settled(3);
      await run('docker', ['stop', `${stack.name}-web-2`]);
      await eventually(async () => {
        const { state, reason } = await stack.replica('web-2');
        assert.ok(state === 'exited' || state === 'completed', state);
        assert.match(reason ?? '', /stopped by somebody else/);
      });
      {
        await using load = stack.load();
        await load.sendMore(100);
        assertNothingFailed(await load.stop());
      }
      await run('docker', ['start', `${stack.name}-web-2`]);
      await stack.settled(3);
      await home.change(['down']);
    }),
);

test(
  'docker taking the stack down, as docker compose down does, is the last word until the next up',
  { skip },
  () =>
    withHome(async (home) => {
      const stack = await writeWebStack(home, { runtime: 'docker', replicas: 3 });
      await home.change(['up', '-d']);
      await stack.settled(3);
      const names = [1, 2, 3].map((index) => `${stack.name}-web-${index}`);
      await Promise.all(names.map((name) => run('docker', ['stop', '-t', '1', name])));
      await run('docker', ['rm', ...names]);
      await run('docker', ['network', 'rm', `${stack.name}_default`]);
      await eventually(async () => {
        // With nothing left to look after the daemon ends by itself, and the command starts another one.
        const { stdout } = await home.succeed(['status', '--json']);
        const { phase, services }: StackStatus = JSON.parse(stdout);
        assert.equal(phase, 'stopped');
        assert.deepEqual(
          services.flatMap(({ replicas }) => replicas),
          [],
        );
      });
      const { stdout } = await run('docker', [
        'ps',
        '-aq',
        '--filter',
        `label=com.docker.compose.project=${stack.name}`,
      ]);
      assert.equal(stdout, '');
      await home.change(['up', '-d']);
      await stack.settled(3);
      await home.change(['down']);
    }),
);
