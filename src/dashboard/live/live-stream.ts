import { afterEvent, afterLog, atTheBeginning, formatCursor, parseCursor } from './cursor.ts';
import { beginEventStream, type Send } from './event-stream.ts';
import { feedEvents } from './event-feed.ts';
import { feedLogs } from './log-feed.ts';
import { measureOf, pointOf } from './measure.ts';
import type { DashboardContext } from '../routes.ts';
import type { Decision } from '../../autoscale/decision.ts';
import type { Call } from '../../daemon/control/control-server.ts';
import type { StackSession } from '../../daemon/stack/stack-session.ts';
import { describeRollouts } from '../../daemon/rollout/describe-rollouts.ts';
import { describeStack } from '../../daemon/stack/status.ts';
import { currentRates, readCourse } from '../../metrics/course.ts';

/** Between two looks at counters, which change all the time; an event is followed by a look at once. */
const lookMs = 1_000;
const afterEventMs = 40;
/** Figures are over so long: short enough to see a change at once, long enough for a percentile to mean something. */
const measuredOverMs = 10_000;
const defaultRangeMs = 15 * 60_000;
const maxRangeMs = 24 * 60 * 60_000;
/** Points of a history: of the one service that is looked at, and of each of many. */
const manyPoints = 180;
const fewPoints = 60;
const maxDecisions = 2_000;

/** Tells one page what happens until it goes away; live-api.ts says what. */
export async function streamLive(context: DashboardContext, call: Call): Promise<void> {
  const { registry } = context;
  const { searchParams } = call.url;
  const stack = searchParams.get('stack') ?? undefined;
  const service = searchParams.get('service') ?? undefined;
  const { clock, journal } = registry.options;
  const resumed = parseCursor(
    call.request.headers['last-event-id']?.toString() ?? searchParams.get('cursor') ?? undefined,
  );
  let cursor = resumed ?? atTheBeginning;
  const send = beginEventStream(call, () => formatCursor(cursor));
  const now = clock.now();
  const { version, home } = context.version();
  send({ type: 'hello', hello: { version, home, user: context.user, now } });

  const rangeMs = Math.min(Number(searchParams.get('range')) || defaultRangeMs, maxRangeMs);
  const shown = { stack, service, rangeMs, send, signal: call.signal };
  sendHistory(context, shown).catch(registry.options.onBug);
  sendDecisions(context, shown).catch(registry.options.onBug);
  const look = beginLooks(context, { ...shown, onBug: registry.options.onBug });
  const events = feedEvents(
    journal,
    (event) => stack === undefined || event.stack === stack,
    resumed,
    (events) => {
      for (const { time } of events) cursor = afterEvent(cursor, time);
      send({ type: 'events', events });
      look();
    },
    { signal: call.signal, now },
  );
  const logs =
    stack === undefined || searchParams.get('logs') === null
      ? undefined
      : feedLogs(
          registry,
          stack,
          { service, sinceMs: resumed === undefined || resumed.logTime === 0 ? undefined : resumed.logTime },
          (lines, dropped) => {
            for (const { time } of lines) cursor = afterLog(cursor, time);
            send({ type: 'logs', lines, dropped });
          },
          call.signal,
        );
  await Promise.all([events, logs]);
}

/** What a page shows, and how it is told. */
interface Shown {
  readonly stack: string | undefined;
  readonly service: string | undefined;
  readonly rangeMs: number;
  readonly send: Send;
  readonly signal: AbortSignal;
}

interface LookOptions extends Shown {
  readonly onBug: (thrown: unknown) => void;
}

/** Sends states and figures until the signal aborts; the function that it returns asks for a look soon. */
function beginLooks(context: DashboardContext, options: LookOptions): () => void {
  const { signal, onBug } = options;
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;
  const send = onlyNews(options.send);
  const look = async (): Promise<void> => {
    if (isLooking || signal.aborted) return;
    isLooking = true;
    try {
      await sendStates(context, { ...options, send });
      sendMeasures(context, options);
      sendAutoscale(context, { ...options, send });
      sendRollouts(context, { ...options, send });
    } catch (thrown) {
      if (!signal.aborted) onBug(thrown);
    } finally {
      isLooking = false;
      lookIn(lookMs);
    }
  };
  const lookIn = (delayMs: number): void => {
    clearTimeout(timer);
    if (!signal.aborted) timer = setTimeout(() => void look(), delayMs);
  };
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  void look();
  return () => lookIn(afterEventMs);
}

