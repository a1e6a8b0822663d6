import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Replica } from '../../../src/model/replica.ts';
import { eventually } from '../../helpers/eventually.ts';
import { openWorkbench, program, programs, type Workbench } from './workbench.ts';

const portOf = ({ endpoints }: Replica): number => endpoints[0]?.port ?? 0;

async function foreigner({ driver }: Workbench, replica: Replica): Promise<string | undefined> {
  return await driver.foreignListener?.(replica, portOf(replica));
}

/** `$SERVE` is a program that serves on the replica's port. */
async function serving(bench: Workbench, shellCommand: string): Promise<Replica> {
  const environment = { SERVE: `${process.execPath} ${join(programs, 'serve.mjs')}` };
  const config = { command: ['sh', '-c', shellCommand], environment };
  const replica = await bench.start(bench.stackWith({ config, targets: [80] }));
  await eventually(() => fetch(`http://127.0.0.1:${portOf(replica)}/`));
  return replica;
}

describe(
  'who listens on the port of a replica',
  { skip: process.platform !== 'linux' && 'only Linux tells' },
  () => {
    for (const [who, command] of [
      ['its first process', 'exec $SERVE'],
      ['a child of it', '$SERVE & wait'],
      [
        'a child in a session and an environment of its own, as sudo makes them',
        'setsid env -i PORT=$PORT $SERVE & wait',
      ],
      ['one that nobody waits for, in a session of its own', '(setsid $SERVE &) ; exec sleep 600'],
    ] as const)
      test(`is no foreigner when it is ${who}`, async () => {
        await using bench = await openWorkbench();
        const replica = await serving(bench, command);
        assert.equal(await foreigner(bench, replica), undefined);
      });

    test('is named when it is another program', async (t) => {
      await using bench = await openWorkbench();
      const replica = await bench.start(
        bench.stackWith({ config: { command: program('ignore-sigterm') }, targets: [80] }),
      );
      assert.equal(await foreigner(bench, replica), undefined, 'nobody');
      const server = createServer().listen(portOf(replica), '127.0.0.1');
      t.after(() => server.close());
      await once(server, 'listening');
      assert.match((await foreigner(bench, replica)) ?? '', new RegExp(`^pid ${process.pid} \\(.*node`));
    });
  },
);
