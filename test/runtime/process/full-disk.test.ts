import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fillDisk, mountSmallDisk, skipWithoutSmallDisk } from '../../helpers/small-disk.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/eventually.ts';
import { never, openWorkbench, program } from './workbench.ts';

test(
  'on a full disk nothing is started, and what runs goes on and can be stopped',
  { skip: skipWithoutSmallDisk },
  async () => {
    await using temporary = await temporaryFolder();
    const disk = join(temporary.path, 'disk');
    await using _mounted = await mountSmallDisk(disk);
    await using bench = await openWorkbench({
      directory: join(disk, 'processes'),
      logDirectory: join(disk, 'logs'),
    });
    const stack = bench.stackWith({ config: { command: program('ignore-sigterm') } });
    const replica = await bench.start(stack, 1);
    await eventually(async () => assert.deepEqual(await bench.texts(replica), ['running']));
    const records = await readdir(join(disk, 'processes/demo'));

    const filler = await fillDisk(disk);
    const ran = join(temporary.path, 'ran');
    const other = bench.stackWith({ config: { command: ['touch', ran] } });
    await assert.rejects(bench.start(other, 2), { code: 'state-write-failed' });
    assert.deepEqual(await readdir(join(disk, 'processes/demo')), records);
    assert.ok(!existsSync(ran));

    assert.equal((await bench.observed(replica))?.state.kind, 'running');
    await bench.driver.stop(replica, { signal: 'SIGTERM', graceMs: 100 }, never);
    assert.equal((await bench.exited(replica)).exitCode, 137);
    await assert.rejects(bench.start(stack, 1, replica), { code: 'state-write-failed' });
    assert.equal((await bench.exited(replica)).exitCode, 137);

    await filler[Symbol.asyncDispose]();
    assert.equal((await bench.start(stack, 1, replica)).state.kind, 'running');
  },
);