/** Sends of each type of message only what differs from the one before. */
function onlyNews(send: Send): Send {
  const sent = new Map<string, string>();
  return (message) => {
    const text = JSON.stringify(message);
    // One takes the other's place.
    const subject = message.type === 'gone' ? 'stacks' : message.type;
    if (sent.get(subject) === text) return;
    sent.set(subject, text);
    send(message);
  };
}

async function sendStates(context: DashboardContext, { stack, send, signal }: Shown): Promise<void> {
  const sessions = sessionsShown(context, stack);
  const balancer = await context.registry.options.traffic.observe(signal).catch(() => undefined);
  const stacks = await Promise.all(
    sessions.map(async (session) => {
      const pass = session.controller.last ?? (await session.controller.until(() => true, signal));
      return describeStack(session, pass, balancer, context.version().proxyPid);
    }),
  );
  if (stack !== undefined && stacks.length === 0) send({ type: 'gone', stack });
  else send({ type: 'stacks', stacks });
}

function sendMeasures(context: DashboardContext, { stack, send }: Shown): void {
  const { store } = context.metrics;
  const measures = sessionsShown(context, stack).flatMap(({ name, controller }) =>
    Object.keys(controller.desired.stack.services).flatMap((service) => {
      const rates = currentRates(store, name, service, measuredOverMs);
      return rates === undefined || rates.from === rates.to ? [] : [measureOf(name, service, rates)];
    }),
  );
  if (measures.length > 0) send({ type: 'measures', measures });
}

function sendAutoscale({ autoscaler }: DashboardContext, { stack, send }: Shown): void {
  send({ type: 'autoscale', statuses: autoscaler.statuses(stack) });
}

function sendRollouts({ registry }: DashboardContext, { stack, send }: Shown): void {
  const session = stack === undefined ? undefined : registry.find(stack);
  const observed = session?.controller.last?.observed;
  if (session === undefined || observed === undefined) return;
  send({ type: 'rollouts', rollouts: describeRollouts(session, observed) });
}

/** What the autoscaler decided about the service that is looked at. */
async function sendDecisions(
  { autoscaler, registry }: DashboardContext,
  { stack, service, rangeMs, send, signal }: Shown,
): Promise<void> {
  const session = stack === undefined ? undefined : registry.find(stack);
  if (session === undefined || service === undefined) return;
  if (autoscaler.statuses(session.name).every((status) => status.service !== service)) return;
  const decisions: Decision[] = [];
  const since = registry.options.clock.now() - rangeMs;
  for await (const record of autoscaler.history(session, service, since)) {
    if (signal.aborted) return;
    if (record.type !== 'decision' || record.decision.at < since) continue;
    decisions.push(record.decision);
    if (decisions.length > maxDecisions) decisions.shift();
  }
  send({ type: 'decisions', stack: session.name, service, decisions });
}

/** The past of each service shown; that of the one looked at in finer steps. */
async function sendHistory(
  context: DashboardContext,
  { stack, service, rangeMs, send }: Shown,
): Promise<void> {
  const now = context.registry.options.clock.now();
  const points = service === undefined ? fewPoints : manyPoints;
  const range = { from: now - rangeMs, to: now, stepMs: Math.ceil(rangeMs / points) };
  const services = service === undefined ? undefined : [service];
  for (const { name } of sessionsShown(context, stack)) {
    const course = await readCourse({ stack: name, services, ...range }, context.metrics, now);
    for (const each of course.services) {
      send({
        type: 'history',
        stack: name,
        service: each.service,
        rangeMs,
        stepMs: course.stepMs,
        points: each.points.map(pointOf),
      });
    }
  }
}

function sessionsShown(
  { registry }: Pick<DashboardContext, 'registry'>,
  stack: string | undefined,
): readonly StackSession[] {
  if (stack === undefined) return registry.all;
  const session = registry.find(stack);
  return session === undefined ? [] : [session];
}
