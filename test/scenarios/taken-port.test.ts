import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { withHome } from '../helpers/tenfold.ts';
import { assertNothingFailed, writeWebStack } from './web-stack.ts';

test(
  'another program that takes the port of a replica before it listens gets none of its requests',
  { skip: process.platform !== 'linux' && 'only Linux tells who listens' },
  (t) =>
    withHome(async (home) => {
      const environment = { HANDLER_MS: '30', START_DELAY_MS: '2000' };
      const service = {
        deploy: { replicas: 1, update_config: { monitor: '500ms' } },
        'x-tenfold': { rollout: { gate: false } },
      };
      const stack = await writeWebStack(home, { runtime: 'process', replicas: 1, service, environment });
      await home.change(['up', '-d']);
      await stack.settled(1);
      const before = Object.values(await stack.pids());

      await using load = stack.load();
      await stack.rewrite({ ...environment, REVISION: '2' });
      const deploying = home.start(['deploy']);
      const pid = await eventually(async () => {
        const fresh = Object.values(await stack.pids()).find((each) => !before.includes(each));
        assert.ok(fresh !== undefined);
        return fresh;
      });
      const port = /\0PORT=(\d+)\0/.exec(await readFile(`/proc/${pid}/environ`, 'latin1'))?.[1];
      let asked = 0;
      const foreigner = createServer((_, response) => {
        asked += 1;
        response.end('not what you asked for');
      });
      t.after(() => foreigner.close());
      await once(foreigner.listen(Number(port), '127.0.0.1'), 'listening');

      assert.equal(await deploying.ended(60_000), 0, deploying.stderr());
      await stack.settled(1);
      assertNothingFailed(await load.stop());
      assert.equal(asked, 0);
      // It could not listen there, ended, and was started with a port of its own.
      assert.match(deploying.stdout(), /web-1 +exited +exit code 1/);
    }),
);
