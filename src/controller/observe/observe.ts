import { poolIdsOf } from '../balanced-targets.ts';
import type { Desired } from '../desired.ts';
import { indexSnapshot, type Observed, type ObservedReplica, type Snapshot } from '../observed.ts';
import { ReplicaHistories } from './replica-histories.ts';
import { readEndpointId, runId } from '../reconcile/routing.ts';
import type { TrafficTable } from '../execute/traffic-table.ts';
import type {
  BalancerObservation,
  EndpointObservation,
  RoutingTable,
} from '../../balancer/balancer-driver.ts';
import type { HealthMonitor } from '../../health/health-monitor.ts';
import type { Replica } from '../../model/replica.ts';
import type { RuntimeDriver } from '../../runtime/runtime-driver.ts';
import { isTenfoldError } from '../../shared/errors.ts';

/** What the runtimes show of one stack. A runtime that does not answer leaves its replicas as last seen. */
export interface RuntimeSnapshot {
  readonly replicas: readonly Replica[];
  readonly byId: ReadonlyMap<string, Replica>;
  /** Kind of the runtime that runs it, by replica id. */
  readonly runtimeKinds: ReadonlyMap<string, string>;
  /** Reason by service kind. */
  readonly unreachable: ReadonlyMap<string, string>;
}

/** Asks every runtime once; `lastSeen` is what it falls back to, by service kind, and is brought up to date. */
export async function observeRuntimes(
  stackName: string,
  runtimes: ReadonlyMap<string, RuntimeDriver>,
  lastSeen: Map<string, readonly Replica[]>,
  signal: AbortSignal,
): Promise<RuntimeSnapshot> {
  const unreachable = new Map<string, string>();
  await Promise.all(
    [...runtimes].map(async ([kind, driver]) => {
      try {
        lastSeen.set(kind, await driver.observe(stackName, signal));
      } catch (thrown) {
        if (!isTenfoldError(thrown, 'runtime-unreachable')) throw thrown;
        unreachable.set(kind, thrown.message);
      }
    }),
  );
  const runtimeKinds = new Map(
    [...runtimes.keys()].flatMap((kind) => (lastSeen.get(kind) ?? []).map(({ id }) => [id, kind] as const)),
  );
  const replicas = [...runtimes.keys()].flatMap((kind) => lastSeen.get(kind) ?? []);
  return {
    replicas,
    byId: new Map(replicas.map((replica) => [replica.id, replica])),
    runtimeKinds,
    unreachable,
  };
}

/** What the drivers show at one moment; `balancer` undefined when it does not answer. */
export interface World {
  readonly runtimes: RuntimeSnapshot;
  readonly balancer: BalancerObservation | undefined;
  /** The stack's part of the table in force. */
  readonly routing: RoutingTable;
}

interface Drivers {
  readonly runtimes: ReadonlyMap<string, RuntimeDriver>;
  readonly traffic: TrafficTable;
}

export async function observeWorld(
  desired: Desired,
  { runtimes, traffic }: Drivers,
  lastSeen: Map<string, readonly Replica[]>,
  signal: AbortSignal,
): Promise<World> {
  const [snapshot, balancer] = await Promise.all([
    observeRuntimes(desired.stack.name, runtimes, lastSeen, signal),
    traffic.observe(signal).catch((thrown: unknown) => {
      if (!isTenfoldError(thrown, 'balancer-unreachable')) throw thrown;
      return undefined;
    }),
  ]);
  return { runtimes: snapshot, balancer, routing: traffic.part(desired.stack.name) };
}

/** The snapshot of a world in which no operation is under way. */
export function snapshotOf(
  desired: Desired,
  world: World,
  replicas: readonly ObservedReplica[],
  now: number,
): Snapshot {
  const listeners = world.balancer?.listeners ?? [];
  const own = listeners.filter(({ id, isOpen }) => isOpen && id.startsWith(`${desired.stack.name}/`));
  return {
    now,
    replicas,
    openListeners: new Set(own.map(({ id }) => id)),
    unreachable: world.runtimes.unreachable,
    isBalancerReachable: world.balancer !== undefined,
    drainedEndpoints: new Set(
      world.balancer?.endpoints.flatMap(({ id, state }) => (state === 'drained' ? [id] : [])),
    ),
    routing: world.routing,
    unpublished: undefined,
    inProgress: [],
    prepared: new Set(),
    verified: new Set(),
    condemned: new Map(),
    removedByHand: new Map(),
    failures: new Map(),
    isTornDown: false,
  };
}

