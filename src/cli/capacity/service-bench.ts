import { availableParallelism } from 'node:os';
import type { Bench, Observation, ProcessLoad } from '../../capacity/measured/bench.ts';
import { watchMachineCpu } from '../../capacity/measured/machine-cpu.ts';
import { observeLoad } from '../../capacity/measured/observe-load.ts';
import { watchProcesses } from '../../capacity/measured/process-cpu.ts';
import { runLoadTest } from '../../load/run-load-test.ts';
import { quickScenario, type QuickOptions } from '../../load/scenario/quick-scenario.ts';
import { serviceTarget } from '../../load/target/load-target.ts';
import type { ServiceStatus } from '../../daemon/control-api.ts';
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

/** A service of a stack as something to measure. Throws `unknown-service`, `no-listener`, and `usage` where one replica would get all of the load. */
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
  const found = status.services.find(({ name }) => name === service);
  refuseAffinity(service, found?.affinity);
  const target = serviceTarget(status, service);
  const path = asked ?? target.path ?? '/';
  noteChoice(invocation, service, target, path);
  const replicas = found?.desired ?? 1;

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

/** The load comes from one address and asks for one path, without cookies and fields of its own: those keys spread it. */
function refuseAffinity(service: string, affinity: ServiceStatus['affinity']): void {
  if (affinity === undefined || affinity === 'header' || affinity === 'cookie') return;
  const key = affinity === 'address' ? 'address' : affinity === 'path' ? 'path' : 'URI';
  const algorithm = affinity === 'address' ? 'algorithm: ip_hash' : `algorithm: hash on the ${key}`;
  throw new TenfoldError('usage', `${service} cannot be measured under \`${algorithm}\``, {
    expected: 'a service whose replicas share the load',
    got: `one ${key} for the whole load, so that a single replica would answer all of it, however many there are`,
    hint: `measure it with another algorithm, least_conn say: \`tenfold up\` takes that from the file without a restart, and replicas answer as much under either`,
  });
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
