import type { EventKind, StackEvent } from '../../daemon/control-api.ts';
import type { Paint, Style } from './style.ts';
import { oneLine } from './text-width.ts';

/** `2026-11-22 12:31:07  demo  web-1  replica.started  why`, for the journal. */
export function renderJournalEntry(event: StackEvent, style: Style): string {
  return [
    style.dim(formatTime(event.time)),
    event.stack,
    ...optional(subjectOf(event)),
    paintOfEvent(event.kind, style)(event.kind),
    ...optional(oneLine(event.message)),
  ].join('  ');
}

/** One line of a change: `   0.4 s  web-1  started  pid 4711`. */
export function renderPlainEvent(event: StackEvent, elapsedMs: number, style: Style): string {
  const elapsed = `${(Math.max(0, elapsedMs) / 1000).toFixed(1)} s`;
  return [style.dim(elapsed.padStart(8)), ...optional(subjectOf(event)), ...renderNews(event, style)].join(
    '  ',
  );
}

/** Kinds whose message says all. */
const wordlessKinds: ReadonlySet<EventKind> = new Set<EventKind>([
  'progress',
  'warning',
  'autoscale.scaled',
  'autoscale.held',
  'runtime.unreachable',
  'runtime.recovered',
  'balancer.lost',
  'balancer.refused',
  'balancer.recovered',
]);

/** The state and the message, or the message alone when it begins with the state anyway. */
export function renderNews(event: StackEvent, style: Style): string[] {
  const paint = paintOfEvent(event.kind, style);
  const state = stateWord(event.kind);
  const message = oneLine(event.message);
  const isMessageAlone = wordlessKinds.has(event.kind) || message.toLowerCase().startsWith(state);
  if (isMessageAlone && message !== '') return [paint(message)];
  return [paint(state), ...optional(message).map(style.dim)];
}

/** The replica or service that the event is about. */
export function subjectOf(event: StackEvent): string | undefined {
  return event.instance ?? event.service;
}

/** `replica.in-rotation` → `in rotation`. */
export function stateWord(kind: EventKind): string {
  return kind.replace(/^(replica|command)\./, '').replaceAll(/[.-]/g, ' ');
}

/** Whether the event is bad news, good news or neither. */
export function paintOfEvent(kind: EventKind, style: Style): Paint {
  switch (kind) {
    case 'replica.in-rotation':
    case 'replica.healthy':
    case 'replica.adopted':
    case 'command.finished':
    case 'rollout.finished':
    case 'runtime.recovered':
    case 'balancer.recovered':
      return style.good;
    case 'replica.unhealthy':
    case 'replica.exited':
    case 'command.failed':
    case 'rollout.failed':
    case 'runtime.unreachable':
    case 'balancer.lost':
    case 'balancer.refused':
      return style.bad;
    case 'replica.draining':
    case 'warning':
    case 'change.undoing':
    case 'rollout.paused':
      return style.doubtful;
    case 'command.started':
    case 'progress':
    case 'autoscale.scaled':
    case 'autoscale.held':
    case 'rollout.started':
    case 'rollout.step':
    case 'replica.created':
    case 'replica.started':
    case 'replica.drained':
    case 'replica.stopped':
    case 'replica.removed':
    case 'replica.recycled':
      return style.accent;
  }
}

/** Local time to the second, in the order that sorts: `2026-11-22 12:31:07`. */
export function formatTime(time: number): string {
  const date = new Date(time);
  const parts = [date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
  const [month, day, hour, minute, second] = parts.map((part) => String(part).padStart(2, '0'));
  return `${date.getFullYear()}-${month}-${day} ${hour}:${minute}:${second}`;
}

function optional(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : [text];
}
