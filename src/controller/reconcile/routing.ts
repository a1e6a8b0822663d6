import type {
  EndpointEntry,
  ListenerEntry,
  PoolEntry,
  RoutingTable,
  TrafficSplit,
} from '../../balancer/balancer-driver.ts';
import { ownTarget, poolsOfService } from '../balanced-targets.ts';
import { listenerId, poolId, type Desired } from '../desired.ts';
import { isRunning, type ObservedReplica } from '../observed.ts';
import { routeEntries } from './shared-addresses.ts';
import type { Replica } from '../../model/replica.ts';
import type { Listener, Service } from '../../model/service.ts';

/** Where a replica shall stand in the balancer. */
export type Rotation = 'out' | 'active' | 'draining';

export const emptyTable: RoutingTable = { listeners: [], pools: [] };

/**
 * Unique over time: a replica that was started anew is a new endpoint, with fresh health and counters. It is an endpoint of its
 * own in each pool (`own` names the one that is not its service's), as each has an opinion of it.
 */
export function endpointId(replica: Replica, target: number, own?: string): string | undefined {
  const run = runId(replica);
  return run === undefined ? undefined : `${run}:${target}${own === undefined ? '' : `/${own}`}`;
}

/** What an endpoint id is made of. */
export function readEndpointId(id: string): { readonly run: string; readonly target: string } {
  const colon = id.lastIndexOf(':');
  return { run: id.slice(0, colon), target: id.slice(colon + 1).split('/', 1)[0] ?? '' };
}

/** Names one run of a replica; undefined while it does not run. */
export function runId({ id, state }: Replica): string | undefined {
  return state.kind === 'running' ? `${id}@${state.startedAt}` : undefined;
}

/** Where a running replica shall stand, given whether it is on its way out or kept aside by hand. */
export function wantedRotation(observed: ObservedReplica, isLeaving: boolean): Rotation {
  if (!isRunning(observed)) return 'out';
  if (isLeaving) return observed.rotation === 'out' ? 'out' : 'draining';
  if (observed.rotation === 'active') return 'active';
  return observed.health === 'healthy' ? 'active' : observed.rotation === 'out' ? 'out' : 'draining';
}

export interface PlacedReplica {
  readonly observed: ObservedReplica;
  readonly rotation: Rotation;
  /** The service as it is in the replica's own revision. */
  readonly own: Service;
}

/** The pools of one service. */
export function poolsOf(
  stackName: string,
  service: Service,
  replicas: readonly PlacedReplica[],
  split: TrafficSplit | undefined,
): readonly PoolEntry[] {
  const backups = backupIndices(service, replicas);
  return poolsOfService(service).map(({ target, own: ownPool }) => {
    const endpoints = replicas.flatMap(({ observed, rotation, own }) =>
      endpointEntry(observed, rotation, ownTarget(service, own, target), ownPool?.name).map((entry) => ({
        ...entry,
        ...standing(service, backups, observed.replica.index),
      })),
    );
    return {
      id: poolId(stackName, service.name, target, ownPool?.name),
      stack: stackName,
      service: service.name,
      policy: ownPool?.policy ?? service.balancing,
      endpoints,
      emptyReason: emptyReason(
        service,
        replicas.map(({ observed }) => observed),
      ),
      ...(split !== undefined && { split }),
      ...(mayBeAtZero(service) && { holdMs: service.startTimeoutMs }),
    };
  });
}

/** A replica's part of the requests, where the file says anything of it. */
function standing(
  { weights }: Service,
  backups: ReadonlySet<number>,
  index: number,
): Pick<EndpointEntry, 'weight' | 'isBackup'> {
  const weight = weights?.[index - 1];
  return { ...(weight !== undefined && { weight }), ...(backups.has(index) && { isBackup: true }) };
}

/** The highest of those that are to take requests; the lowest one never stands by. */
function backupIndices({ backups = 0 }: Service, replicas: readonly PlacedReplica[]): ReadonlySet<number> {
  const active = replicas.filter(({ rotation }) => rotation === 'active');
  const indices = [...new Set(active.map(({ observed }) => observed.replica.index))].sort((a, b) => a - b);
  return new Set(backups === 0 ? [] : indices.slice(1).slice(-backups));
}

/** With no replica by the autoscaler's word: requests wait for the first one, which they wake. */
function mayBeAtZero({ autoscale }: Service): boolean {
  return autoscale?.min === 0 || autoscale?.schedule.some(({ min }) => min === 0) === true;
}

function endpointEntry(
  observed: ObservedReplica,
  rotation: Rotation,
  target: number,
  ownPool: string | undefined,
): readonly EndpointEntry[] {
  const { replica } = observed;
  const id = endpointId(replica, target, ownPool);
  const endpoint = replica.endpoints.find((candidate) => candidate.target === target);
  if (rotation === 'out' || id === undefined || endpoint === undefined) return [];
  return [
    {
      id,
      instance: replica.instance,
      revision: replica.revision,
      host: endpoint.host,
      port: endpoint.port,
      rotation,
      isHealthy: observed.health === 'healthy',
    },
  ];
}

function emptyReason(service: Service, replicas: readonly ObservedReplica[]): string {
  if (replicas.length === 0) return `no replica of ${service.name} is running`;
  const counts = new Map<string, number>();
  for (const { replica, health } of replicas) {
    const word = replica.state.kind === 'running' ? health : replica.state.kind;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const parts = [...counts].map(([word, count]) => `${count} ${word}`);
  return `no replica of ${service.name} is in rotation (${parts.join(', ')})`;
}

/** The table's entry of a listener; undefined while its port is not known or held by a replica that publishes it itself. */
export function listenerEntry(
  desired: Desired,
  service: Service,
  listener: Listener,
  replicas: readonly ObservedReplica[],
): ListenerEntry | undefined {
  const id = listenerId(desired.stack.name, listener.key);
  const port = listener.port ?? desired.assignedPorts[id];
  const isOnHost = listener.exposure !== 'network';
  if (port === undefined || (isOnHost && publisherOf(port, replicas) !== undefined)) return undefined;
  return {
    id,
    hostIp: listener.hostIp,
    port,
    protocol: listener.protocol,
    pool: poolId(desired.stack.name, service.name, listener.target, listener.ownPool?.name),
    ...(isOnHost && service.balancer !== undefined && { carrier: service.balancer }),
    ...(!isOnHost && { carrier: 'ambassador', networks: listener.networks ?? [] }),
    ...(listener.routes !== undefined && { routes: routeEntries(desired.stack.name, listener.routes) }),
    ...(listener.edge !== undefined && { edge: listener.edge }),
  };
}

/** A replica that holds the port itself, because docker compose started it so. */
export function publisherOf(port: number, replicas: readonly ObservedReplica[]): Replica | undefined {
  return replicas.find(
    (observed) =>
      isRunning(observed) &&
      observed.replica.published.some((published) => published.protocol === 'tcp' && published.port === port),
  )?.replica;
}
