import type { RevisionStatus, RolloutProgress, RolloutStatus } from '../../daemon/rollout-api.ts';
import { formatAge, formatElapsed } from '../render/durations.ts';
import { formatTime } from '../render/render-event.ts';
import { shortRevision, tableOptions, type TableSurroundings } from '../render/render-services.ts';
import type { Style } from '../render/style.ts';
import { renderTable, type Cell } from '../render/table.ts';

/** What `rollout status` shows: a line per service, and below it what a rollout has to say. */
export function renderRollouts(
  statuses: readonly RolloutStatus[],
  surroundings: TableSurroundings & { readonly now: number },
): string[] {
  const { style, now } = surroundings;
  const table = renderTable(
    [
      { title: 'SERVICE' },
      { title: 'REVISION' },
      { title: 'STRATEGY', dropRank: 1 },
      { title: 'NEW' },
      { title: 'OLD' },
      { title: 'STATE' },
    ],
    statuses.map(({ service, revision, strategy, rollout }) => [
      { text: service, paint: style.bold },
      rollout === undefined
        ? shortRevision(revision)
        : `${shortRevision(rollout.from)} → ${shortRevision(rollout.to)}`,
      rollout?.strategy ?? strategy,
      rollout === undefined ? '' : `${rollout.fresh}/${rollout.replicas}`,
      rollout === undefined ? '' : String(rollout.stale),
      stateCell(rollout, now, style),
    ]),
    tableOptions(surroundings),
  );
  const remarks = statuses.flatMap(({ service, rollout }) =>
    rollout === undefined ? [] : remarksOf(rollout).map((remark) => `${service}: ${remark}`),
  );
  return remarks.length === 0 ? table : [...table, '', ...remarks];
}

function stateCell(rollout: RolloutProgress | undefined, now: number, style: Style): Cell {
  if (rollout === undefined) return { text: 'settled', paint: style.good };
  const age = formatAge(now - rollout.phaseSince);
  if (rollout.pause !== undefined)
    return { text: `paused for ${formatAge(now - rollout.pause.since)}`, paint: style.doubtful };
  if (rollout.hook !== undefined) return { text: `${rollout.hook} is running`, paint: style.accent };
  const words = phaseWords(rollout, now);
  if (rollout.phase === 'keeping') return { text: words, paint: style.good };
  return { text: `${words}, ${age}`, paint: style.accent };
}

function phaseWords(
  { phase, isRollback, share, shares, step, keepUntil }: RolloutProgress,
  now: number,
): string {
  if (isRollback) return 'going back';
  switch (phase) {
    case 'replacing':
      return 'replacing';
    case 'starting':
      return 'starting the new set';
    case 'testing':
      return 'testing the new set';
    case 'switched':
      return 'switched, being watched, the old set stands by';
    case 'observing':
      return `${percent(share ?? 0)} of the requests, step ${(step ?? 0) + 1} of ${shares?.length ?? 1}`;
    case 'keeping':
      return `done, old set kept for another ${formatAge((keepUntil ?? now) - now)}`;
  }
}

function remarksOf({ pause, failures, verdict }: RolloutProgress): string[] {
  return [
    ...(pause === undefined
      ? []
      : [pause.by === 'person' ? `paused ${pause.reason}` : `halted: ${pause.reason}`]),
    ...failures.map((failure) => `failed: ${failure}`),
    ...(verdict === undefined || verdict === '' ? [] : [verdict]),
  ];
}

/** What `rollout history` shows: the newest last, and the last words of the newest that was rolled back. */
export function renderHistory(statuses: readonly RolloutStatus[], surroundings: TableSurroundings): string[] {
  const { style } = surroundings;
  const rows = statuses.flatMap(({ service, history }) =>
    history.map((record) => [
      { text: service, paint: style.bold },
      `${record.number}${record.isCurrent ? ' *' : ''}`,
      shortRevision(record.revision),
      formatTime(record.startedAt),
      record.user,
      record.command,
      record.durationMs === undefined ? '' : formatElapsed(record.durationMs),
      requestsOf(record),
      outcomeCell(record, style),
    ]),
  );
  if (rows.length === 0) return ['no revision is remembered yet'];
  const table = renderTable(
    [
      { title: 'SERVICE' },
      { title: '#', align: 'right' },
      { title: 'REVISION' },
      { title: 'WHEN' },
      { title: 'WHO', dropRank: 2 },
      { title: 'WHY', dropRank: 1 },
      { title: 'TOOK', align: 'right' },
      { title: 'DRAINED/FORCED/FAILED', dropRank: 3 },
      { title: 'OUTCOME' },
    ],
    rows,
    tableOptions(surroundings),
  );
  return [...table, ...statuses.flatMap((status) => lastOutputOf(status, style))];
}

function lastOutputOf({ service, history }: RolloutStatus, style: Style): string[] {
  const failed = history.findLast(({ lastOutput }) => lastOutput !== undefined);
  if (failed === undefined) return [];
  const lines = (failed.lastOutput ?? []).map((line) => `  ${style.dim('│')} ${line}`);
  return ['', `${service} #${failed.number}: ${failed.reason ?? failed.outcome}`, ...lines];
}

function requestsOf({ traffic }: RevisionStatus): string {
  return traffic === undefined
    ? ''
    : `${traffic.drained}/${traffic.forced}/${traffic.failed} of ${traffic.requests}`;
}

function outcomeCell({ outcome, reason }: RevisionStatus, style: Style): Cell {
  const text = reason === undefined ? outcome : `${outcome}: ${reason}`;
  switch (outcome) {
    case 'succeeded':
      return { text, paint: style.good };
    case 'under way':
      return { text, paint: style.accent };
    case 'superseded':
      return { text, paint: style.doubtful };
    case 'rolled back':
    case 'aborted':
      return { text, paint: style.bad };
  }
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