/** One look from outside, for a stack that no controller runs yet: what runs is taken to be healthy. */
export async function lookOnce(
  desired: Desired,
  drivers: Drivers,
  now: number,
  signal: AbortSignal,
): Promise<Observed> {
  const world = await observeWorld(desired, drivers, new Map(), signal);
  const health = { verdictOf: () => ({ health: 'healthy' as const, since: now }) };
  const replicas = joinObservations(
    world.runtimes.replicas,
    desired,
    world.balancer,
    health,
    new ReplicaHistories(),
  );
  return indexSnapshot(snapshotOf(desired, world, replicas, now));
}

/** Joins what the runtime, the health checks and the balancer say of each replica. */
export function joinObservations(
  replicas: readonly Replica[],
  desired: Desired,
  balancer: BalancerObservation | undefined,
  health: Pick<HealthMonitor, 'verdictOf'>,
  histories: ReplicaHistories,
): readonly ObservedReplica[] {
  const endpoints = endpointsByRun(balancer);
  return replicas.map((replica) => {
    const own = endpoints.get(runId(replica) ?? '') ?? [];
    const verdict = health.verdictOf(replica);
    const rotation = rotationOf(own);
    const opinion = opinionOf(own);
    return {
      replica,
      // What takes traffic already, a daemon before has seen healthy: it stays so until a check says otherwise.
      health: verdict.health === 'starting' && rotation === 'active' ? 'healthy' : verdict.health,
      healthSince: verdict.since,
      healthOutput: verdict.lastOutput,
      rotation,
      condition: opinion?.condition,
      conditionReason: opinion?.reason,
      ...trafficOf(own),
      history: histories.of(replica.id),
    };
  });
}

/** The balancer's view of endpoints, by the run of the replica that answers at them. */
export function endpointsByRun(
  balancer: BalancerObservation | undefined,
): ReadonlyMap<string, readonly EndpointObservation[]> {
  return Map.groupBy(balancer?.endpoints ?? [], ({ id }) => readEndpointId(id).run);
}

/** Counters of a replica, summed over its endpoints. */
export function trafficOf(
  endpoints: readonly EndpointObservation[],
): Pick<ObservedReplica, 'inFlight' | 'requests' | 'failed'> {
  return {
    inFlight: endpoints.reduce((sum, { inFlight }) => sum + inFlight, 0),
    requests: endpoints.reduce((sum, { totals }) => sum + totals.requests, 0),
    failed: endpoints.reduce((sum, { totals }) => sum + totals.failed, 0),
  };
}

const conditions = ['up', 'ejected', 'unchecked', 'down'] as const;

function badness({ condition }: EndpointObservation): number {
  return conditions.indexOf(condition);
}

/**
 * A port of a replica is as good as the best that a pool says of it: two that ask for different roles cannot both have it. The
 * replica is as good as the worst of its ports.
 */
function opinionOf(endpoints: readonly EndpointObservation[]): EndpointObservation | undefined {
  const byTarget = Map.groupBy(endpoints, ({ id }) => readEndpointId(id).target);
  const best = Array.from(byTarget.values(), (own) =>
    own.reduce((one, other) => (badness(other) < badness(one) ? other : one)),
  );
  return best.toSorted((one, other) => badness(other) - badness(one))[0];
}

/** A replica with several endpoints is as far along as the one that is least far on its way out. */
function rotationOf(endpoints: readonly EndpointObservation[]): ObservedReplica['rotation'] {
  for (const state of ['active', 'draining', 'drained'] as const) {
    if (endpoints.some((endpoint) => endpoint.state === state)) return state;
  }
  return 'out';
}

/** Names the service that a pool of this stack belongs to. */
export function serviceNames({ stack }: Pick<Desired, 'stack'>): ReadonlyMap<string, string> {
  return new Map(
    Object.values(stack.services).flatMap((service) =>
      poolIdsOf(stack.name, service).map((id) => [id, service.name] as const),
    ),
  );
}
