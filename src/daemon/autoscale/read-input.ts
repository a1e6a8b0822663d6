import type {
  ConnectionReading,
  QueryReading,
  ServiceReading,
  AutoscaleInput,
} from '../../autoscale/reading.ts';
import { readMemory, type MachineMemory } from '../../autoscale/measure/read-memory.ts';
import { readService } from '../../autoscale/measure/read-service.ts';
import type { ReadinessLog } from '../../autoscale/measure/readiness.ts';
import type { Desired } from '../../controller/desired.ts';
import type { Observed } from '../../controller/observed.ts';
import type { MetricsSource } from '../../metrics/metrics-source.ts';
import type { AutoscalePolicy } from '../../model/autoscale.ts';

export interface Circumstances {
  readonly desired: Desired;
  /** Of the controller's last pass; undefined before the first. */
  readonly observed: Observed | undefined;
  readonly service: string;
  readonly policy: AutoscalePolicy;
  readonly metrics: MetricsSource;
  readonly readiness: ReadinessLog;
  readonly queries: readonly QueryReading[];
  readonly machine: MachineMemory;
  /** Requests that are known to wait, beyond what the last sample says. */
  readonly waiting: number;
  readonly now: number;
}

/** Everything that a decision is made of, at one moment. */
export function readInput(circumstances: Circumstances): AutoscaleInput {
  const { desired, observed, service, policy, queries, machine, now } = circumstances;
  const wanted = desired.services[service];
  const current = wanted?.replicas ?? 0;
  const reading = readTraffic(circumstances, current);
  return {
    now,
    current,
    ...(reading !== undefined && { service: reading }),
    queries,
    memory: readMemory(policy, reading, machine),
    connections: policy.connections.map((budget) => takenByOthers(budget.service, service, desired)),
    isRollingOut: wanted?.rollout !== undefined || isMixed(desired, observed, service),
    isPaused: wanted?.isAutoscalePaused === true,
  };
}

function readTraffic(circumstances: Circumstances, current: number): ServiceReading | undefined {
  const { desired, observed, service, policy, metrics, readiness, waiting, now } = circumstances;
  const samples = metrics.between(desired.stack.name, service, now - policy.windowMs, now);
  const view = { samples, readiness, leaving: leavingReplicas(observed, service), current };
  const reading = readService(view, policy.windowMs, now);
  if (waiting === 0) return reading;
  const known = reading ?? { waiting: 0, waitingNow: 0, replicas: [] };
  return { ...known, waitingNow: Math.max(waiting, known.waitingNow) };
}

/** Those that are on their way out, or were set aside by a person: more or fewer of the others says nothing about them. */
function leavingReplicas(observed: Observed | undefined, service: string): ReadonlySet<string> {
  const leaving = (observed?.byService.get(service) ?? []).filter(({ replica, rotation }) => {
    const doing = observed?.busy.get(replica.id)?.kind;
    const isOut = rotation === 'draining' || rotation === 'drained';
    return isOut || doing === 'stop' || doing === 'remove' || observed?.condemned.has(replica.id) === true;
  });
  return new Set(leaving.map(({ replica }) => replica.id));
}

function isMixed({ stack }: Desired, observed: Observed | undefined, service: string): boolean {
  const revision = stack.services[service]?.revision;
  return (observed?.byService.get(service) ?? []).some(({ replica }) => replica.revision !== revision);
}

/** Connections to `target` that other services of the stack may take with the replicas that they have now. */
function takenByOthers(target: string, own: string, { stack, services }: Desired): ConnectionReading {
  let taken = 0;
  for (const { name, autoscale } of Object.values(stack.services)) {
    const budget = autoscale?.connections.find((each) => each.service === target);
    const wanted = services[name];
    if (name === own || budget === undefined || wanted?.phase !== 'running') continue;
    taken += wanted.replicas * budget.perReplica;
  }
  return { service: target, takenByOthers: taken };
}
