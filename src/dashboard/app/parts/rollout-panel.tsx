import type { JSX } from 'preact';
import type { RevisionStatus, RolloutProgress, RolloutStatus } from '../../../daemon/rollout-api.ts';
import { rolloutAction, undoAction } from '../../view/actions.ts';
import {
  formatAge,
  formatCount,
  formatDuration,
  formatShare,
  formatTime,
  shortRevision,
} from '../../view/format.ts';
import { phaseOf, verbsOf } from '../../view/rollout-words.ts';
import type { Tone } from '../../view/states.ts';
import { usePage } from '../page-context.ts';
import { Table } from './table.tsx';
import { Toned } from './tone.tsx';

const maxRevisions = 8;

/** The way from one revision to the next as it is gone, and how the service came where it is. */
export function RolloutPanel({
  stack,
  status,
  isNamed = false,
}: {
  readonly stack: string;
  readonly status: RolloutStatus;
  /** Whether the heading says of which service it is. */
  readonly isNamed?: boolean;
}): JSX.Element | null {
  const { ask } = usePage();
  const { service, rollout, history } = status;
  if (rollout === undefined && history.length === 0) return null;
  const id = `rollout-${service}`;
  const canUndo = history.length > 1 && (rollout === undefined || rollout.phase === 'keeping');
  return (
    <section class="panel" aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{rollout === undefined ? 'Revisions' : `Rollout${isNamed ? ` of ${service}` : ''}`}</h2>
        <span class="rollout-buttons">
          {rollout !== undefined &&
            verbsOf(rollout).map((verb) => {
              const action = rolloutAction(stack, service, verb);
              return (
                <button
                  type="button"
                  class="small"
                  key={verb}
                  onClick={() => ask({ kind: 'action', action })}
                >
                  {action.verb}…
                </button>
              );
            })}
          {canUndo && (
            <button
              type="button"
              class="small"
              onClick={() => ask({ kind: 'action', action: undoAction(stack, service) })}
            >
              Undo…
            </button>
          )}
        </span>
      </div>
      {rollout !== undefined && <Progress rollout={rollout} />}
      {!isNamed && <History service={service} history={history} />}
    </section>
  );
}

function Progress({ rollout }: { readonly rollout: RolloutProgress }): JSX.Element {
  const { now } = usePage();
  const { strategy, from, to, fresh, stale, replicas, startedAt, verdict, failures, pause } = rollout;
  const { tone, text } = phaseOf(rollout, now);
  const whole = Math.max(replicas, fresh + stale, 1);
  return (
    <>
      <p class="facts rollout-facts">
        <Toned tone={tone}>{text}</Toned>
        <span class="mono">
          {shortRevision(from)} → {shortRevision(to)}
        </span>
        <span class="quiet">
          {strategy}, begun {formatAge(now - startedAt)} ago
        </span>
      </p>
      <div class="rollout-bar" aria-hidden="true">
        <span class="rollout-new" style={{ width: `${(fresh / whole) * 100}%` }} />
        <span class="rollout-old" style={{ width: `${(stale / whole) * 100}%` }} />
      </div>
      <p class="legend">
        <span class="key key-1">
          new <b>{fresh}</b>
        </span>
        <span>
          old <b>{stale}</b>
        </span>
        <span>of {replicas} that serve</span>
      </p>
      {rollout.shares !== undefined && (
        <ol class="rollout-steps" aria-label="Steps of the canary">
          {rollout.shares.map((share, index) => {
            const step = rollout.step ?? 0;
            const state = index < step ? 'done' : index === step ? 'here' : 'ahead';
            return (
              <li key={index} class={`step-${state}`} aria-current={state === 'here' ? 'step' : undefined}>
                {formatShare(share)}
              </li>
            );
          })}
        </ol>
      )}
      {rollout.hook !== undefined && <p>{rollout.hook} is running</p>}
      {verdict !== undefined && verdict !== '' && <p>{verdict}</p>}
      {pause !== undefined && (
        <p class="tone-doubtful">{pause.by === 'person' ? `Paused ${pause.reason}` : pause.reason}</p>
      )}
      {failures.map((failure) => (
        <p key={failure} class="tone-bad">
          {failure}
        </p>
      ))}
    </>
  );
}

const outcomeTones: Record<RevisionStatus['outcome'], Tone> = {
  'under way': 'doubtful',
  succeeded: 'good',
  'rolled back': 'bad',
  aborted: 'bad',
  superseded: 'quiet',
};

function History({
  service,
  history,
}: {
  readonly service: string;
  readonly history: readonly RevisionStatus[];
}): JSX.Element | null {
  const { now } = usePage();
  if (history.length === 0) return null;
  return (
    <Table
      caption={`Revisions of ${service}, newest first`}
      columns={[
        { title: 'Revision' },
        { title: 'Outcome' },
        { title: 'When' },
        { title: 'By' },
        { title: 'Took', isNumber: true },
        { title: 'Requests meanwhile', isNumber: true },
        { title: 'Failed', isNumber: true },
      ]}
      rows={history
        .slice(-maxRevisions)
        .toReversed()
        .map(
          ({
            number,
            revision,
            isCurrent,
            outcome,
            reason,
            startedAt,
            user,
            command,
            durationMs,
            traffic,
          }) => ({
            key: String(number),
            cells: [
              <>
                <span class="mono">
                  {number}. {shortRevision(revision)}
                </span>
                {isCurrent && <span class="tag">now</span>}
              </>,
              <>
                <Toned tone={outcomeTones[outcome]}>{outcome}</Toned>
                {reason !== undefined && <span class="reason">{reason}</span>}
              </>,
              formatTime(startedAt, now),
              <>
                {user}
                <span class="reason">{command}</span>
              </>,
              durationMs === undefined ? '' : formatDuration(durationMs),
              formatCount(traffic?.requests),
              formatCount(traffic?.failed),
            ],
          }),
        )}
    />
  );
}
