import type { JSX } from 'preact';
import { deployAction } from '../../view/actions.ts';
import { isStep } from '../../view/states.ts';
import { troublesOf } from '../../view/troubles.ts';
import { usePage } from '../page-context.ts';
import { EventList } from '../parts/event-list.tsx';
import { RolloutPanel } from '../parts/rollout-panel.tsx';
import { ServiceTable } from '../parts/service-table.tsx';
import { TroubleList } from '../parts/trouble-list.tsx';
import { hrefOf } from '../router.ts';
import { MissingStack, Waiting } from './missing.tsx';
import { StackCondition } from './overview-page.tsx';

const maxEvents = 20;

/** One stack. */
export function StackPage({ stack: name }: { readonly stack: string }): JSX.Element {
  const { live, now, ask } = usePage();
  if (live.stacks === undefined) return <Waiting />;
  const stack = live.stacks.find((each) => each.name === name);
  if (stack === undefined) return <MissingStack stack={name} />;
  return (
    <>
      <div class="title">
        <h1>{name}</h1>
        <StackCondition stack={stack} />
        <span class="buttons">
          <button
            type="button"
            onClick={() => ask({ kind: 'action', action: deployAction(name, stack.configFiles) })}
          >
            Deploy…
          </button>
        </span>
      </div>
      <p class="quiet path">{stack.configFiles.join(', ') || stack.workingDir}</p>
      <TroubleList troubles={troublesOf(stack, live.events, live.measures, now)} isStackNamed={false} />
      <section class="panel" aria-labelledby="services">
        <div class="panel-head">
          <h2 id="services">Services</h2>
        </div>
        <ServiceTable stack={stack} measures={live.measures} />
      </section>
      {live.rollouts.map((status) =>
        status.rollout === undefined ? null : (
          <RolloutPanel key={status.service} stack={name} status={status} isNamed />
        ),
      )}
      {!stack.isSteady && (
        <section class="panel" aria-labelledby="pending">
          <div class="panel-head">
            <h2 id="pending">Under way</h2>
          </div>
          <pre tabindex={0} class="plan-text">
            {stack.pending}
          </pre>
        </section>
      )}
      <section class="panel" aria-labelledby="events">
        <div class="panel-head">
          <h2 id="events">What happened last</h2>
          <a href={hrefOf({ page: 'events', stack: name })}>All events</a>
        </div>
        <EventList events={live.events.filter((event) => !isStep(event))} maxShown={maxEvents} />
      </section>
    </>
  );
}
