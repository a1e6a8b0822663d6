import type { RevisionStatus, RolloutProgress, RolloutStatus } from '../rollout-api.ts';
import type { StackSession } from '../stack/stack-session.ts';
import { isBalanced } from '../../controller/balanced-targets.ts';
import type { Observed } from '../../controller/observed.ts';
import { isServing } from '../../controller/reconcile/service-view.ts';
import type { RevisionRecord } from '../../controller/revisions.ts';
import type { Service } from '../../model/service.ts';
import { hookNames } from '../../rollout/hooks.ts';
import { placementOf } from '../../rollout/placement.ts';
import type { Rollout } from '../../rollout/rollout.ts';

/** Where every service of the stack stands, and how it came there. */
export function describeRollouts(session: StackSession, observed: Observed): readonly RolloutStatus[] {
  const { desired } = session.controller;
  return Object.values(desired.stack.services).flatMap((service) => {
    const wanted = desired.services[service.name];
    if (wanted === undefined || wanted.phase === 'absent') return [];
    const { rollout, revisions = [], replicas } = wanted;
    const current = revisions.findLast(({ revision }) => revision === service.revision)?.number;
    return [
      {
        service: service.name,
        revision: service.revision,
        strategy: service.rollout.strategy,
        ...(rollout !== undefined && { rollout: describeProgress(rollout, service, replicas, observed) }),
        history: revisions.map((record) => describeRecord(record, record.number === current)),
      },
    ];
  });
}

/** How far a rollout is. */
export function describeProgress(
  rollout: Rollout,
  service: Service,
  replicas: number,
  observed: Observed,
): RolloutProgress {
  const { strategy, from, to, isRollback, phase, startedAt, phaseSince } = rollout;
  const { hook, pause, failures, verdict } = rollout;
  const view = { isBalanced: isBalanced(service) };
  const serving = (observed.byService.get(service.name) ?? []).filter((replica) => isServing(replica, view));
  const fresh = serving.filter(({ replica }) => replica.revision === to).length;
  const split = strategy === 'canary' ? placementOf(rollout, service.rollout, replicas)?.split : undefined;
  const shares = service.rollout.steps.flatMap((step) => (step.kind === 'share' ? [step.share] : []));
  const step = service.rollout.steps.slice(0, rollout.step).filter(({ kind }) => kind === 'share').length;
  return {
    strategy,
    from,
    to,
    isRollback,
    phase,
    startedAt,
    phaseSince,
    failures: failures.map(({ instance, reason }) => `${instance}: ${reason}`),
    fresh,
    stale: serving.length - fresh,
    replicas,
    ...(phase === 'keeping' && { keepUntil: phaseSince + service.rollout.keepMs }),
    ...(split !== undefined && { share: split.share, shares, step }),
    ...(pause !== undefined && { pause }),
    ...(hook !== undefined && pause === undefined && { hook: hookNames[hook] }),
    ...(verdict !== undefined && phase !== 'keeping' && { verdict }),
  };
}

function describeRecord(record: RevisionRecord, isCurrent: boolean): RevisionStatus {
  const {
    number,
    revision,
    service,
    startedAt,
    endedAt,
    user,
    command,
    outcome,
    reason,
    lastOutput,
    traffic,
  } = record;
  const { image } = service.config;
  return {
    number,
    revision,
    isCurrent,
    startedAt,
    user,
    command,
    outcome,
    ...(typeof image === 'string' && { image }),
    ...(endedAt !== undefined && { durationMs: endedAt - startedAt }),
    ...(reason !== undefined && { reason }),
    ...(lastOutput !== undefined && { lastOutput }),
    ...(traffic !== undefined && { traffic }),
  };
}
