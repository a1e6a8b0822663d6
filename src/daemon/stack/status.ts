import { isBalanced } from '../../controller/balanced-targets.ts';
import type { StackSession } from './stack-session.ts';
import { entrypointId, kindsOf, listenerId, poolId, type Desired } from '../../controller/desired.ts';
import { endpointsByRun, trafficOf } from '../../controller/observe/observe.ts';
import type { ServiceTraffic } from '../../controller/observe/traffic-ledger.ts';
import { indexSnapshot, isRunning, type Observed, type ObservedReplica } from '../../controller/observed.ts';
import { describeExit } from '../../controller/reconcile/dependencies.ts';
import { describeRoutes } from './route-request.ts';
import { publisherOf, readEndpointId, runId } from '../../controller/reconcile/routing.ts';
import { formatPlan, isSteady } from '../../controller/plan.ts';
import { describeProgress } from '../rollout/describe-rollouts.ts';
import type { Pass } from '../../controller/pass.ts';
import type { BalancerObservation } from '../../balancer/balancer-driver.ts';
import type { Listener, Service } from '../../model/service.ts';
import type { ListenerStatus, ReplicaStatus, ServiceStatus, StackStatus } from '../control-api.ts';

/** What `ps` and `status` show, from the last pass. `balancer` undefined when it does not answer. */
export function describeStack(
  session: StackSession,
  pass: Pass,
  balancer: BalancerObservation | undefined,
  proxyPid: number | undefined,
): StackStatus {
  const { desired } = session.controller;
  const { plan } = pass;
  const observed = withTraffic(pass.observed, balancer);
  const { stack } = desired;
  const phases = Object.values(desired.services).map(({ phase }) => phase);
  return {
    name: stack.name,
    workingDir: stack.workingDir,
    configFiles: stack.configFiles,
    phase: phases.includes('running') ? 'running' : 'stopped',
    isSteady: isSteady(plan),
    pending: formatPlan(plan),
    services: Object.values(stack.services)
      .filter(({ name }) => desired.services[name]?.phase !== 'absent' || observed.byService.has(name))
      .map((service) =>
        describeService(
          service,
          desired,
          observed.byService.get(service.name) ?? [],
          observed,
          balancer,
          session.controller.ledger.totals([service.name]),
        ),
      ),
    ...describeEntrypoints(desired, balancer),
    runtimes: Array.from(kindsOf(desired), (kind) => {
      const reason = observed.unreachable.get(kind);
      return { name: kind, isReachable: reason === undefined, ...(reason !== undefined && { reason }) };
    }),
    balancer: {
      isReachable: balancer !== undefined,
      ...(proxyPid !== undefined && { pid: proxyPid }),
      ...(balancer === undefined && { reason: 'it does not answer; it is being started again' }),
    },
  };
}

/** The pass with the counters of this very moment. */
function withTraffic(observed: Observed, balancer: BalancerObservation | undefined): Observed {
  if (balancer === undefined) return observed;
  const endpoints = endpointsByRun(balancer);
  const replicas = observed.replicas.map((replica) => ({
    ...replica,
    ...trafficOf(endpoints.get(runId(replica.replica) ?? '') ?? []),
  }));
  return indexSnapshot({ ...observed, replicas });
}

function describeService(
  service: Service,
  desired: Desired,
  replicas: readonly ObservedReplica[],
  observed: Observed,
  balancer: BalancerObservation | undefined,
  { drained, forced, retried }: ServiceTraffic,
): ServiceStatus {
  const wanted = desired.services[service.name];
  const shown = replicas
    .map((replica) => describeReplica(replica, service, observed.unreachable.get(service.kind)))
    .sort((a, b) => a.index - b.index || (a.startedAt ?? 0) - (b.startedAt ?? 0));
  const serving = isBalanced(service) ? 'in rotation' : 'healthy';
  return {
    name: service.name,
    kind: service.kind,
    revision: service.revision,
    desired: wanted?.phase === 'running' ? wanted.replicas : 0,
    fileReplicas: service.replicas,
    scaleSource: wanted?.source ?? 'file',
    running: replicas.filter(isRunning).length,
    inRotation: shown.filter(({ state }) => state === serving).length,
    listeners: service.listeners.flatMap((listener) =>
      describeListener(listener, service, desired, replicas, balancer),
    ),
    ...describeAffinity(service),
    ...(wanted?.rollout !== undefined && {
      rollout: describeProgress(wanted.rollout, service, wanted.replicas, observed),
    }),
    traffic: { drained, forced, retried },
    replicas: shown,
  };
}

function describeAffinity(service: Service): Pick<ServiceStatus, 'affinity'> {
  const { algorithm, hashKey } = service.balancing;
  if (!isBalanced(service)) return {};
  if (algorithm === 'ip_hash') return { affinity: 'address' };
  return algorithm === 'hash' && hashKey !== undefined ? { affinity: hashKey.from } : {};
}

