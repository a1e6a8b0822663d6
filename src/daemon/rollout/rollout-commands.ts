import { abortRollouts, pauseRollouts, promoteRollouts, resumeRollouts, undoRevisions } from './steer.ts';
import { refuseDuringRollout } from './refuse-during-rollout.ts';
import { beginRollouts } from './begin-rollouts.ts';
import { dryRun, type Outcome } from '../stack/dry-run.ts';
import { runChange } from '../stack/run-change.ts';
import type { StackSession } from '../stack/stack-session.ts';
import { touchedServices } from '../stack/transitions.ts';
import type { ChangeReport } from '../control-api.ts';
import type { RolloutRequest } from '../rollout-api.ts';
import type { Desired } from '../../controller/desired.ts';
import { noTraffic } from '../../controller/observe/traffic-ledger.ts';
import { TenfoldError } from '../../shared/errors.ts';

/** Longest time that an aborted change is waited for. */
const abortTimeoutMs = 120_000;

/**
 * Says something to the rollouts that are under way, whatever command waits for them. Throws `no-rollout`. What is aborted
 * is waited for until it is undone.
 */
export async function steerRollouts(
  session: StackSession,
  {
    action,
    services,
    isWhole,
    requester,
  }: RolloutRequest & { readonly action: Exclude<RolloutRequest['action'], 'undo'> },
  signal: AbortSignal,
): Promise<ChangeReport> {
  const { controller } = session;
  const begun = Date.now();
  const { user, commandLine } = requester;
  const next = (desired: Desired): Desired => {
    switch (action) {
      case 'pause':
        return pauseRollouts(desired, services, user, begun);
      case 'resume':
        return resumeRollouts(desired, services);
      case 'promote':
        return promoteRollouts(desired, services, isWhole ?? false, begun);
      case 'abort':
        return abortRollouts(desired, services, user, begun);
    }
  };
  const { change } = controller.desired;
  const touched = touchedServices(controller.desired, next(controller.desired));
  await session.amend(next);
  session.record({ kind: 'command.started', message: `${commandLine} (by ${user})` });
  if (action === 'abort' && change !== undefined) {
    session.fail(change.id, new TenfoldError('rollout-aborted', `${change.command} was aborted by ${user}`));
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(abortTimeoutMs)]);
    await controller.until(() => controller.desired.change?.id !== change.id, deadline);
  }
  session.record({ kind: 'command.finished', message: `rollout ${action}: ${[...touched].join(', ')}` });
  const counts = [...touched].sort().map((service) => {
    const count = controller.desired.services[service]?.replicas ?? 0;
    return { service, before: count, after: count };
  });
  return {
    command: `rollout ${action}`,
    stack: session.name,
    durationMs: Date.now() - begun,
    hasChanged: true,
    services: counts,
    traffic: noTraffic,
    warnings: [],
  };
}

/** Goes back to a revision that ran before; at once where its replicas are still kept. Throws `no-rollout`, `rollout-in-progress`. */
export async function undo(
  session: StackSession,
  { services, to, requester, isDryRun }: RolloutRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  const { controller } = session;
  const before = controller.desired;
  refuseDuringRollout(before, 'undo');
  const after = undoRevisions(before, services, to);
  const rollouts = { isRollback: true };
  if (isDryRun === true) {
    const { observed } = controller.last ?? (await controller.until(() => true, signal));
    const change = { user: requester.user, commandLine: requester.commandLine, startedAt: Date.now() };
    return dryRun(beginRollouts(before, after, change, rollouts), observed);
  }
  const report = await runChange(
    session,
    {
      command: 'rollout undo',
      requester,
      before,
      after,
      services: touchedServices(before, after),
      isReversible: true,
      warnings: ['the file still says otherwise: the next tenfold up brings back what it says'],
      rollouts,
    },
    signal,
  );
  return { type: 'report', report };
}
