import type { RolloutProgress } from '../../daemon/rollout-api.ts';
import { formatAge, formatShare } from './format.ts';
import type { Tone } from './states.ts';

/** Where a rollout is, in a few words. */
export function phaseOf(
  rollout: RolloutProgress,
  now: number,
): { readonly tone: Tone; readonly text: string } {
  const { phase, pause, isRollback, share, step = 0, shares, keepUntil } = rollout;
  if (pause !== undefined) {
    const since = formatAge(now - pause.since);
    return pause.by === 'failure'
      ? { tone: 'bad', text: `halted by a failure for ${since}` }
      : { tone: 'doubtful', text: `paused for ${since}` };
  }
  if (isRollback) return { tone: 'doubtful', text: 'going back' };
  switch (phase) {
    case 'replacing':
      return { tone: 'doubtful', text: 'replacing replicas' };
    case 'starting':
      return { tone: 'doubtful', text: 'starting the new set' };
    case 'testing':
      return { tone: 'doubtful', text: 'testing the new set' };
    case 'switched':
      return { tone: 'doubtful', text: 'switched over, being watched; the old set stands by' };
    case 'observing':
      return {
        tone: 'doubtful',
        text: `${formatShare(share ?? 0)} of the requests, step ${step + 1} of ${shares?.length ?? 1}`,
      };
    case 'keeping':
      return {
        tone: 'good',
        text: `done; the old set is kept for another ${formatAge((keepUntil ?? now) - now)}`,
      };
  }
}

/** What may be said to a rollout as it stands. */
export function verbsOf({
  phase,
  pause,
  isRollback,
}: RolloutProgress): readonly ('pause' | 'resume' | 'promote' | 'abort')[] {
  if (phase === 'keeping') return [];
  if (isRollback) return pause === undefined ? ['pause'] : ['resume'];
  const steps = phase === 'observing' || phase === 'switched' ? (['promote'] as const) : [];
  return [pause === undefined ? 'pause' : 'resume', ...steps, 'abort'];
}
