import type { EventKind } from '../../daemon/control-api.ts';

/** An event of the journal, in the time of the run. */
export interface ProofEvent {
  /** Milliseconds from the start of the load. */
  readonly atMs: number;
  readonly kind: EventKind;
  readonly service?: string;
  readonly instance?: string;
  /** Tells two replicas of one instance apart. */
  readonly replicaId?: string;
  readonly message: string;
}

/** So many replicas from then on. */
export interface RotationStep {
  readonly atMs: number;
  readonly inRotation: number;
}

/**
 * How many copies of one replica are in each state: one, where the events say which replica they are about. Without that
 * there may be two of an instance: the successor bears the name of the replica that it replaces.
 */
interface Copies {
  created: number;
  active: number;
  unhealthy: number;
  /** Out of rotation on purpose, and still running. */
  leaving: number;
  ended: number;
}

type State = keyof Copies;

/** Moves one copy from the first of the states that has any; without one, nothing is known of it and nothing moves. */
function move(copies: Copies, from: readonly State[], to: State | undefined): void {
  const state = from.find((each) => copies[each] > 0);
  if (state === undefined) return;
  copies[state] -= 1;
  if (to !== undefined) copies[to] += 1;
}

const steps: Readonly<Partial<Record<EventKind, (copies: Copies) => void>>> = {
  'replica.created': (copies) => (copies.created += 1),
  // One that had ended is started again under its old id, and is then as good as new.
  'replica.started': (copies) => {
    if (copies.created === 0) move(copies, ['ended'], 'created');
  },
  'replica.in-rotation': (copies) => {
    move(copies, ['created', 'unhealthy', 'leaving'], undefined);
    copies.active += 1;
  },
  'replica.unhealthy': (copies) => move(copies, ['active'], 'unhealthy'),
  'replica.healthy': (copies) => {
    if (copies.created === 0) move(copies, ['unhealthy'], 'active');
  },
  'replica.draining': (copies) => move(copies, ['active', 'unhealthy'], 'leaving'),
  'replica.drained': (copies) => {
    if (copies.leaving === 0) move(copies, ['active', 'unhealthy'], 'leaving');
  },
  'replica.stopped': (copies) => move(copies, ['leaving', 'unhealthy', 'active', 'created'], 'ended'),
  'replica.exited': (copies) => move(copies, ['active', 'unhealthy', 'leaving', 'created'], 'ended'),
  'replica.removed': (copies) =>
    move(copies, ['ended', 'leaving', 'unhealthy', 'active', 'created'], undefined),
};

export interface RotationEnds {
  /** Replicas in rotation at the start, as the events name them. */
  readonly atStart: readonly string[];
  /** How many there were in the end, and when; undefined: nobody could say. */
  readonly atEnd: RotationStep | undefined;
}

/** How the replicas of a service in rotation changed: what the journal says, between what was seen at both ends. */
export function rotationCourse(
  service: string,
  { atStart, atEnd }: RotationEnds,
  events: readonly ProofEvent[],
): RotationStep[] {
  const byReplica = new Map<string, Copies>();
  const copiesOf = (replica: string): Copies => {
    const copies = byReplica.get(replica) ?? { created: 0, active: 0, unhealthy: 0, leaving: 0, ended: 0 };
    byReplica.set(replica, copies);
    return copies;
  };
  for (const replica of atStart) copiesOf(replica).active = 1;
  const course: RotationStep[] = [{ atMs: 0, inRotation: atStart.length }];
  const add = (step: RotationStep): void => {
    if (step.inRotation !== course.at(-1)?.inRotation) course.push(step);
  };
  for (const { atMs, kind, service: owner, instance, replicaId = instance } of events) {
    if (owner !== service || replicaId === undefined) continue;
    steps[kind]?.(copiesOf(replicaId));
    const inRotation = [...byReplica.values()].reduce((sum, { active }) => sum + active, 0);
    add({ atMs: Math.max(0, atMs), inRotation });
  }
  if (atEnd !== undefined) add(atEnd);
  return course;
}
