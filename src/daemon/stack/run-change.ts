import { lastWords } from './last-words.ts';
import type { StackSession } from './stack-session.ts';
import { touchedServices } from './transitions.ts';
import type { ChangeReport, Requester } from '../control-api.ts';
import type { Desired } from '../../controller/desired.ts';
import type { Pass } from '../../controller/loop.ts';
import { isRunning } from '../../controller/observed.ts';
import { trafficBetween } from '../../controller/observe/traffic-ledger.ts';
import { judge } from '../../controller/verdict.ts';
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
}

/** Longest time that undoing a failed change may take before its failure is reported as it stands. */
const undoTimeoutMs = 120_000;

/**
 * Carries a change out: stores it, waits until it has come about, and reports it with the balancer's own counts.
 * When it fails for good, the state before it is restored and the failure thrown, with the replica's last words.
 */
export async function runChange(
  session: StackSession,
  change: Change,
  signal: AbortSignal,
): Promise<ChangeReport> {
  const { controller } = session;
  const { command, before, after, requester } = change;
  const begun = Date.now();
  const touched = new Set([...touchedServices(before, after), ...change.services]);
  const others = new Set(Object.keys(after.stack.services).filter((name) => !touched.has(name)));
  // The counts of the last pass may be seconds old: what was served since then is not this change's.
  if (before !== undefined) await controller.until(() => true, signal);
  const trafficBefore = controller.ledger.totals(touched);
  const countsBefore = controller.last === undefined ? undefined : servingCounts(controller.last, touched);
  session.record({ kind: 'command.started', message: `${requester.commandLine} (by ${requester.user})` });
  await session.adoptDesired(after);
  let hasChanged = false;
  try {
    const last = await controller.until((pass) => {
      hasChanged ||= pass.plan.operations.length > 0;
      const verdict = judge(pass, others);
      if (verdict.kind === 'failed') throw new ChangeFailed(verdict.error, verdict.instance, pass);
      return verdict.kind === 'done';
    }, signal);
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
      warnings: change.warnings,
    };
    session.record({
      kind: 'command.finished',
      message: `${command} took ${((Date.now() - begun) / 1000).toFixed(1)} s`,
    });
    return report;
  } catch (thrown) {
    if (!(thrown instanceof ChangeFailed)) throw thrown;
    const error = await explain(thrown, session);
    session.record({ kind: 'command.failed', message: `${command}: ${error.message}` });
    throw change.isReversible ? await undo(session, change, error, signal) : error;
  }
}

/** Carries a verdict out of the wait, with the pass it was reached in. */
class ChangeFailed extends Error {
  override readonly name = 'ChangeFailed';
  readonly verdict: TenfoldError;
  readonly instance: string | undefined;
  readonly pass: Pass;

  constructor(verdict: TenfoldError, instance: string | undefined, pass: Pass) {
    super(verdict.message);
    this.verdict = verdict;
    this.instance = instance;
    this.pass = pass;
  }
}

async function explain(
  { verdict, instance, pass }: ChangeFailed,
  session: StackSession,
): Promise<TenfoldError> {
  const replica = pass.observed.replicas.findLast(
    (observed) => observed.replica.instance === instance,
  )?.replica;
  if (replica === undefined || verdict.details.length > 0) return verdict;
  const lines = await lastWords(replica, session);
  if (lines.length === 0) return verdict;
  const details = [`last output of ${replica.instance}:`, ...lines.map((line) => `  ${line}`)];
  return copyError(verdict, { details });
}

/** Goes back to the state before the change; the error says how that went. */
async function undo(
  session: StackSession,
  change: Change,
  error: TenfoldError,
  signal: AbortSignal,
): Promise<TenfoldError> {
  const { controller } = session;
  const absent = Object.fromEntries(
    Object.entries(change.after.services).map(([name, service]) => [
      name,
      { ...service, phase: 'absent' as const },
    ]),
  );
  const previous: Desired = change.before ?? {
    ...change.after,
    services: absent,
    teardown: { removeVolumes: false },
  };
  session.record({ kind: 'warning', message: `undoing ${change.command}` });
  await session.adoptDesired(previous);
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(undoTimeoutMs)]);
  const others = new Set(
    Object.keys(previous.stack.services).filter((name) => !touchedServices(change.after, previous).has(name)),
  );
  try {
    await controller.until((pass) => judge(pass, others).kind !== 'pending', timeout);
  } catch {
    return copyError(error, { message: `${error.message}; undoing the change is still under way` });
  }
  const isGone = previous.teardown !== undefined;
  return copyError(error, {
    details: [
      ...error.details,
      isGone ? 'the change was undone: what it had started is removed' : 'the change was undone',
    ],
    // What was removed has no log any more; its last words stand above.
    ...(isGone && error.code === 'replica-failed' && { hint: 'mend it and bring it up again' }),
  });
}

function servingCounts({ observed }: Pass, services: ReadonlySet<string>): ReadonlyMap<string, number> {
  return new Map(
    [...services].map((name) => [name, (observed.byService.get(name) ?? []).filter(isRunning).length]),
  );
}
