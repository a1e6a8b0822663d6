import { endpointId } from '../../controller/reconcile/routing.ts';
import { poolIdsOf } from '../../controller/balanced-targets.ts';
import type { Desired } from '../../controller/desired.ts';
import type { ObservedReplica } from '../../controller/observed.ts';
import type { Service } from '../../model/service.ts';
import type { ReplicaUsage } from '../../runtime/runtime-driver.ts';
import { noRequests, plusRequests } from '../../balancer/request-figures.ts';
import { noEndpointFigures, plusEndpoint, type EndpointFigures } from './carried-traffic.ts';
import type { ReplicaDetail, ServiceDetail } from './sample-detail.ts';
import type { TrafficRecord } from './traffic-record.ts';

/** What one service's sample is joined from. */
export interface SampleParts {
  readonly desired: Desired;
  readonly service: Service;
  readonly replicas: readonly ObservedReplica[];
  readonly traffic: TrafficRecord;
  /** By replica id. */
  readonly usage: ReadonlyMap<string, ReplicaUsage>;
}

export function joinSample(
  { desired, service, replicas, traffic, usage }: SampleParts,
  time: number,
): ServiceDetail {
  const wanted = desired.services[service.name];
  const { requests, failed, waiting, waitedMs } = poolIdsOf(desired.stack.name, service)
    .map((id) => traffic.pool(id))
    .reduce(plusRequests, noRequests);
  return {
    time,
    stack: desired.stack.name,
    service: service.name,
    desired: wanted?.phase === 'running' ? wanted.replicas : 0,
    requests,
    failed,
    waiting,
    waitedMs,
    replicas: replicas
      .filter(({ replica }) => replica.state.kind === 'running')
      .sort((one, other) => one.replica.index - other.replica.index)
      .map((observed) => joinReplica(observed, service, traffic, usage.get(observed.replica.id))),
  };
}

/** Ids of the endpoints that a replica of the service may have in the balancer. */
export function endpointIdsOf({ replica }: ObservedReplica, service: Service): readonly string[] {
  const targets = new Set(replica.endpoints.map(({ target }) => target));
  const ownPools = new Set([undefined, ...service.listeners.map(({ ownPool }) => ownPool?.name)]);
  return [...targets].flatMap((target) =>
    [...ownPools].flatMap((own) => endpointId(replica, target, own) ?? []),
  );
}

function joinReplica(
  observed: ObservedReplica,
  service: Service,
  traffic: TrafficRecord,
  usage: ReplicaUsage | undefined,
): ReplicaDetail {
  const { replica } = observed;
  const { inFlight, totals, responses, latency } = endpointIdsOf(observed, service)
    .map((id): EndpointFigures => traffic.endpoint(id) ?? noEndpointFigures)
    .reduce(plusEndpoint, noEndpointFigures);
  return {
    replicaId: replica.id,
    instance: replica.instance,
    revision: replica.revision,
    isReady: isReady(observed, service),
    startedAt: replica.state.kind === 'running' ? replica.state.startedAt : 0,
    cpuSeconds: usage?.cpuSeconds,
    memoryBytes: usage?.memoryBytes,
    cpuLimit: usage?.cpuLimit,
    memoryLimitBytes: usage?.memoryLimitBytes,
    inFlight,
    requests: totals.requests,
    failed: totals.failed,
    retried: totals.retried,
    drained: totals.drained,
    forced: totals.forced,
    restarts: observed.history.restarts,
    responses,
    latency,
  };
}

function isReady({ health, rotation, condition }: ObservedReplica, service: Service): boolean {
  if (health !== 'healthy') return false;
  return service.listeners.length === 0 || (rotation === 'active' && condition === 'up');
}
