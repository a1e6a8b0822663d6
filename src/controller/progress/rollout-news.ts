import type { Change } from '../changes.ts';
import type { RolloutPolicy } from '../../model/rollout.ts';
import { hookNames } from '../../rollout/hooks.ts';
import { shareAt } from '../../rollout/placement.ts';
import type { Rollout } from '../../rollout/rollout.ts';

/** What the journal says of the step from one state of a rollout to the next. */
export function rolloutNews(
  service: string,
  before: Rollout,
  after: Rollout,
  policy: RolloutPolicy,
): readonly Change[] {
  const news: Change[] = [];
  const say = (kind: Change['kind'], message: string): void => {
    news.push({ kind, service, message });
  };
  for (const { instance, reason } of after.failures.slice(before.failures.length))
    say('rollout.step', `${instance} failed: ${reason}`);
  if (after.phase !== before.phase || after.step !== before.step) {
    const words = phaseWords(after, policy);
    if (words !== undefined) say('rollout.step', words);
  }
  if (after.hook !== undefined && before.hook === undefined)
    say('rollout.step', `${hookNames[after.hook]} runs`);
  if (before.hook !== undefined && after.hook === undefined)
    say('rollout.step', `${hookNames[before.hook]} has passed`);
  return news;
}

function phaseWords({ phase, step, verdict }: Rollout, policy: RolloutPolicy): string | undefined {
  const remark = verdict === undefined ? '' : `; ${verdict}`;
  switch (phase) {
    case 'testing':
      return 'the new set is healthy and is tested';
    case 'switched':
      return 'all requests go to the new set';
    case 'keeping':
      return `the old set is kept for ${(policy.keepMs / 1000).toFixed(0)} s${remark}`;
    case 'observing':
      return `${(shareAt(policy, step) * 100).toFixed(0)} % of the requests go to the new revision${remark}`;
    case 'replacing':
    case 'starting':
      return undefined;
  }
}
