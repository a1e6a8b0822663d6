import type { ChangeUnderWay, Desired, DesiredService } from '../desired.ts';
import { settleRecord, type RevisionOutcome } from '../revisions.ts';
import { beginRollout } from '../../rollout/rollout.ts';

/**
 * The desired state in which a change is undone: what was before it, as a whole, with a rollout back for every service
 * whose revision the change had begun to move. What the change had added goes.
 */
export function restore(
  desired: Desired,
  change: ChangeUnderWay & { readonly before: Omit<Desired, 'change'> },
  { outcome, reason }: { readonly outcome: RevisionOutcome; readonly reason: string },
  now: number,
): Desired {
  const { before } = change;
  const { before: _before, ...rest } = change;
  const names = new Set([...Object.keys(desired.services), ...Object.keys(before.services)]);
  const services = [...names].map((name): readonly [string, DesiredService] => {
    const current = desired.services[name];
    const previous = before.services[name];
    const revisions = settleUnderWay(current?.revisions ?? previous?.revisions, outcome, reason, now);
    const base: DesiredService | undefined =
      previous ?? (current === undefined ? undefined : { ...current, phase: 'absent' });
    if (base === undefined) throw new Error(`neither state has a service ${name}`);
    // The autoscaler's count follows the load, whatever revision carries it.
    const count =
      current?.source === 'autoscaler' ? { replicas: current.replicas, source: current.source } : {};
    return [name, { ...base, ...count, revisions, rollout: rolloutBack(name, desired, before, now) }];
  });
  return {
    ...before,
    // What the change had added is known for as long as it takes to remove it.
    stack: { ...before.stack, services: { ...desired.stack.services, ...before.stack.services } },
    services: Object.fromEntries(services),
    change: { ...rest, before: undefined, undoing: reason },
  };
}

function rolloutBack(
  name: string,
  desired: Desired,
  before: Omit<Desired, 'change'>,
  now: number,
): DesiredService['rollout'] {
  const from = desired.stack.services[name]?.revision;
  const to = before.stack.services[name]?.revision;
  const isRunning = before.services[name]?.phase === 'running' && desired.services[name]?.phase === 'running';
  if (from === undefined || to === undefined || from === to || !isRunning) return undefined;
  const number = desired.services[name]?.rollout?.number ?? 0;
  return beginRollout({ number, strategy: 'rolling', from, to, isRollback: true }, now);
}

function settleUnderWay(
  records: DesiredService['revisions'],
  outcome: RevisionOutcome,
  reason: string,
  now: number,
): NonNullable<DesiredService['revisions']> {
  return (records ?? []).reduce(
    (all, record) =>
      record.outcome === 'under way'
        ? settleRecord(all, record.number, { outcome, reason, endedAt: now })
        : all,
    records ?? [],
  );
}
