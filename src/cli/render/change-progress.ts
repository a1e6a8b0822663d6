import type { EventKind, StackEvent } from '../../daemon/control-api.ts';
import { formatElapsed } from './durations.ts';
import { paintOfEvent, stateWord, subjectOf } from './render-event.ts';
import type { Style } from './style.ts';
import { oneLine, padText, textWidth, truncateText } from './text-width.ts';

/** What is known of one replica (or service) within one change. */
interface ProgressRow {
  readonly subject: string;
  readonly service: string;
  readonly kind: EventKind;
  /** Words in place of the state, for steps that have none (`building web`). */
  readonly words: string;
  readonly firstAt: number;
  readonly lastAt: number;
  /** Within this change it began to serve; what leaves after that is the replica it replaces. */
  readonly hasEntered: boolean;
}

/** Rows in the order in which they were first heard of, which follows dependencies. */
export type ChangeProgress = ReadonlyMap<string, ProgressRow>;

export interface ProgressSurroundings {
  readonly style: Style;
  readonly title: string;
  readonly startedAt: number;
  readonly now: number;
  /** Columns of the terminal. */
  readonly width: number;
  /** Longest picture that still fits the terminal; undefined for all rows. */
  readonly maxLines: number | undefined;
  /** True: the change is over, nothing spins any more. */
  readonly isOver: boolean;
}

const spinnerFrames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const spinnerFrameMs = 100;

const finalKinds: ReadonlySet<EventKind> = new Set<EventKind>([
  'replica.in-rotation',
  'replica.removed',
  'replica.adopted',
  'replica.exited',
]);
const enteringKinds: ReadonlySet<EventKind> = new Set<EventKind>(['replica.healthy', 'replica.in-rotation']);
const leavingKinds: ReadonlySet<EventKind> = new Set<EventKind>([
  'replica.draining',
  'replica.drained',
  'replica.stopped',
  'replica.removed',
]);
const failedKinds: ReadonlySet<EventKind> = new Set<EventKind>(['replica.unhealthy', 'replica.exited']);

/** The progress with one more event in it; events without a replica or service do not belong in the picture. */
export function advanceProgress(progress: ChangeProgress, event: StackEvent): ChangeProgress {
  const subject = subjectOf(event);
  if (subject === undefined) return progress;
  if (event.kind !== 'progress' && !event.kind.startsWith('replica.')) return progress;
  const before = progress.get(subject);
  const row: ProgressRow = {
    subject,
    service: event.service ?? subject,
    kind: event.kind,
    words: wordsFor(event, before),
    firstAt: before?.firstAt ?? event.time,
    lastAt: event.time,
    hasEntered: before?.hasEntered === true || enteringKinds.has(event.kind),
  };
  return new Map([...progress, [subject, row]]);
}

function wordsFor(event: StackEvent, before: ProgressRow | undefined): string {
  if (event.kind === 'progress') return oneLine(event.message);
  if (before?.hasEntered !== true || !leavingKinds.has(event.kind)) return stateWord(event.kind);
  return event.kind === 'replica.removed' ? 'replaced' : `old one ${stateWord(event.kind)}`;
}

/** The picture of a change at one moment: a title and a line per replica, those at work first when not all fit. */
export function renderProgress(progress: ChangeProgress, surroundings: ProgressSurroundings): string[] {
  const { style, title, startedAt, now, maxLines } = surroundings;
  const rows = inOrder(progress);
  const room = maxLines === undefined ? rows.length : Math.max(1, maxLines - 2);
  const shown = rows.length <= room ? rows : mostTelling(rows, room);
  const hidden = rows.length - shown.length;
  const nameWidth = Math.max(0, ...shown.map(({ subject }) => textWidth(subject)));
  const wordsWidth = Math.max(0, ...shown.map(({ words }) => textWidth(words)));
  return [
    `${style.bold(title)}  ${style.dim(formatElapsed(now - startedAt))}`,
    ...shown.map((row) => renderRow(row, nameWidth, wordsWidth, surroundings)),
    ...(hidden === 0 ? [] : [style.dim(`   … and ${hidden} more`)]),
  ];
}

/** Services as they came, and the replicas of one by their number. */
function inOrder(progress: ChangeProgress): ProgressRow[] {
  const rows = [...progress.values()];
  const services = [...new Set(rows.map(({ service }) => service))];
  return rows.sort(
    (one, other) =>
      services.indexOf(one.service) - services.indexOf(other.service) ||
      one.subject.localeCompare(other.subject, 'en', { numeric: true }),
  );
}

function mostTelling(rows: readonly ProgressRow[], room: number): ProgressRow[] {
  const chosen = new Set(
    [...rows].sort((a, b) => urgency(b) - urgency(a) || b.lastAt - a.lastAt).slice(0, room),
  );
  return rows.filter((row) => chosen.has(row));
}

function urgency({ kind }: ProgressRow): number {
  if (failedKinds.has(kind)) return 2;
  return finalKinds.has(kind) ? 0 : 1;
}

function renderRow(
  row: ProgressRow,
  nameWidth: number,
  wordsWidth: number,
  { style, now, width, isOver }: ProgressSurroundings,
): string {
  const isDone = isOver || finalKinds.has(row.kind);
  const elapsed = formatElapsed((isDone ? row.lastAt : now) - row.firstAt);
  const roomForWords = Math.max(8, width - nameWidth - elapsed.length - 8);
  const words = truncateText(row.words, roomForWords);
  return [
    ` ${markOf(row, isDone, now, style)} ${padText(style.bold(row.subject), nameWidth)}`,
    padText(paintOfEvent(row.kind, style)(words), Math.min(wordsWidth, roomForWords)),
    style.dim(elapsed),
  ].join('  ');
}

function markOf({ kind }: ProgressRow, isDone: boolean, now: number, style: Style): string {
  if (failedKinds.has(kind)) return style.bad('✖');
  if (isDone) return style.good('✔');
  return style.accent(spinnerFrames[Math.floor(now / spinnerFrameMs) % spinnerFrames.length] ?? '·');
}
