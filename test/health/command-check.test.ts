import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { HealthMonitor } from '../../src/health/health-monitor.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { eventually } from '../helpers/eventually.ts';
import { openWorkbench, program } from '../runtime/process/workbench.ts';

test('the check of a local process is run in its working directory with its environment', async () => {
  await using bench = await openWorkbench();
  const healthCheck = {
    test: ['CMD-SHELL', 'test "$TENFOLD_INSTANCE" = web-1 && cat healthy'],
    intervalMs: 50,
    timeoutMs: 5_000,
    startPeriodMs: 0,
    startIntervalMs: 50,
    retries: 2,
  };
  const stack = bench.stackWith({ config: { command: program('ignore-sigterm') }, healthCheck });
  const replica = await bench.start(stack);
  await using health = new HealthMonitor({
    clock: systemClock,
    consoleOf: () => bench.driver.console,
    foreignListener: async () => undefined,
    serviceOf: () => stack.services['web'],
    onChange: () => undefined,
  });
  health.track([replica]);
  await eventually(() => assert.equal(health.verdictOf(replica).health, 'unhealthy'));
  assert.match(health.verdictOf(replica).lastOutput ?? '', /healthy.*No such file/);

  await writeFile(join(bench.folder, 'healthy'), 'all is well\n');
  await eventually(() => assert.equal(health.verdictOf(replica).health, 'healthy'));
  assert.equal(health.verdictOf(replica).lastOutput, 'all is well');
  await rm(join(bench.folder, 'healthy'));
  await eventually(() => assert.equal(health.verdictOf(replica).health, 'unhealthy'));
});
