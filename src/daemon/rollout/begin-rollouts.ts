import type { ChangeUnderWay, Desired, DesiredService } from '../../controller/desired.ts';
import { serviceAt, settleRecord, withRecord, type RevisionRecord } from '../../controller/revisions.ts';
import type { RolloutStrategy } from '../../model/rollout.ts';
import { beginRollout, isUnderWay } from '../../rollout/rollout.ts';
import type { Service } from '../../model/service.ts';

export interface RolloutOptions {
  /** By service, in place of its own. */
  readonly strategies?: Readonly<Record<string, RolloutStrategy>>;
  /** It leads back to a revision that ran before: at the pace of `rollback_config`. */
  readonly isRollback?: boolean;
  /** By service: a parallelism that fits the machine. */
  readonly parallelism?: Readonly<Record<string, number>>;
}

/**
 * The state that a command wants, with a record for every revision that it deploys, and a rollout for every service that
 * runs and shall run another one. A service that is stopped is on its way nowhere. Pure.
 */
export function beginRollouts(
  before: Desired | undefined,
  after: Desired,
  change: Pick<ChangeUnderWay, 'user' | 'commandLine' | 'startedAt'>,
  options: RolloutOptions = {},
): Desired {
  const services = Object.entries(after.services).map(([name, wanted]): [string, DesiredService] => {
    const service = after.stack.services[name];
    const previous = before?.stack.services[name];
    if (service === undefined) return [name, wanted];
    if (wanted.phase !== 'running') return [name, halt(wanted, change)];
    const didRun = before?.services[name]?.phase === 'running';
    if (didRun && previous?.revision === service.revision) return [name, wanted];
    const last = wanted.revisions?.at(-1);
    const isKnown = !didRun && last?.revision === service.revision && last.outcome === 'succeeded';
    const records = isKnown
      ? wanted.revisions
      : withRecord(startOfHistory(wanted, previous), record(service, change));
    if (!didRun || previous === undefined)
      return [name, { ...wanted, ...(records && { revisions: records }), rollout: undefined }];
    const rollout = beginRollout(
      {
        number: records?.at(-1)?.number ?? 0,
        strategy:
          options.isRollback === true ? 'rolling' : (options.strategies?.[name] ?? service.rollout.strategy),
        from: previous.revision,
        to: service.revision,
        isRollback: options.isRollback === true,
        parallelism: options.parallelism?.[name],
      },
      change.startedAt,
    );
    return [name, { ...wanted, ...(records && { revisions: records }), rollout }];
  });
  const stack = withProven(before, after);
  return runOnceMore({ ...after, stack, services: Object.fromEntries(services) }, change.startedAt);
}

/** What is stopped on its way to a revision starts again with the one that it came from: the new one has proven nothing. */
function withProven(before: Desired | undefined, after: Desired): Desired['stack'] {
  const proven = Object.entries(after.services).flatMap(([name, { phase }]) => {
    const rollout = before?.services[name]?.rollout;
    if (before === undefined || phase !== 'stopped' || !isUnderWay(rollout) || rollout.isRollback) return [];
    const service = serviceAt(before, name, rollout.from);
    return service === undefined ? [] : [[name, service] as const];
  });
  if (proven.length === 0) return after.stack;
  return { ...after.stack, services: { ...after.stack.services, ...Object.fromEntries(proven) } };
}

/**
 * What a service on its way needs to complete first (a migration, say) runs again: once for the whole rollout, before
 * the first replica of the new revision. A way back runs nothing again.
 */
function runOnceMore(desired: Desired, startedAt: number): Desired {
  const needed = Object.values(desired.stack.services)
    .filter(({ name }) => {
      const rollout = desired.services[name]?.rollout;
      return rollout?.startedAt === startedAt && !rollout.isRollback;
    })
    .flatMap(({ dependsOn }) => dependsOn)
    .filter(({ condition }) => condition === 'service_completed_successfully')
    .map(({ service }) => service);
  const again = [...new Set(needed)].flatMap((name) => {
    const service = desired.services[name];
    return service?.phase === 'running' ? [[name, { ...service, activeSince: startedAt }] as const] : [];
  });
  return { ...desired, services: { ...desired.services, ...Object.fromEntries(again) } };
}

function halt(
  service: DesiredService,
  { startedAt, commandLine }: Pick<ChangeUnderWay, 'startedAt' | 'commandLine'>,
): DesiredService {
  const { rollout } = service;
  if (rollout === undefined) return service;
  const settled = { outcome: 'superseded', reason: commandLine, endedAt: startedAt } as const;
  return {
    ...service,
    rollout: undefined,
    revisions: isUnderWay(rollout)
      ? settleRecord(service.revisions, rollout.number, settled)
      : (service.revisions ?? []),
  };
}

/** The history, which for a service that an earlier version brought up begins with what runs now. */
function startOfHistory(
  { revisions, activeSince }: DesiredService,
  previous: Service | undefined,
): readonly RevisionRecord[] {
  if (revisions !== undefined && revisions.length > 0) return revisions;
  if (previous === undefined) return [];
  return withRecord([], {
    revision: previous.revision,
    service: previous,
    startedAt: activeSince,
    user: 'unknown',
    command: 'unknown',
    outcome: 'succeeded',
  });
}

function record(
  service: Service,
  { user, commandLine, startedAt }: Pick<ChangeUnderWay, 'user' | 'commandLine' | 'startedAt'>,
): Omit<RevisionRecord, 'number'> {
  return { revision: service.revision, service, startedAt, user, command: commandLine, outcome: 'under way' };
}
