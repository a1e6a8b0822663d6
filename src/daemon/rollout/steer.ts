import type { Desired, DesiredService } from '../../controller/desired.ts';
import { restore } from '../../controller/progress/restore.ts';
import type { RevisionRecord } from '../../controller/revisions.ts';
import type { Service } from '../../model/service.ts';
import { shareAt } from '../../rollout/placement.ts';
import { promoted } from '../../rollout/strategies/canary.ts';
import { isUnderWay, type Rollout } from '../../rollout/rollout.ts';
import { TenfoldError } from '../../shared/errors.ts';

/*
 * What a person says to rollouts: pure transitions of the desired state. Each throws `no-rollout` where nothing is in
 * the state that it is meant for, and `unknown-service`.
 */

export function pauseRollouts(
  desired: Desired,
  services: readonly string[] | undefined,
  user: string,
  now: number,
): Desired {
  return steer(desired, services, 'to pause', ({ rollout }) => {
    if (!isUnderWay(rollout) || rollout.pause !== undefined) return undefined;
    return { ...rollout, pause: { since: now, by: 'person', reason: `by ${user}` } };
  });
}

/** Goes on; what had failed is given another chance. */
export function resumeRollouts(desired: Desired, services: readonly string[] | undefined): Desired {
  return steer(desired, services, 'that is paused', ({ rollout }) => {
    if (!isUnderWay(rollout) || rollout.pause === undefined) return undefined;
    return { ...rollout, pause: undefined, failures: [], served: {} };
  });
}

/** Takes a canary to its next share, or with `isWhole` to the last; a tested set into traffic; a kept set away; past a verdict that is waited for. */
export function promoteRollouts(
  desired: Desired,
  services: readonly string[] | undefined,
  isWhole: boolean,
  now: number,
): Desired {
  return steer(desired, services, 'to promote', ({ rollout }, service) => {
    if (rollout === undefined) return undefined;
    const freed: Rollout = { ...rollout, pause: undefined, failures: [] };
    if (rollout.strategy === 'canary') return promoteCanary(freed, service, isWhole, now);
    // Whoever promotes it vouches for it.
    if (rollout.phase === 'testing') return { ...passed(freed), phase: 'switched', phaseSince: now };
    if (rollout.phase === 'keeping') return 'finished';
    return rollout.heldUntil === undefined || rollout.hasPassed ? undefined : { ...freed, hasPassed: true };
  });
}

function passed(rollout: Rollout): Rollout {
  const { hook: _hook, ...rest } = rollout;
  return { ...rest, hooksPassed: [...(rollout.hooksPassed ?? []), 'beforeSwitch'] };
}

function promoteCanary(
  rollout: Rollout,
  service: Service,
  isWhole: boolean,
  now: number,
): Rollout | undefined {
  const policy = service.rollout;
  if (shareAt(policy, rollout.step) >= 1) return undefined;
  return promoted(isWhole ? { ...rollout, step: policy.steps.length - 2 } : rollout, policy, now);
}

/** Back to what was before the change that began the rollout, as a whole. */
export function abortRollouts(
  desired: Desired,
  services: readonly string[] | undefined,
  user: string,
  now: number,
): Desired {
  const { change } = desired;
  const rolling = named(desired, services).filter(
    ([, { rollout }]) => isUnderWay(rollout) && !rollout.isRollback,
  );
  if (rolling.length === 0 || change?.before === undefined) throw nothing(desired, 'to abort');
  return restore(
    desired,
    { ...change, before: change.before },
    { outcome: 'aborted', reason: `aborted by ${user}` },
    now,
  );
}

/**
 * The services at a revision that ran before: the named one, else the last one that succeeded before the present one.
 * How they get there is for whoever carries it out.
 */
export function undoRevisions(
  desired: Desired,
  services: readonly string[] | undefined,
  to: string | undefined,
): Desired {
  const targets = named(desired, services).flatMap(
    ([name, wanted]): (readonly [string, RevisionRecord])[] => {
      const current = desired.stack.services[name]?.revision;
      const found = wanted.phase === 'running' ? recordOf(wanted, current, to) : undefined;
      return found === undefined ? [] : [[name, found]];
    },
  );
  if (targets.length === 0) {
    throw new TenfoldError(
      'no-rollout',
      to === undefined
        ? 'no service has another revision that ran before'
        : `no service has another revision ${to} in its history`,
      { hint: 'tenfold rollout history lists the revisions that are remembered' },
    );
  }
  const before = { ...desired.stack.services };
  const states = { ...desired.services };
  for (const [name, { service }] of targets) {
    before[name] = service;
    const state = states[name];
    // What was given by hand for the revision that is left goes with it.
    if (state !== undefined && state.imageOverride?.image !== service.config['image'])
      states[name] = { ...state, imageOverride: undefined };
  }
  return { ...desired, stack: { ...desired.stack, services: before }, services: states };
}

function recordOf(
  { revisions = [] }: DesiredService,
  current: string | undefined,
  to: string | undefined,
): RevisionRecord | undefined {
  const others = revisions.filter(({ revision }) => revision !== current);
  if (to === undefined) {
    const at = revisions.findLastIndex(({ revision }) => revision === current);
    const earlier = revisions.slice(0, Math.max(0, at)).filter(({ revision }) => revision !== current);
    return (at === -1 ? others : earlier).findLast(({ outcome }) => outcome === 'succeeded');
  }
  const number = /^#?(\d{1,6})$/.exec(to)?.[1];
  return (
    others.find((record) => number !== undefined && record.number === Number(number)) ??
    others.findLast(({ revision }) => revision.startsWith(to))
  );
}

function steer(
  desired: Desired,
  services: readonly string[] | undefined,
  purpose: string,
  update: (wanted: DesiredService, service: Service) => Rollout | 'finished' | undefined,
): Desired {
  const changed = named(desired, services).flatMap(
    ([name, wanted]): (readonly [string, DesiredService])[] => {
      const service = desired.stack.services[name];
      const rollout = service === undefined ? undefined : update(wanted, service);
      if (rollout === undefined) return [];
      return [[name, { ...wanted, rollout: rollout === 'finished' ? undefined : rollout }]];
    },
  );
  if (changed.length === 0) throw nothing(desired, purpose);
  return { ...desired, services: { ...desired.services, ...Object.fromEntries(changed) } };
}

function named(
  { stack, services }: Desired,
  names: readonly string[] | undefined,
): readonly (readonly [string, DesiredService])[] {
  for (const name of names ?? []) {
    if (services[name] !== undefined) continue;
    throw new TenfoldError('unknown-service', `the stack ${stack.name} has no service ${name}`, {
      expected: `one of ${Object.keys(services).join(', ')}`,
      got: name,
    });
  }
  return Object.entries(services).filter(([name]) => names === undefined || names.includes(name));
}

function nothing({ stack, services }: Desired, purpose: string): TenfoldError {
  const rollouts = Object.entries(services).flatMap(([name, { rollout }]) =>
    rollout === undefined ? [] : [`${name}: ${stateWords(rollout)}`],
  );
  return new TenfoldError('no-rollout', `the stack ${stack.name} has no rollout ${purpose}`, {
    got: rollouts.length === 0 ? 'none is under way' : rollouts.join(', '),
    hint: 'tenfold rollout status shows where each service stands',
  });
}

function stateWords({ strategy, phase, pause, isRollback }: Rollout): string {
  const words = [strategy, isRollback ? 'on its way back' : phase];
  return [...words, ...(pause === undefined ? [] : ['paused'])].join(', ');
}
