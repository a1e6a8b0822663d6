import type { Decision } from '../../../autoscale/decision.ts';
import type { AutoscaleStatus } from '../../../daemon/autoscale-api.ts';
import type { StackEvent, StackStatus } from '../../../daemon/control-api.ts';
import type { RolloutStatus } from '../../../daemon/rollout-api.ts';
import type { Hello, LiveMessage, Measure, ServiceMeasure } from '../../live-api.ts';
import { addLines, type ShownLine } from '../../view/log-lines.ts';

const maxEvents = 1_000;
const maxLines = 4_000;

export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** Since when, milliseconds since the epoch. */
  | { readonly kind: 'lost'; readonly since: number }
  /** The daemon answers and does not want us: the session has ended. */
  | { readonly kind: 'refused' };

/** A service over the last minutes or hours. */
export interface History {
  readonly rangeMs: number;
  readonly stepMs: number;
  /** Oldest first. */
  readonly points: readonly Measure[];
}

export const noHistory: History = { rangeMs: 15 * 60_000, stepMs: 5_000, points: [] };

/** What a page knows. */
export interface LiveState {
  readonly connection: Connection;
  readonly hello: Hello | undefined;
  /** The daemon's clock less ours, milliseconds. */
  readonly clockAheadMs: number;
  /** Undefined until the first word. */
  readonly stacks: readonly StackStatus[] | undefined;
  /** In order of time. */
  readonly events: readonly StackEvent[];
  /** Whether those of the past have come. */
  readonly hasEvents: boolean;
  readonly measures: readonly ServiceMeasure[];
  /** By `measureKey`. */
  readonly history: ReadonlyMap<string, History>;
  readonly autoscale: readonly AutoscaleStatus[];
  /** Of the one service that is looked at, oldest first. */
  readonly decisions: readonly Decision[];
  /** `measureKey` of that service. */
  readonly decisionsOf: string | undefined;
  readonly rollouts: readonly RolloutStatus[];
  readonly lines: readonly ShownLine[];
  readonly droppedLines: number;
  /** When the page came back, the newest line that it had. */
  readonly repeatedAt: number | undefined;
}

export const nothingKnown: LiveState = {
  connection: { kind: 'connecting' },
  hello: undefined,
  clockAheadMs: 0,
  stacks: undefined,
  events: [],
  hasEvents: false,
  measures: [],
  history: new Map(),
  autoscale: [],
  decisions: [],
  decisionsOf: undefined,
  rollouts: [],
  lines: [],
  droppedLines: 0,
  repeatedAt: undefined,
};

export function measureKey(stack: string, service: string): string {
  return `${stack}/${service}`;
}

/** What is known after a message. `now` is our own clock. */
export function advance(state: LiveState, message: LiveMessage, now: number): LiveState {
  switch (message.type) {
    case 'hello':
      return {
        ...state,
        connection: { kind: 'live' },
        hello: message.hello,
        clockAheadMs: message.hello.now - now,
        repeatedAt: state.lines.at(-1)?.time,
      };
    case 'stacks':
      return { ...state, stacks: message.stacks };
    case 'gone':
      return { ...state, stacks: [], measures: [] };
    case 'events': {
      const events = [...state.events, ...message.events].slice(-maxEvents);
      return { ...state, events, hasEvents: true };
    }
    case 'measures':
      return { ...state, measures: message.measures, history: grown(state.history, message.measures) };
    case 'history': {
      const { stack, service, rangeMs, stepMs, points } = message;
      const known = new Map(state.history).set(measureKey(stack, service), { rangeMs, stepMs, points });
      return { ...state, history: known };
    }
    case 'autoscale':
      return { ...state, autoscale: message.statuses, decisions: decided(state, message.statuses) };
    case 'decisions':
      return {
        ...state,
        decisions: message.decisions,
        decisionsOf: measureKey(message.stack, message.service),
      };
    case 'rollouts':
      return { ...state, rollouts: message.rollouts };
    case 'logs': {
      const { repeatedAt } = state;
      const lines = addLines(state.lines, message.lines, { maxLines, repeatedAt });
      return { ...state, lines, droppedLines: state.droppedLines + message.dropped };
    }
  }
}

const maxDecisions = 2_000;

/** The last decision of a status is one more of the service that is looked at. */
function decided(state: LiveState, statuses: readonly AutoscaleStatus[]): readonly Decision[] {
  const { decisions, decisionsOf } = state;
  const last = statuses.find(({ stack, service }) => measureKey(stack, service) === decisionsOf)?.decision;
  if (last === undefined || last.at <= (decisions.at(-1)?.at ?? 0)) return decisions;
  return [...decisions, last].slice(-maxDecisions);
}

/** The newest point of a history moves until it is a step from the one before. */
function grown(history: LiveState['history'], measures: readonly ServiceMeasure[]): LiveState['history'] {
  const next = new Map(history);
  for (const { stack, service, total } of measures) {
    const key = measureKey(stack, service);
    const { rangeMs, stepMs, points } = next.get(key) ?? noHistory;
    const before = points.at(-2);
    const isStep = before === undefined || total.time - before.time >= 2 * stepMs;
    const kept = (isStep ? points : points.slice(0, -1)).filter(({ time }) => time > total.time - rangeMs);
    next.set(key, { rangeMs, stepMs, points: [...kept, total] });
  }
  return next;
}
