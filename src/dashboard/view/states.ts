import type { EventKind, ReplicaStatus, ServiceStatus, StackEvent } from '../../daemon/control-api.ts';
import { listenerScheme } from '../../shared/listener-scheme.ts';

/** What a state means to the one who looks: nothing to do, on its way, wrong, or at rest. */
export type Tone = 'good' | 'doubtful' | 'bad' | 'quiet';

export function toneOfState(state: ReplicaStatus['state']): Tone {
  switch (state) {
    case 'in rotation':
    case 'healthy':
      return 'good';
    case 'unhealthy':
    case 'ejected':
    case 'exited':
    case 'unknown':
      return 'bad';
    case 'created':
    case 'starting':
    case 'draining':
    case 'drained':
    case 'restarting':
      return 'doubtful';
    case 'completed':
      return 'quiet';
  }
}

const badKinds: ReadonlySet<EventKind> = new Set<EventKind>([
  'replica.unhealthy',
  'replica.exited',
  'command.failed',
  'rollout.failed',
  'runtime.unreachable',
  'balancer.lost',
  'balancer.refused',
]);
const goodKinds: ReadonlySet<EventKind> = new Set<EventKind>([
  'replica.in-rotation',
  'command.finished',
  'rollout.finished',
  'runtime.recovered',
  'balancer.recovered',
]);

/** A step on the way to something that is told as well. */
const stepKinds: ReadonlySet<EventKind> = new Set<EventKind>([
  'progress',
  'replica.created',
  'replica.started',
  'replica.healthy',
  'replica.draining',
  'replica.drained',
  'replica.stopped',
]);

export function isStep({ kind }: Pick<StackEvent, 'kind'>): boolean {
  return stepKinds.has(kind);
}

export function toneOfEvent({ kind }: Pick<StackEvent, 'kind'>): Tone {
  if (badKinds.has(kind)) return 'bad';
  if (kind === 'warning' || kind === 'rollout.paused') return 'doubtful';
  return goodKinds.has(kind) ? 'good' : 'quiet';
}

/** `replica.in-rotation` → `in rotation`. */
export function eventWord(kind: string): string {
  if (kind === 'command.started') return 'asked for';
  if (kind === 'command.finished') return 'done';
  // What it did stands in its sentence.
  if (kind.startsWith('autoscale.')) return 'autoscaler';
  return kind.replace(/^(replica|command)\./, '').replaceAll(/[.-]/g, ' ');
}

/** Replicas that do what they are there for: in rotation, or up where nothing is balanced. */
export function servingReplicas(service: ServiceStatus): number {
  return service.listeners.length > 0 ? service.inRotation : service.running;
}

export function toneOfService(service: ServiceStatus): Tone {
  const serving = servingReplicas(service);
  if (service.desired === 0) return 'quiet';
  if (isFinished(service)) return 'quiet';
  if (serving === 0) return 'bad';
  return serving < service.desired ? 'doubtful' : 'good';
}

/** It ran to its end, as a migration does. */
export function isFinished({ replicas }: ServiceStatus): boolean {
  return replicas.length > 0 && replicas.every(({ state }) => state === 'completed');
}

/** How many replicas are in which state, most telling first. */
export function countStates(replicas: readonly ReplicaStatus[]): readonly (readonly [string, number])[] {
  const counts = new Map<ReplicaStatus['state'], number>();
  for (const { state } of replicas) counts.set(state, (counts.get(state) ?? 0) + 1);
  const rank: Record<Tone, number> = { bad: 0, doubtful: 1, good: 2, quiet: 3 };
  return [...counts].sort(([a], [b]) => rank[toneOfState(a)] - rank[toneOfState(b)]);
}

/** Those that need a look first, then by index. */
export function byUrgency(a: ReplicaStatus, b: ReplicaStatus): number {
  const rank: Record<Tone, number> = { bad: 0, doubtful: 1, good: 2, quiet: 2 };
  return rank[toneOfState(a.state)] - rank[toneOfState(b.state)] || a.index - b.index;
}

/** Where the service can be reached from outside. */
export function addressesOf(
  service: ServiceStatus,
): readonly { readonly text: string; readonly isLink: boolean }[] {
  const listeners = service.listeners
    .filter(({ exposure }) => exposure === 'published')
    .map((listener) => ({
      text: `${listenerScheme(listener)}://${hostName(listener.hostIp)}:${listener.port}`,
      isLink: listener.protocol === 'http',
    }));
  const direct = service.replicas.flatMap(({ published }) =>
    published.map(({ protocol, hostIp, port }) => ({
      text: `${protocol}://${hostName(hostIp)}:${port}`,
      isLink: false,
    })),
  );
  return [...new Map([...listeners, ...direct].map((address) => [address.text, address])).values()];
}

function hostName(hostIp: string): string {
  if (hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::') return 'localhost';
  return hostIp.includes(':') ? `[${hostIp}]` : hostIp;
}
