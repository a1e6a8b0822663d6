import { availableParallelism } from 'node:os';
import type { Bench, Observation, ProcessLoad } from '../../capacity/measured/bench.ts';
import { watchMachineCpu } from '../../capacity/measured/machine-cpu.ts';
import { observeLoad } from '../../capacity/measured/observe-load.ts';
import { watchProcesses } from '../../capacity/measured/process-cpu.ts';
import { runLoadTest } from '../../load/run-load-test.ts';
import { quickScenario, type QuickOptions } from '../../load/scenario/quick-scenario.ts';
import { serviceTarget } from '../../load/target/load-target.ts';
import { TenfoldError, messageOf } from '../../shared/errors.ts';
import type { DaemonClient } from '../connection/daemon-client.ts';
import type { Escalation } from '../escalation.ts';
import type { Invocation } from '../invocation.ts';
import { noteChoice } from '../load/note-choice.ts';
import { requireServices } from '../scale-values.ts';

/** Load before the part that counts, as a share of that part: connections open and replicas get warm. */
const warmShare = 0.25;

export interface BenchSubject {
  readonly stack: string;
  readonly service: string;
  /** Undefined: one that leads there. */
  readonly path: string | undefined;
}

/** A service of a stack as something to measure. Throws `unknown-service` and `no-listener`. */
export async function openServiceBench(
  invocation: Invocation,
  client: DaemonClient,
  { stack, service, path: asked }: BenchSubject,
  escalation: Escalation,
): Promise<Bench & { readonly path: string }> {
  const status = await client.stack(stack);
  requireServices(
    stack,
    [service],
    status.services.map(({ name }) => name),
  );
  const target = serviceTarget(status, service);
  const path = asked ?? target.path ?? '/';
  noteChoice(invocation, service, target, path);
  const replicas = status.services.find(({ name }) => name === service)?.desired ?? 1;

  async function load(options: QuickOptions, durationMs: number): Promise<Observation> {
    const warmMs = durationMs * warmShare;
    const cpuUsed = watchMachineCpu();
    const processesUsed = await watchStack(client, stack, service);
    const report = await runLoadTest({
      scenario: quickScenario(service, { ...options, path, for: `${Math.round(durationMs + warmMs)}ms` }),
      target,
      stop: escalation.first,
      abandon: escalation.second,
    });
    const processes = processesUsed(report.generator.cpuCores);
    return { ...observeLoad(report, warmMs, cpuUsed()), ...(processes === undefined ? {} : { processes }) };
  }

  return {
    path,
    replicas,
    cores: availableParallelism(),
    // Not ended by an interruption: the number that was there could only be put back after it.
    scaleTo: (wanted) => scale(invocation, client, { stack, service }, wanted, escalation.third),
    loadUsers: (users, durationMs) => load({ users }, durationMs),
    loadRate: (rate, durationMs) => load({ rate }, durationMs),
  };
}

/** Watches the replicas of the service and the proxy; undefined in the end where that was not possible. */
async function watchStack(
  client: DaemonClient,
  stack: string,
  service: string,
): Promise<(generatorCores: number) => ProcessLoad | undefined> {
  const { services, balancer } = await client.stack(stack);
  const replicas = services.find(({ name }) => name === service)?.replicas ?? [];
  const pids = replicas.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  if (pids.length === 0 || pids.length < replicas.length) return () => undefined;
  const replicasUsed = watchProcesses(pids);
  const proxyUsed = watchProcesses(balancer.pid === undefined ? [] : [balancer.pid]);
  return (generatorCores) => {
    const used = replicasUsed();
    if (used === undefined) return undefined;
    return {
      ownCores: used.usedCores + (proxyUsed()?.usedCores ?? 0) + generatorCores,
      wantedPerReplica: used.wantedCores / pids.length,
    };
  };
}

async function scale(
  { requester }: Invocation,
  client: DaemonClient,
  { stack, service }: Pick<BenchSubject, 'stack' | 'service'>,
  replicas: number,
  signal: AbortSignal,
): Promise<void> {
  let isReported = false;
  try {
    const request = { scale: { [service]: replicas }, requester };
    for await (const message of client.change(stack, 'scale', request, signal)) {
      if (message.type === 'report') isReported = true;
    }
  } catch (thrown) {
    if (!signal.aborted) throw scaleFailed(service, replicas, thrown);
    throw new TenfoldError('interrupted', `interrupted while ${service} was being scaled to ${replicas}`, {
      hint: `\`tenfold scale -p ${stack} ${service}=N\` sets the number of replicas`,
      cause: thrown,
    });
  }
  if (!isReported) throw scaleFailed(service, replicas, new Error('the daemon went away before it was done'));
}

function scaleFailed(service: string, replicas: number, cause: unknown): unknown {
  if (!(cause instanceof TenfoldError)) {
    return new TenfoldError(
      'replica-failed',
      `${service} could not be scaled to ${replicas}: ${messageOf(cause)}`,
      { cause },
    );
  }
  const { code, message, where, expected, got, hint, details, errors } = cause;
  return new TenfoldError(code, `${service} could not be scaled to ${replicas}: ${message}`, {
    ...(where === undefined ? {} : { where }),
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    ...(hint === undefined ? {} : { hint }),
    details,
    errors,
    cause,
  });
}
