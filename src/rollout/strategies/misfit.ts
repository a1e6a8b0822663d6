import type { RolloutStrategy } from '../../model/rollout.ts';
import type { Service } from '../../model/service.ts';

/** Why a service cannot change by that strategy; undefined when it can. */
export function misfitOf(
  { update, listeners }: Pick<Service, 'listeners' | 'update'>,
  strategy: RolloutStrategy,
): string | undefined {
  if (strategy === 'rolling') return undefined;
  if (update.order === 'stop-first')
    return `${strategy} runs two sets beside each other, and this service can only stop before it starts anew`;
  if (listeners.length === 0)
    return `${strategy} shifts requests, and this service has no port that the balancer holds`;
  return undefined;
}
