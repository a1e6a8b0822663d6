import type { JSX } from 'preact';
import type { StackEvent } from '../../../daemon/control-api.ts';
import { formatTime } from '../../view/format.ts';
import { groupEvents, subjectOf, type EventGroup } from '../../view/group-events.ts';
import { eventWord, toneOfEvent } from '../../view/states.ts';
import { usePage } from '../page-context.ts';
import { Toned } from './tone.tsx';

/** Events, newest first. */
export function EventList({
  events,
  maxShown,
  isStackNamed = false,
}: {
  readonly events: readonly StackEvent[];
  readonly maxShown: number;
  readonly isStackNamed?: boolean;
}): JSX.Element {
  const { now, live } = usePage();
  if (!live.hasEvents) return <p class="quiet">Asking the daemon…</p>;
  if (events.length === 0) return <p class="quiet">Nothing has happened in the last 24 hours.</p>;
  const shown = groupEvents(events).slice(-maxShown).toReversed();
  return (
    <ol class="events">
      {shown.map((group) => {
        const { event } = group;
        const word = eventWord(event.kind);
        return (
          <li key={keyOf(group)} class="event">
            <time dateTime={new Date(event.time).toISOString()}>{formatTime(event.time, now)}</time>
            <span class="event-subject">
              {isStackNamed && <span class="quiet">{event.stack} </span>}
              {subjectOf(group)}
            </span>
            <span class="event-news">
              <Toned tone={toneOfEvent(event)}>
                {word}
                {event.message !== '' && <span class="event-message">: {event.message}</span>}
              </Toned>
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function keyOf({ event: { time, kind, stack, instance, service, message } }: EventGroup): string {
  return `${time} ${stack} ${kind} ${instance ?? service ?? ''} ${message}`;
}
