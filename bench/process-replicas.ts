import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { desiredOf, webService } from '../test/helpers/simulated/memory-stack.ts';
import { MemoryBalancer } from '../test/helpers/simulated/memory-balancer.ts';
import { TrafficTable } from '../src/controller/execute/traffic-table.ts';
import type { Desired } from '../src/controller/desired.ts';
import { StackController } from '../src/controller/loop.ts';
import { isSteady } from '../src/controller/plan.ts';
import { createProcessDriver } from '../src/runtime/process/process-driver.ts';
import { systemClock } from '../src/shared/clock.ts';

// Cost of scaling real local processes up to 50 and back, in CPU of the controller and the process runtime per replica
// that was started or stopped; that of the replicas themselves (`sleep`) is not counted.

const steps = [5, 10, 20, 35, 50, 35, 20, 10, 5, 0];
const service = webService({
  replicas: 0,
  listeners: [],
  targets: [0],
  config: { command: ['sleep', '600'] },
});

const folder = mkdtempSync(join(tmpdir(), 'tenfold-bench-'));

function desiredAt(replicas: number): Desired {
  const desired = desiredOf([service], { web: { replicas } });
  return { ...desired, stack: { ...desired.stack, workingDir: folder } };
}

try {
  await using driver = createProcessDriver({
    directory: join(folder, 'processes'),
    logDirectory: join(folder, 'logs'),
  });
  await using controller = new StackController({
    desired: desiredAt(0),
    runtimes: new Map([['process', driver]]),
    traffic: new TrafficTable(new MemoryBalancer()),
    clock: systemClock,
    onChange: () => {},
    onProgress: () => {},
    smokeTester: () => Promise.resolve(),
    hookRunner: () => Promise.resolve(),
    onDecision: () => Promise.resolve(false),
    onTakenDown: () => {},
    onBug: (bug) => console.error(bug),
  });
  console.log('replicas     CPU ms   CPU ms/replica changed');
  let before = 0;
  for (const replicas of [1, 0, ...steps]) {
    const cpu = process.cpuUsage();
    controller.setDesired(desiredAt(replicas));
    await controller.until(
      ({ plan, observed }) =>
        isSteady(plan) && observed.inProgress.length === 0 && observed.replicas.length === replicas,
      AbortSignal.timeout(60_000),
    );
    const { user, system } = process.cpuUsage(cpu);
    const milliseconds = (user + system) / 1_000;
    const change = `${before} → ${replicas}`.padEnd(10);
    console.log(
      `${change} ${milliseconds.toFixed(0).padStart(8)} ${(milliseconds / Math.abs(replicas - before)).toFixed(2).padStart(24)}`,
    );
    before = replicas;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
