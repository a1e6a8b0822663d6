import type { Change } from '../changes.ts';
import type { ChangeUnderWay, Desired, DesiredService } from '../desired.ts';
import type { Pass } from '../pass.ts';
import { settleRecord } from '../revisions.ts';
import { judge } from '../verdict.ts';
import { decideRecycling } from './recycle.ts';
import { restore } from './restore.ts';
import { rolloutFacts, type Evidence } from './rollout-facts.ts';
import { rolloutNews } from './rollout-news.ts';
import { advance } from '../../rollout/advance.ts';
import type { Advance } from '../../rollout/advance-result.ts';
import { isUnderWay, type Rollout } from '../../rollout/rollout.ts';
import type { Service } from '../../model/service.ts';
import { earliest } from '../../shared/earliest.ts';
import { TenfoldError } from '../../shared/errors.ts';

/** What a pass makes of the desired state itself: rollouts move on, and a change comes about or is undone. */
export interface Decision {
  /** The very same object when nothing is to be stored. */
  readonly desired: Desired;
  /** Something else is wanted now: what failed under the state before gets another chance. */
  readonly isNewGoal: boolean;
  readonly news: readonly Change[];
  /** What did not come about, for whoever asked for it. */
  readonly failure: DecidedFailure | undefined;
  readonly wakeAt: number | undefined;
}

export interface DecidedFailure {
  readonly error: TenfoldError;
  /** Whose last words tell more. */
  readonly replicaId: string | undefined;
}

/** Pure. What it returns has to be stored before anything acts on it. */
export function decide(desired: Desired, pass: Pass, evidence: Evidence): Decision {
  let next = desired;
  const news: Change[] = [];
  const wakeTimes: number[] = [];
  for (const service of Object.values(desired.stack.services)) {
    const rollout = desired.services[service.name]?.rollout;
    if (rollout === undefined || desired.services[service.name]?.phase !== 'running') continue;
    const step = advance(rollout, rolloutFacts(service, rollout, desired, pass, evidence));
    if (step.kind === 'failed') return fail(next, service, step, pass.observed.now, news);
    news.push(...rolloutNews(service.name, rollout, step.rollout, service.rollout));
    if (step.kind === 'on') {
      if (step.wakeAt !== undefined) wakeTimes.push(step.wakeAt);
      if (step.rollout !== rollout) next = withRollout(next, service.name, step.rollout);
    } else {
      next = withRollout(next, service.name, undefined);
    }
    const isSettled = isUnderWay(rollout) && (step.kind === 'finished' || !isUnderWay(step.rollout));
    if (!isSettled) continue;
    next = settle(next, service, step.rollout, pass.observed.now);
    const revision = `revision ${rollout.to.slice(0, 7)}`;
    const message = rollout.isRollback ? `back at ${revision}` : `now at ${revision}`;
    news.push({ kind: 'rollout.finished', service: service.name, message });
  }
  const wakeAt = earliest(wakeTimes);
  if (next !== desired) return { desired: next, isNewGoal: false, news, failure: undefined, wakeAt };
  if (desired.change === undefined) {
    // In a simulation replicas would grow old for ever.
    if (evidence.isGateOpen) return { desired, isNewGoal: false, news, failure: undefined, wakeAt };
    const recycling = decideRecycling(desired, pass.observed, evidence.metrics);
    return {
      isNewGoal: false,
      failure: undefined,
      ...recycling,
      wakeAt: earliest([wakeAt, recycling.wakeAt]),
    };
  }
  return { ...decideChange(desired, desired.change, pass), wakeAt };
}

function withRollout(desired: Desired, name: string, rollout: Rollout | undefined): Desired {
  return withService(desired, name, (service) => ({ ...service, rollout }));
}

function withService(
  desired: Desired,
  name: string,
  update: (service: DesiredService) => DesiredService,
): Desired {
  const service = desired.services[name];
  if (service === undefined) return desired;
  return { ...desired, services: { ...desired.services, [name]: update(service) } };
}

/** The rollout is done: its record says so, and what asked to be restarted with its dependency is. */
function settle(desired: Desired, { name }: Service, rollout: Rollout, now: number): Desired {
  const settled = withService(desired, name, (service) => ({
    ...service,
    revisions: rollout.isRollback
      ? (service.revisions ?? [])
      : settleRecord(service.revisions, rollout.number, { outcome: 'succeeded', endedAt: now }),
  }));
  const replacedAt = Math.max(rollout.startedAt, ...Object.values(rollout.served));
  return Object.values(desired.stack.services)
    .filter(({ dependsOn }) => dependsOn.some(({ service, restart }) => service === name && restart))
    .reduce(
      (all, dependent) =>
        withService(all, dependent.name, (service) => ({
          ...service,
          renewBefore: Math.max(service.renewBefore, replacedAt),
        })),
      settled,
    );
}

