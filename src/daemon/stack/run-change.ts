import { randomUUID } from 'node:crypto';
import { beginRollouts, type RolloutOptions } from '../rollout/begin-rollouts.ts';
import { keepingAutoscaled } from '../autoscale/replica-counts.ts';
import type { StackSession } from './stack-session.ts';
import { touchedServices } from './transitions.ts';
import type { ChangeReport, Requester } from '../control-api.ts';
import type { ChangeUnderWay, Desired } from '../../controller/desired.ts';
import type { Pass } from '../../controller/pass.ts';
import { isRunning } from '../../controller/observed.ts';
import { trafficBetween } from '../../controller/observe/traffic-ledger.ts';
import { copyError, type TenfoldError } from '../../shared/errors.ts';

export interface Change {
  readonly command: string;
  readonly requester: Requester;
  /** What the desired state was; what a failed change goes back to, unless `isReversible` is false. */
  readonly before: Desired | undefined;
  readonly after: Desired;
  /** Services whose progress decides, beside those whose desired state changed. */
  readonly services: Iterable<string>;
  readonly isReversible: boolean;
  readonly warnings: readonly string[];
  readonly rollouts?: RolloutOptions;
}

/** Longest time that undoing a failed change may take before its failure is reported as it stands. */
const undoTimeoutMs = 120_000;

/**
 * Carries a change out: stores it with what its undoing needs, waits until the controller has brought it about, and
 * reports it with the balancer's own counts. When it fails for good the controller undoes it, and the failure is thrown,
 * with the replica's last words. A rollout that was halted by its failure is thrown as it stands.
 */
export async function runChange(
  session: StackSession,
  change: Change,
  signal: AbortSignal,
): Promise<ChangeReport> {
  const { controller } = session;
  const { command, before, requester } = change;
  const begun = Date.now();
  const touched = new Set([...touchedServices(before, change.after), ...change.services]);
  // The counts of the last pass may be seconds old: what was served since then is not this change's.
  if (before !== undefined) await controller.until(() => true, signal);
  const trafficBefore = controller.ledger.totals(touched);
  const countsBefore = controller.last === undefined ? undefined : servingCounts(controller.last, touched);
  session.record({ kind: 'command.started', message: `${requester.commandLine} (by ${requester.user})` });
  const after = withChange(change, touched, begun);
  const { id } = after.change;
  // From before it is stored: the pass that begins the operations may be over before anybody waits for one.
  let hasChanged = false;
  const watching = new AbortController();
  const watched = controller.until((pass) => {
    hasChanged ||= controller.desired.change?.id === id && pass.plan.operations.length > 0;
    return false;
  }, watching.signal);
  watched.catch(() => undefined);
  let failedAt: number | undefined;
  try {
    await session.amend((now) => keepingAutoscaled(after, before, now));
    for (const { service, message } of rolloutNews(after, before))
      session.record({ kind: 'rollout.started', service, message });
    const last = await controller.until((pass) => {
      hasChanged ||= pass.plan.operations.length > 0;
      if (controller.desired.change?.id !== id) return true;
      if (session.failureOf(id) === undefined) return false;
      failedAt ??= Date.now();
      return isHalted(controller.desired) || Date.now() - failedAt > undoTimeoutMs;
    }, signal);
    const failure = session.failureOf(id);
    if (failure !== undefined) throw withOutcome(failure, change, controller.desired, id);
    const countsAfter = servingCounts(last, touched);
    const report: ChangeReport = {
      command,
      stack: session.name,
      durationMs: Date.now() - begun,
      hasChanged,
      services: [...touched].sort().map((service) => ({
        service,
        before: countsBefore?.get(service) ?? 0,
        after: countsAfter.get(service) ?? 0,
      })),
      traffic: trafficBetween(trafficBefore, controller.ledger.totals(touched)),
      rollouts: rolloutReports(after, controller.desired),
      warnings: change.warnings,
    };
    session.record({
      kind: 'command.finished',
      message: `${command} took ${((Date.now() - begun) / 1000).toFixed(1)} s`,
    });
    return report;
  } finally {
    watching.abort();
    session.forgetChange(id);
  }
}

/** The state that the command wants, with the rollouts that lead there and the change itself. */
function withChange(
  { command, requester, before, after, isReversible, rollouts }: Change,
  touched: ReadonlySet<string>,
  now: number,
): Desired & { readonly change: ChangeUnderWay } {
  const change: ChangeUnderWay = {
    id: randomUUID(),
    command,
    user: requester.user,
    commandLine: requester.commandLine,
    startedAt: now,
    services: [...touched],
    before: isReversible ? wayBack(before, after) : undefined,
  };
  return { ...beginRollouts(before, after, change, rollouts), change };
}

/** Where a change is that had nothing before it, going back means that all of it is taken down. */
function wayBack(before: Desired | undefined, after: Desired): Omit<Desired, 'change'> {
  if (before !== undefined) {
    const { change: _change, ...rest } = before;
    return rest;
  }
  const absent = Object.entries(after.services).map(
    ([name, service]) => [name, { ...service, phase: 'absent' as const }] as const,
  );
  return { ...after, services: Object.fromEntries(absent), teardown: { removeVolumes: false } };
}

function isHalted({ services }: Desired): boolean {
  return Object.values(services).some(({ rollout }) => rollout?.pause?.by === 'failure');
}

/** The failure of a change, with what has become of it. */
function withOutcome(error: TenfoldError, change: Change, now: Desired, id: string): TenfoldError {
  if (isHalted(now)) return error;
  if (now.change?.id === id)
    return copyError(error, { message: `${error.message}; undoing the change is still under way` });
  if (!change.isReversible) return error;
  const isGone = change.before === undefined;
  return copyError(error, {
    details: [
      ...error.details,
      isGone ? 'the change was undone: what it had started is removed' : 'the change was undone',
    ],
    // What was removed has no log any more; its last words stand above.
    ...(isGone && error.code === 'replica-failed' && { hint: 'mend it and bring it up again' }),
  });
}

function rolloutNews(
  { services }: Desired,
  before: Desired | undefined,
): readonly { readonly service: string; readonly message: string }[] {
  return Object.entries(services).flatMap(([service, { rollout }]) => {
    if (rollout === undefined || rollout === before?.services[service]?.rollout) return [];
    const { strategy, from, to } = rollout;
    return [{ service, message: `${strategy}: revision ${from.slice(0, 7)} → ${to.slice(0, 7)}` }];
  });
}

function rolloutReports(after: Desired, now: Desired): NonNullable<ChangeReport['rollouts']> {
  return Object.entries(after.services).flatMap(([service, { rollout }]) => {
    const record = now.services[service]?.revisions?.find(({ number }) => number === rollout?.number);
    if (rollout === undefined || record === undefined || rollout.startedAt !== after.change?.startedAt)
      return [];
    const { number, strategy, from, to } = rollout;
    return [{ service, number, strategy, from, to, outcome: record.outcome }];
  });
}

function servingCounts({ observed }: Pass, services: ReadonlySet<string>): ReadonlyMap<string, number> {
  return new Map(
    [...services].map((name) => [name, (observed.byService.get(name) ?? []).filter(isRunning).length]),
  );
}
