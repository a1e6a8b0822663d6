import type { JSX } from 'preact';
import type { ServiceStatus } from '../../../daemon/control-api.ts';
import { countStates, servingReplicas, toneOfService, toneOfState } from '../../view/states.ts';
import { Toned } from './tone.tsx';

/** More than these are told as numbers: single marks would no longer be seen. */
const maxMarks = 240;
/** More are drawn smaller. */
const manyMarks = 60;

/** `3 of 4 serve`, with a mark for each replica. */
export function ReplicaStrip({ service }: { readonly service: ServiceStatus }): JSX.Element {
  const { desired, replicas } = service;
  const missing = Math.max(0, desired - replicas.length);
  const marks = [
    ...replicas.map(({ state }) => toneOfState(state)),
    ...Array<'missing'>(missing).fill('missing'),
  ];
  return (
    <div class="strip">
      <Toned tone={toneOfService(service)}>
        {servingReplicas(service)}/{desired}
      </Toned>
      {marks.length > 1 && marks.length <= maxMarks && (
        <span class={`strip-marks${marks.length > manyMarks ? ' strip-many' : ''}`} aria-hidden="true">
          {marks.map((tone, index) => (
            <i key={index} class={`cell cell-${tone}`} />
          ))}
        </span>
      )}
    </div>
  );
}

/** `2 exited, 198 in rotation`. */
export function StateCounts({ service }: { readonly service: ServiceStatus }): JSX.Element {
  const counts = countStates(service.replicas);
  if (counts.length === 0) return <span class="quiet">no replica</span>;
  return <span>{counts.map(([state, count]) => `${count} ${state}`).join(', ')}</span>;
}