/** `failure_action`: back to what was before the change, or halt until a person says more. */
function fail(
  desired: Desired,
  service: Service,
  { rollout, reason, replicaId }: Extract<Advance, { kind: 'failed' }>,
  now: number,
  earlier: readonly Change[],
): Decision {
  const { name } = service;
  const action = (rollout.isRollback ? service.rollback : service.update).failureAction;
  const { change } = desired;
  const cause = reason.startsWith(`${name}-`) ? reason : `${name}: ${reason}`;
  const failed: Change = { kind: 'rollout.failed', service: name, message: reason };
  const error = (message: string, hint: string): DecidedFailure => ({
    error: new TenfoldError('replica-failed', message, { hint }),
    replicaId,
  });
  if (action === 'rollback' && change?.before !== undefined) {
    const back = restore(
      withRollout(desired, name, rollout),
      { ...change, before: change.before },
      { outcome: 'rolled back', reason: cause },
      now,
    );
    return {
      desired: back,
      isNewGoal: true,
      news: [...earlier, failed, { kind: 'change.undoing', message: `undoing ${change.command}` }],
      failure: error(cause, `see how it went: tenfold rollout history ${name}`),
      wakeAt: undefined,
    };
  }
  const paused = { ...rollout, pause: { since: now, by: 'failure' as const, reason } };
  const back = rollout.isRollback ? 'the way back' : 'the rollout';
  return {
    desired: withRollout(desired, name, paused),
    isNewGoal: false,
    news: [
      ...earlier,
      failed,
      { kind: 'rollout.paused', service: name, message: `${back} is paused: ${reason}` },
    ],
    failure: error(
      `${name}: ${back} is paused: ${reason}`,
      `tenfold rollout resume goes on with it, tenfold rollout abort goes back`,
    ),
    wakeAt: undefined,
  };
}

/** Whether what the command asked for has come about; undone as a whole when it will not. */
function decideChange(desired: Desired, change: ChangeUnderWay, pass: Pass): Omit<Decision, 'wakeAt'> {
  const nothing = { desired, isNewGoal: false, news: [], failure: undefined };
  const rolling = new Set(
    Object.entries(desired.services)
      .filter(([, { rollout, phase }]) => phase === 'running' && isUnderWay(rollout))
      .map(([name]) => name),
  );
  // A rollout has its own way to say that it failed, and may take long: what has come about beside it is judged once.
  const judged = change.services.filter((name) => !rolling.has(name));
  const moving = change.services.filter((name) => rolling.has(name));
  if (judged.length === 0 && moving.length > 0) return nothing;
  const others = new Set(Object.keys(desired.stack.services).filter((name) => !judged.includes(name)));
  const verdict = judge(pass, others);
  const ended: Desired = { ...desired, change: undefined };
  switch (verdict.kind) {
    case 'pending':
      return nothing;
    case 'done':
      return moving.length > 0
        ? { ...nothing, desired: { ...desired, change: { ...change, services: moving } } }
        : { ...nothing, desired: settleAll(ended, pass.observed.now) };
    case 'failed': {
      const failure = { error: verdict.error, replicaId: verdict.replicaId };
      // Undoing it came to nothing either, or there is nothing to go back to: it is left to the controller, and said.
      if (change.before === undefined) return { ...nothing, desired: ended, failure };
      const reason = verdict.error.message;
      const back = restore(
        desired,
        { ...change, before: change.before },
        { outcome: 'rolled back', reason },
        pass.observed.now,
      );
      const news: Change[] = [{ kind: 'change.undoing', message: `undoing ${change.command}` }];
      return { desired: back, isNewGoal: true, news, failure };
    }
  }
}

/** What was deployed without a rollout, because nothing ran before, is there now. */
function settleAll(desired: Desired, now: number): Desired {
  const services = Object.entries(desired.services).map(([name, service]) => {
    const open = service.revisions?.find(({ outcome }) => outcome === 'under way');
    if (open === undefined) return [name, service] as const;
    const revisions = settleRecord(service.revisions, open.number, { outcome: 'succeeded', endedAt: now });
    return [name, { ...service, revisions }] as const;
  });
  return { ...desired, services: Object.fromEntries(services) };
}
