import { performance } from 'node:perf_hooks';
import { desiredOf, webService } from '../test/helpers/simulated/memory-stack.ts';
import { MemoryBalancer } from '../test/helpers/simulated/memory-balancer.ts';
import { TrafficTable } from '../src/controller/execute/traffic-table.ts';
import { StackController } from '../src/controller/loop.ts';
import { isSteady } from '../src/controller/plan.ts';
import { reconcile } from '../src/controller/reconcile/reconcile.ts';
import { createMemoryDriver } from '../src/runtime/memory/memory-driver.ts';
import { systemClock } from '../src/shared/clock.ts';

// Cost of the controller over the number of replicas, on the memory runtime: one steady pass (reconcile alone, and
// observe to publish), and the whole way from nothing to all in rotation. Linear means that µs per replica stay level.

const sizes = [50, 100, 200, 500, 1_000, 2_000];
const passes = 30;
let warm = false;

console.log('replicas   reconcile µs/replica   CPU µs/replica, 0 → all in rotation');
for (const replicas of [50, ...sizes]) {
  const desired = desiredOf([webService({ replicas })]);
  await using runtime = createMemoryDriver();
  await using controller = new StackController({
    desired,
    runtimes: new Map([['process', runtime]]),
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
  const cpu = process.cpuUsage();
  const { observed } = await controller.until(
    (pass) => isSteady(pass.plan) && pass.observed.inProgress.length === 0,
    AbortSignal.timeout(120_000),
  );
  const { user, system } = process.cpuUsage(cpu);
  const begun = performance.now();
  for (let pass = 0; pass < passes; pass += 1) reconcile(desired, observed);
  const reconcileUs = ((performance.now() - begun) * 1_000) / passes / replicas;
  const row = [
    String(replicas).padStart(8),
    reconcileUs.toFixed(2).padStart(22),
    ((user + system) / replicas).toFixed(0).padStart(37),
  ];
  // The first row is the warm-up of the compiler.
  if (warm) console.log(row.join(' '));
  warm = true;
}
