import { addVerbGroup, type Program } from '../verb.ts';
import { addRolloutHistory } from './history.ts';
import { addRolloutStatus } from './status.ts';
import {
  addRolloutAbort,
  addRolloutPause,
  addRolloutPromote,
  addRolloutResume,
  addRolloutUndo,
} from './steer.ts';

export function addRollout(program: Program): void {
  const group = { name: 'rollout', summary: 'see and steer how services move to another revision' };
  addVerbGroup(program, group, [
    addRolloutStatus,
    addRolloutPause,
    addRolloutResume,
    addRolloutPromote,
    addRolloutAbort,
    addRolloutUndo,
    addRolloutHistory,
  ]);
}
