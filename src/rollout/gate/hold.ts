import type { GateVerdict } from './judge-revision.ts';
import type { RolloutFacts } from '../facts.ts';
import type { Rollout } from '../rollout.ts';

/** A verdict is waited for this many times `monitor` at most, from when the new revision began to serve. */
const monitorsOfPatience = 10;

/** What the old revision answered in so much time before a rollout tells how it fares and how much it is asked. */
export const memoryMs = 60_000;

/**
 * The rollout with what it has to remember of a verdict. One that would otherwise go on after `monitor` is held for the
 * gate, where enough was asked before for a verdict to come. What has passed once is not held again.
 */
export function holdForVerdict(
  rollout: Rollout,
  verdict: GateVerdict,
  { policy: { gate }, pace, trafficOf }: RolloutFacts,
  servedSince: number,
): Rollout {
  if (rollout.hasPassed) return rollout;
  if (verdict.kind === 'no-worse') return { ...rollout, hasPassed: true };
  if (rollout.heldUntil !== undefined || gate === undefined) return rollout;
  const before = trafficOf?.(rollout.from, servedSince - memoryMs, servedSince);
  if (before === undefined || before.requests < gate.minRequests) return rollout;
  return { ...rollout, heldUntil: servedSince + monitorsOfPatience * pace.monitorMs };
}

/** Whether the gate has still to say that the new revision is no worse. */
export function isHeldForVerdict({ hasPassed, heldUntil = 0 }: Rollout, now: number): boolean {
  return !hasPassed && heldUntil > now;
}
