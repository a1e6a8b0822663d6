import type { JSX } from 'preact';
import { useCallback, useRef, useState } from 'preact/hooks';
import type { ChangeReport, StackEvent } from '../../../daemon/control-api.ts';
import type { Action } from '../../view/actions.ts';
import { summariseReport } from '../../view/plan-words.ts';
import { eventWord } from '../../view/states.ts';
import type { Question } from '../page-context.ts';
import { ErrorView } from './plan-view.tsx';
import { runAction, type ActionResult } from './run-action.ts';

/** A change that was asked for on this page. */
export interface Activity {
  readonly id: number;
  readonly action: Action;
  readonly latest: StackEvent | undefined;
  /** Undefined while it is under way. */
  readonly result: ActionResult<ChangeReport | undefined> | undefined;
}

export interface Activities {
  readonly all: readonly Activity[];
  readonly begin: (action: Action, user: string) => void;
  readonly dismiss: (id: number) => void;
}

/** What was asked for on this page and has not been dismissed. */
export function useActivities(): Activities {
  const [all, setAll] = useState<readonly Activity[]>([]);
  const lastId = useRef(0);
  const begin = useCallback((action: Action, user: string) => {
    const id = (lastId.current += 1);
    const update = (changes: Partial<Activity>): void =>
      setAll((known) => known.map((each) => (each.id === id ? { ...each, ...changes } : each)));
    setAll((known) => [...known, { id, action, latest: undefined, result: undefined }]);
    void runAction(action, user, (latest) => update({ latest })).then((result) => update({ result }));
  }, []);
  const dismiss = useCallback((id: number) => setAll((known) => known.filter((each) => each.id !== id)), []);
  return { all, begin, dismiss };
}

/** How each of them stands, with a way back. */
export function ActivityCards({
  activities,
  ask,
}: {
  readonly activities: Activities;
  readonly ask: (question: Question) => void;
}): JSX.Element {
  return (
    <section class="activities" aria-label="Changes asked for on this page">
      {activities.all.map((activity) => (
        <ActivityCard key={activity.id} activity={activity} ask={ask} dismiss={activities.dismiss} />
      ))}
    </section>
  );
}

function ActivityCard({
  activity: { id, action, latest, result },
  ask,
  dismiss,
}: {
  readonly activity: Activity;
  readonly ask: (question: Question) => void;
  readonly dismiss: (id: number) => void;
}): JSX.Element {
  const { undo } = action;
  const state = result === undefined ? 'running' : result.kind;
  return (
    <article class={`activity activity-${state}`} aria-labelledby={`activity-${id}`}>
      <h3 id={`activity-${id}`}>{action.title}</h3>
      {/* Begin and end are announced; the steps between are there to be looked at. */}
      <div role="status">
        {state === 'running' && <p class="activity-busy">{action.verb}: under way</p>}
        {result?.kind === 'done' && <p>{summariseReport(result.value)}</p>}
        {result?.kind === 'failed' && <ErrorView error={result.error} />}
      </div>
      {result === undefined && latest !== undefined && <p class="quiet activity-latest">{lineOf(latest)}</p>}
      {result !== undefined && (
        <p class="activity-buttons">
          {result.kind === 'done' && undo !== undefined && result.value?.hasChanged !== false && (
            <button
              type="button"
              onClick={() => {
                dismiss(id);
                ask({ kind: 'action', action: { ...undo, verb: 'Undo' } });
              }}
            >
              Undo…
            </button>
          )}
          <button type="button" onClick={() => dismiss(id)}>
            Dismiss
          </button>
        </p>
      )}
    </article>
  );
}

function lineOf({ kind, instance, service, message }: StackEvent): string {
  return [instance ?? service, eventWord(kind), message]
    .filter((word) => word !== undefined && word !== '')
    .join(' ');
}
