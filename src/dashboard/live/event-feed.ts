import type { StackEvent } from '../../daemon/control-api.ts';
import type { Journal } from '../../daemon/state/journal.ts';
import type { Cursor } from './cursor.ts';

/** What a page that comes for the first time is told of the past. */
const pastMs = 24 * 60 * 60_000;
const maxPastEvents = 500;

/** Hands on the newest events that the page has not seen, all at once, then each one that happens. */
export async function feedEvents(
  journal: Pick<Journal, 'read' | 'subscribe'>,
  isWanted: (event: StackEvent) => boolean,
  cursor: Cursor | undefined,
  onEvents: (events: readonly StackEvent[]) => void,
  { signal, now }: { readonly signal: AbortSignal; readonly now: number },
): Promise<void> {
  const meanwhile: StackEvent[] = [];
  let isCaughtUp = false;
  const unsubscribe = journal.subscribe((event) => {
    if (!isWanted(event)) return;
    if (isCaughtUp) onEvents([event]);
    else meanwhile.push(event);
  });
  signal.addEventListener('abort', unsubscribe, { once: true });
  const past: StackEvent[] = [];
  let seen = cursor?.eventCount ?? 0;
  for await (const event of journal.read(cursor?.eventTime ?? now - pastMs)) {
    if (signal.aborted) return;
    if (!isWanted(event)) continue;
    if (event.time === cursor?.eventTime && seen > 0) {
      seen -= 1;
      continue;
    }
    past.push(event);
    if (past.length > maxPastEvents) past.shift();
  }
  // What was written while the journal was read may be in it and among those that were heard.
  const read = new Set(past.slice(-meanwhile.length - 1).map((event) => JSON.stringify(event)));
  const missed = meanwhile.filter((event) => !read.has(JSON.stringify(event)));
  onEvents([...past, ...missed]);
  isCaughtUp = true;
}
