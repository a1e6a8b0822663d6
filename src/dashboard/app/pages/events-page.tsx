import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { plural } from '../../view/format.ts';
import { toneOfEvent } from '../../view/states.ts';
import { usePage } from '../page-context.ts';
import { EventList } from '../parts/event-list.tsx';

const maxEvents = 500;

/** What happened in the last 24 hours, of one stack or all. */
export function EventsPage({ stack }: { readonly stack: string | undefined }): JSX.Element {
  const { live } = usePage();
  const [search, setSearch] = useState('');
  const [isBadOnly, setBadOnly] = useState(false);
  const wanted = search.trim().toLowerCase();
  const found = live.events.filter(
    (event) =>
      (!isBadOnly || ['bad', 'doubtful'].includes(toneOfEvent(event))) &&
      [event.stack, event.service, event.instance, event.kind, event.message].some((text) =>
        text?.toLowerCase().includes(wanted),
      ),
  );
  return (
    <>
      <h1>Events{stack === undefined ? '' : ` of ${stack}`}</h1>
      <div class="filters">
        <label class="field">
          <span>Search</span>
          <input
            type="search"
            value={search}
            onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={isBadOnly}
            onChange={({ currentTarget }) => setBadOnly(currentTarget.checked)}
          />
          Only what went wrong
        </label>
        <span class="quiet">{plural(found.length, 'event')}</span>
      </div>
      <section class="panel" aria-label="Events, newest first">
        <EventList events={found} maxShown={maxEvents} isStackNamed={stack === undefined} />
      </section>
    </>
  );
}
