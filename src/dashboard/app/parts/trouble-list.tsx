import type { JSX } from 'preact';
import { formatAge, formatTime } from '../../view/format.ts';
import { restartAction, startAction } from '../../view/actions.ts';
import type { Trouble } from '../../view/troubles.ts';
import { usePage } from '../page-context.ts';
import { hrefOf, servicePlace } from '../router.ts';
import { Mark } from './tone.tsx';

/** What is wrong, first thing on every page. */
export function TroubleList({
  troubles,
  isStackNamed,
}: {
  readonly troubles: readonly Trouble[];
  readonly isStackNamed: boolean;
}): JSX.Element | null {
  if (troubles.length === 0) return null;
  return (
    <section aria-labelledby="troubles" class="troubles">
      <h2 id="troubles" class="unseen">
        Needs a look
      </h2>
      <ul>
        {troubles.map((trouble) => (
          <li key={`${trouble.stack} ${trouble.what}`} class={`trouble trouble-${trouble.tone}`}>
            <TroubleCard trouble={trouble} isStackNamed={isStackNamed} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function TroubleCard({
  trouble,
  isStackNamed,
}: {
  readonly trouble: Trouble;
  readonly isStackNamed: boolean;
}): JSX.Element {
  const { now } = usePage();
  const { tone, stack, service, instance, what, since, doing } = trouble;
  return (
    <>
      <Mark tone={tone} />
      <p class="trouble-what">
        <strong>{what}</strong>
        {isStackNamed && <span class="quiet"> in {stack}</span>}
        {since !== undefined && (
          <span class="trouble-since">
            for {formatAge(now - since)}, since <time>{formatTime(since, now)}</time>
          </span>
        )}
      </p>
      {doing.length > 0 && <p class="trouble-doing">{doing.join(' ')}</p>}
      <p class="trouble-links">
        {service !== undefined && <a href={hrefOf(servicePlace(stack, service))}>Look at {service}</a>}
        {service !== undefined && (
          <a href={hrefOf({ page: 'logs', stack, service, instance: instance ?? '' })}>
            Logs of {instance ?? service}
          </a>
        )}
        <TroubleActions trouble={trouble} />
      </p>
    </>
  );
}

function TroubleActions({
  trouble: { stack, service, instance },
}: {
  readonly trouble: Trouble;
}): JSX.Element | null {
  const { ask, live } = usePage();
  if (service === undefined || instance === undefined) return null;
  const status = live.stacks
    ?.find(({ name }) => name === stack)
    ?.services.find(({ name }) => name === service);
  const action = status?.desired === 0 ? startAction(stack, service) : restartAction(stack, service);
  return (
    <button type="button" class="plain" onClick={() => ask({ kind: 'action', action })}>
      {action.title}…
    </button>
  );
}
