import type { ChangeMessage, EventKind, StackEvent } from '../../daemon/control-api.ts';
import type { Invocation } from '../invocation.ts';
import { advanceProgress, renderProgress, type ChangeProgress } from '../render/change-progress.ts';
import { renderPlainEvent, subjectOf } from '../render/render-event.ts';
import { oneLine } from '../render/text-width.ts';
import { LiveLines } from './live-lines.ts';

const defaultColumns = 80;
const defaultRows = 24;

/** Shows a change while it is under way. */
export interface ChangeDisplay {
  message(message: ChangeMessage): void;
  /** A line that is not about the change (a replica's log) and must not be overwritten. */
  print(text: string): void;
  /** Ends the display, leaving what shall stay to be read. */
  finish(): void;
}

/** Live lines on a terminal, one line per event elsewhere, the messages themselves as JSON. */
export function openChangeDisplay(invocation: Invocation, title: string): ChangeDisplay {
  const { output } = invocation;
  if (output.isJson) return jsonDisplay(invocation);
  return output.isLive ? liveDisplay(invocation, title) : plainDisplay(invocation);
}

function jsonDisplay({ output }: Invocation): ChangeDisplay {
  return {
    message: (message) => output.json(message),
    print: () => {},
    finish: () => {},
  };
}

function plainDisplay({ output, surroundings }: Invocation): ChangeDisplay {
  const startedAt = surroundings.clock.now();
  return {
    message: (message) => {
      if (message.type !== 'event' || isFraming(message.event)) return;
      if (message.event.kind === 'warning') return output.warn(oneLine(message.event.message));
      output.line(renderPlainEvent(message.event, message.event.time - startedAt, output.style));
    },
    print: (text) => output.line(text),
    finish: () => {},
  };
}

function liveDisplay({ output, surroundings }: Invocation, title: string): ChangeDisplay {
  const { clock } = surroundings;
  const { screen, style } = output;
  const startedAt = clock.now();
  let progress: ChangeProgress = new Map();
  const picture = (isOver: boolean): string[] =>
    renderProgress(progress, {
      style,
      title,
      startedAt,
      now: clock.now(),
      width: screen.columns ?? defaultColumns,
      maxLines: isOver ? undefined : (screen.rows ?? defaultRows) - 1,
      isOver,
    });
  const live = new LiveLines(screen, () => picture(false));
  return {
    message: (message) => {
      if (message.type !== 'event' || isFraming(message.event)) return;
      progress = advanceProgress(progress, message.event);
      const words = remarkOf(message.event);
      if (words !== undefined) live.print(`${style.doubtful('!')} ${words}`);
    },
    print: (text) => live.print(text),
    finish: () => live.finish(progress.size === 0 ? [] : picture(true)),
  };
}

/** The beginning and the end of the command itself, which the title and the report already tell. */
function isFraming({ kind }: StackEvent): boolean {
  return kind === 'command.started' || kind === 'command.finished' || kind === 'command.failed';
}

const remarkableKinds: ReadonlySet<EventKind> = new Set<EventKind>([
  'warning',
  'change.undoing',
  'rollout.started',
  'rollout.step',
  'rollout.paused',
  'rollout.failed',
  'runtime.unreachable',
  'runtime.recovered',
  'balancer.lost',
  'balancer.refused',
  'balancer.recovered',
  'replica.unhealthy',
  'replica.exited',
]);

/** What the picture has no row for and a person must not miss. */
function remarkOf(event: StackEvent): string | undefined {
  if (!remarkableKinds.has(event.kind)) return undefined;
  const subject = subjectOf(event);
  const message = oneLine(event.message);
  return subject === undefined || message.includes(subject) ? message : `${subject}: ${message}`;
}