function describeEntrypoints(
  { stack }: Desired,
  balancer: BalancerObservation | undefined,
): Pick<StackStatus, 'entrypoints'> {
  const { entrypoints } = stack;
  if (entrypoints === undefined) return {};
  return {
    entrypoints: entrypoints.map(({ name, hostIp, port, routes, edge }) => {
      const id = entrypointId(stack.name, name, port);
      const observed = balancer?.listeners.find((candidate) => candidate.id === id);
      return {
        name,
        hostIp,
        port,
        ...(edge?.tls !== undefined && { isSecure: true }),
        isOpen: observed?.isOpen ?? false,
        routes: describeRoutes(routes, edge?.redirectToHttpsPort === undefined),
        requests: observed?.requests ?? 0,
        failed: observed?.failed ?? 0,
      };
    }),
  };
}

function describeListener(
  listener: Listener,
  service: Service,
  desired: Desired,
  replicas: readonly ObservedReplica[],
  balancer: BalancerObservation | undefined,
): readonly ListenerStatus[] {
  const id = listenerId(desired.stack.name, listener.key);
  const port = listener.port ?? desired.assignedPorts[id];
  if (port === undefined) return [];
  const observed = balancer?.listeners.find((candidate) => candidate.id === id);
  const publisher = listener.exposure === 'network' ? undefined : publisherOf(port, replicas);
  const { hostIp, target, protocol, exposure, routes, edge } = listener;
  return [
    {
      hostIp,
      port,
      target,
      protocol,
      ...(edge?.tls !== undefined && { isSecure: true }),
      exposure,
      isOpen: observed?.isOpen ?? false,
      ...takers(listener, poolOf(listener, service, desired), replicas, balancer),
      ...(routes !== undefined && {
        routes: describeRoutes(routes, edge?.redirectToHttpsPort === undefined),
      }),
      requests: observed?.requests ?? 0,
      failed: observed?.failed ?? 0,
      ...(publisher !== undefined && {
        note: `published by ${publisher.instance} itself; tenfold restart moves it behind the balancer`,
      }),
    },
  ];
}

function poolOf({ target, ownPool }: Listener, { name }: Service, { stack }: Desired): string {
  return poolId(stack.name, name, target, ownPool?.name);
}

function takers(
  { ownPool }: Listener,
  pool: string,
  replicas: readonly ObservedReplica[],
  balancer: BalancerObservation | undefined,
): Pick<ListenerStatus, 'takenBy'> {
  if (ownPool === undefined || balancer === undefined) return {};
  const taking = new Set(
    balancer.endpoints
      .filter(
        (endpoint) => endpoint.pool === pool && endpoint.state === 'active' && endpoint.condition === 'up',
      )
      .map(({ id }) => readEndpointId(id).run),
  );
  const takenBy = replicas.filter(({ replica }) => taking.has(runId(replica) ?? ''));
  return { takenBy: takenBy.map(({ replica }) => replica.instance).toSorted(byNumber.compare) };
}

/** `db-9` before `db-10`. */
const byNumber = new Intl.Collator('en', { numeric: true });

function describeReplica(
  observed: ObservedReplica,
  service: Service,
  unreachable: string | undefined,
): ReplicaStatus {
  const { replica } = observed;
  const { state } = replica;
  const reason = unreachable ?? reasonOf(observed);
  return {
    instance: replica.instance,
    index: replica.index,
    name: replica.name,
    id: replica.id,
    revision: replica.revision,
    isObsolete: replica.revision !== service.revision,
    state: unreachable === undefined ? stateOf(observed) : 'unknown',
    ...(reason !== undefined && { reason }),
    ...(state.kind === 'running' && { startedAt: state.startedAt }),
    ...(state.kind === 'exited' && state.exitCode !== undefined && { exitCode: state.exitCode }),
    ...(replica.pid !== undefined && state.kind === 'running' && { pid: replica.pid }),
    restarts: observed.history.restarts,
    endpoints: replica.endpoints,
    published: replica.published,
    inFlight: observed.inFlight,
    requests: observed.requests,
    failed: observed.failed,
  };
}

function stateOf(observed: ObservedReplica): ReplicaStatus['state'] {
  const { state } = observed.replica;
  if (state.kind === 'created' || state.kind === 'restarting') return state.kind;
  if (state.kind === 'exited') return state.exitCode === 0 ? 'completed' : 'exited';
  if (observed.rotation === 'draining' || observed.rotation === 'drained') return observed.rotation;
  if (observed.health !== 'healthy') return observed.health;
  if (observed.rotation === 'out') return 'healthy';
  if (observed.condition === 'ejected') return 'ejected';
  if (observed.condition === 'unchecked') return 'starting';
  return observed.condition === 'down' ? 'unhealthy' : 'in rotation';
}

function reasonOf(observed: ObservedReplica): string | undefined {
  const { state } = observed.replica;
  if (state.kind === 'exited') return describeExit(observed);
  if (observed.health === 'unhealthy') return observed.healthOutput;
  return observed.condition === 'up' ? undefined : observed.conditionReason;
}
