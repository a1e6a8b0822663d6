import type { JSX } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ActivityCards, useActivities } from './actions/activities.tsx';
import { QuestionDialog } from './actions/question-dialog.tsx';
import { LiveConnection } from './live/live-connection.ts';
import { nothingKnown, type LiveState } from './live/live-state.ts';
import { PageProvider, type Question } from './page-context.ts';
import { EventsPage } from './pages/events-page.tsx';
import { LogsPage } from './pages/logs-page.tsx';
import { OverviewPage } from './pages/overview-page.tsx';
import { ServicePage } from './pages/service-page.tsx';
import { StackPage } from './pages/stack-page.tsx';
import { ConnectionBanner } from './parts/connection-banner.tsx';
import { Header } from './parts/header.tsx';
import { stackOf, titleOf, usePlace, type Place } from './router.ts';

export function App(): JSX.Element {
  const place = usePlace();
  const live = useLive(place);
  const now = useNow(live.clockAheadMs);
  const activities = useActivities();
  const [question, setQuestion] = useState<Question | undefined>();
  const ask = useCallback((asked: Question) => setQuestion(asked), []);
  const page = useMemo(() => ({ live, now, ask }), [live, now, ask]);
  const main = useRef<HTMLElement>(null);
  const title = titleOf(place);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title}: Tenfold`;
    // A page that comes by a link begins at its heading, as a page that is loaded does.
    if (isFirst.current) isFirst.current = false;
    else main.current?.focus();
    window.scrollTo(0, 0);
  }, [title]);
  return (
    <PageProvider value={page}>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <Header place={place} />
      <ConnectionBanner connection={live.connection} />
      <main
        ref={main}
        id="main"
        tabindex={-1}
        aria-label={title}
        class={live.connection.kind === 'lost' ? 'stale' : ''}
      >
        <Page place={place} />
      </main>
      <ActivityCards activities={activities} ask={ask} />
      {question !== undefined && (
        <QuestionDialog
          key={JSON.stringify(question)}
          question={question}
          onClose={() => setQuestion(undefined)}
          onAgree={(action) => activities.begin(action, live.hello?.user ?? '')}
        />
      )}
    </PageProvider>
  );
}

function Page({ place }: { readonly place: Place }): JSX.Element {
  switch (place.page) {
    case 'overview':
      return <OverviewPage />;
    case 'stack':
      return <StackPage stack={place.stack} />;
    case 'service':
      return <ServicePage key={`${place.stack}/${place.service}`} place={place} />;
    case 'events':
      return <EventsPage stack={place.stack} />;
    case 'logs':
      return <LogsPage key={`${place.service} ${place.instance}`} place={place} />;
  }
}

/** What the daemon tells about a place; a picture of it is drawn at most once a frame. */
function useLive(place: Place): LiveState {
  const [live, setLive] = useState(nothingKnown);
  const connection = useRef<LiveConnection | undefined>(undefined);
  const newest = useRef(nothingKnown);
  useEffect(() => {
    let frame: number | undefined;
    connection.current ??= new LiveConnection((state) => {
      newest.current = state;
      frame ??= requestAnimationFrame(() => {
        frame = undefined;
        setLive(newest.current);
      });
    });
    connection.current.follow({
      stack: stackOf(place),
      service: place.page === 'service' ? place.service : undefined,
      hasLogs: place.page === 'logs',
      rangeMs: place.page === 'service' ? place.minutes * 60_000 : undefined,
    });
  }, [place]);
  return live;
}

/** The daemon's time, to the second. */
function useNow(clockAheadMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, 1_000);
    return () => clearInterval(timer);
  }, []);
  return now + clockAheadMs;
}
