import type { EventKind } from '../../daemon/control-api.ts';

/** An event of the journal, in the time of the run. */
export interface ProofEvent {
  /** Milliseconds from the start of the load. */
  readonly atMs: number;
  readonly kind: EventKind;
  readonly service?: string;
  readonly instance?: string;
  readonly message: string;
}

/** So many replicas from then on. */
export interface RotationStep {
  readonly atMs: number;
  readonly inRotation: number;
}

const leavingKinds: ReadonlySet<EventKind> = new Set<EventKind>([
  'replica.draining',
  'replica.drained',
  'replica.stopped',
  'replica.exited',
  'replica.removed',
]);
const endOfIllnessKinds: ReadonlySet<EventKind> = new Set<EventKind>([
  ...leavingKinds,
  'replica.in-rotation',
  'replica.healthy',
]);

/** How the replicas of a service in rotation changed: what the journal says, from those that were there at the start. */
export function rotationCourse(
  service: string,
  inRotationAtStart: readonly string[],
  events: readonly ProofEvent[],
): RotationStep[] {
  const active = new Set(inRotationAtStart);
  const unhealthy = new Set<string>();
  const steps: RotationStep[] = [{ atMs: 0, inRotation: active.size }];
  for (const { atMs, kind, service: owner, instance } of events) {
    if (owner !== service || instance === undefined) continue;
    if (kind === 'replica.in-rotation') active.add(instance);
    if (leavingKinds.has(kind)) active.delete(instance);
    if (kind === 'replica.unhealthy') unhealthy.add(instance);
    else if (endOfIllnessKinds.has(kind)) unhealthy.delete(instance);
    const inRotation = [...active].filter((each) => !unhealthy.has(each)).length;
    if (inRotation !== steps.at(-1)?.inRotation) steps.push({ atMs: Math.max(0, atMs), inRotation });
  }
  return steps;
}
