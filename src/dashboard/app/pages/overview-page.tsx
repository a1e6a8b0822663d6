import type { JSX } from 'preact';
import type { StackStatus } from '../../../daemon/control-api.ts';
import { plural } from '../../view/format.ts';
import { isStep, servingReplicas, toneOfService } from '../../view/states.ts';
import { troublesOf, type Trouble } from '../../view/troubles.ts';
import { usePage } from '../page-context.ts';
import { EventList } from '../parts/event-list.tsx';
import { ServiceTable } from '../parts/service-table.tsx';
import { Toned } from '../parts/tone.tsx';
import { TroubleList } from '../parts/trouble-list.tsx';
import { hrefOf } from '../router.ts';
import { Waiting } from './missing.tsx';

const maxEvents = 12;

/** Every stack: what is wrong, how they stand, what happened last. */
export function OverviewPage(): JSX.Element {
  const { live, now } = usePage();
  const { stacks, events, measures } = live;
  if (stacks === undefined) return <Waiting />;
  const troubles = stacks.flatMap((stack) => troublesOf(stack, events, measures, now));
  return (
    <>
      <h1>{headline(stacks, troubles)}</h1>
      <TroubleList troubles={troubles} isStackNamed={stacks.length > 1} />
      {stacks.map((stack) => (
        <section key={stack.name} class="panel" aria-labelledby={`stack-${stack.name}`}>
          <div class="panel-head">
            <h2 id={`stack-${stack.name}`}>
              <a href={hrefOf({ page: 'stack', stack: stack.name })}>{stack.name}</a>
            </h2>
            <StackCondition stack={stack} />
            <span class="quiet path">{stack.configFiles.join(', ') || stack.workingDir}</span>
          </div>
          <ServiceTable stack={stack} measures={measures} />
        </section>
      ))}
      {stacks.length > 0 && (
        <section class="panel" aria-labelledby="events">
          <div class="panel-head">
            <h2 id="events">What happened last</h2>
            <a href={hrefOf({ page: 'events', stack: undefined })}>All events</a>
          </div>
          <EventList
            events={events.filter((event) => !isStep(event))}
            maxShown={maxEvents}
            isStackNamed={stacks.length > 1}
          />
        </section>
      )}
    </>
  );
}

export function StackCondition({ stack }: { readonly stack: StackStatus }): JSX.Element {
  if (stack.phase === 'stopped') return <Toned tone="quiet">stopped</Toned>;
  if (!stack.isSteady) return <Toned tone="doubtful">changing</Toned>;
  const isWell = stack.services.every((service) => ['good', 'quiet'].includes(toneOfService(service)));
  return <Toned tone={isWell ? 'good' : 'doubtful'}>{isWell ? 'steady' : 'steady, not whole'}</Toned>;
}

/** The one sentence for somebody who has just been woken up. */
function headline(stacks: readonly StackStatus[], troubles: readonly Trouble[]): string {
  if (stacks.length === 0) return 'No stack is up';
  const services = stacks.flatMap((stack) => stack.services);
  const serving = services.reduce((sum, service) => sum + servingReplicas(service), 0);
  const bad = troubles.filter(({ tone }) => tone === 'bad').length;
  if (bad > 0) return plural(bad, 'thing is wrong', 'things are wrong');
  if (troubles.length > 0) return plural(troubles.length, 'thing needs a look', 'things need a look');
  return `All is well: ${plural(services.length, 'service')}, ${plural(serving, 'replica')} serving`;
}
