import type { Desired } from '../../controller/desired.ts';
import { isUnderWay } from '../../rollout/rollout.ts';
import { TenfoldError } from '../../shared/errors.ts';

/**
 * A stack that is on its way to another revision takes no other change: whoever undoes the one could not tell it from
 * the other. Throws `rollout-in-progress`.
 */
export function refuseDuringRollout({ services }: Desired, command: string): void {
  for (const [name, { rollout, phase }] of Object.entries(services)) {
    if (phase !== 'running' || !isUnderWay(rollout)) continue;
    const state = rollout.pause === undefined ? 'is on its way' : 'has halted on its way';
    throw new TenfoldError(
      'rollout-in-progress',
      `${name} ${state} to revision ${rollout.to.slice(0, 7)} (${rollout.strategy}), so ${command} has to wait`,
      {
        hint: 'tenfold rollout status shows how far it is; tenfold rollout promote or abort ends it; stop and down do not wait',
      },
    );
  }
}
