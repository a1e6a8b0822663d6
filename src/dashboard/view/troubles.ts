import type { ReplicaStatus, ServiceStatus, StackEvent, StackStatus } from '../../daemon/control-api.ts';
import type { ServiceMeasure } from '../live-api.ts';
import { formatNumber, formatShare, plural } from './format.ts';
import { isFinished, servingReplicas, toneOfState } from './states.ts';
import { isFlapping, streakOf } from './streaks.ts';

/** Something that is not as it should be: what, since when, and what is being done about it. */
export interface Trouble {
  readonly tone: 'bad' | 'doubtful';
  readonly stack: string;
  readonly service?: string;
  readonly instance?: string;
  readonly what: string;
  /** Milliseconds since the epoch; undefined where no event tells. */
  readonly since?: number;
  /** What Tenfold did and does, and what that means for clients; one sentence each. */
  readonly doing: readonly string[];
}

/** A command that failed is told for so long, or until another one succeeds. */
const failureShownMs = 60 * 60_000;
/** Beyond this many replicas in one state they are told together. */
const maxSingle = 3;

/** All troubles of a stack, worst first. Events are in order of time. */
export function troublesOf(
  stack: StackStatus,
  events: readonly StackEvent[],
  measures: readonly ServiceMeasure[],
  now: number,
): readonly Trouble[] {
  const own = events.filter((event) => event.stack === stack.name);
  const troubles = [
    ...outages(stack, own),
    ...stack.services.flatMap((service) => [
      ...haltedRollout(stack.name, service),
      ...serviceTroubles(stack, service, own, now),
    ]),
    ...measures
      .filter((measure) => measure.stack === stack.name)
      .flatMap((measure) => failingRequests(measure)),
    ...failedCommand(stack, own, now),
  ];
  return troubles.sort((a, b) => Number(b.tone === 'bad') - Number(a.tone === 'bad'));
}

function outages(stack: StackStatus, events: readonly StackEvent[]): Trouble[] {
  const runtimes = stack.runtimes
    .filter(({ isReachable }) => !isReachable)
    .map(({ name, reason }): Trouble => ({
      tone: 'bad',
      stack: stack.name,
      what:
        name === 'container' ? 'The Docker engine does not answer' : `The runtime ${name} does not answer`,
      ...sinceLast(events, ({ kind }) => kind === 'runtime.unreachable'),
      doing: [
        ...(reason === undefined ? [] : [sentence(reason)]),
        'Its replicas are left as they are and traffic goes on. Nothing can be changed until it answers.',
      ],
    }));
  if (stack.balancer.isReachable) return runtimes;
  return [
    ...runtimes,
    {
      tone: 'bad',
      stack: stack.name,
      what: 'The balancer does not answer',
      ...sinceLast(events, ({ kind }) => kind === 'balancer.lost'),
      doing: [sentence(stack.balancer.reason ?? 'it is being started again')],
    },
  ];
}

/** It goes neither on nor back by itself. */
function haltedRollout(stack: string, { name, rollout }: ServiceStatus): Trouble[] {
  if (rollout?.pause?.by !== 'failure') return [];
  const { pause, fresh, stale, failures } = rollout;
  return [
    {
      tone: 'bad',
      stack,
      service: name,
      what: `The rollout of ${name} has halted: ${pause.reason}`,
      since: pause.since,
      doing: [
        `${plural(fresh, 'replica')} of the new revision and ${stale} of the old one serve.`,
        ...failures.map(sentence),
        'It goes on or back when somebody says so: resume or abort it.',
      ],
    },
  ];
}

function serviceTroubles(
  stack: StackStatus,
  service: ServiceStatus,
  events: readonly StackEvent[],
  now: number,
): Trouble[] {
  const about = { stack: stack.name, service: service.name };
  const closed = service.listeners
    .filter(({ isOpen, note }) => !isOpen && (service.desired > 0 || note !== undefined))
    .filter(() => stack.balancer.isReachable)
    .map(({ port, note }): Trouble => ({
      tone: 'bad',
      ...about,
      what: `Port ${port} of ${service.name} is not open`,
      doing: [...(note === undefined ? [] : [sentence(note)]), ...pendingAbout(stack, service.name)],
    }));
  const untaken = service.listeners
    .filter(({ isOpen, takenBy }) => isOpen && takenBy?.length === 0 && servingReplicas(service) > 0)
    .map(({ port }): Trouble => ({
      tone: 'bad',
      ...about,
      what: `Port ${port} of ${service.name} leads to nobody`,
      doing: ['No replica passes the check of that port.'],
    }));
  closed.push(...untaken);
  const sick = service.replicas.filter((replica) => isSick(replica, events, now));
  const serving = servingReplicas(service);
  const isDown = service.desired > 0 && serving === 0 && !isFinished(service);
  const isShort = serving < service.desired && !isFinished(service);
  const served = isDown
    ? service.listeners.length > 0
      ? 'No replica is left that serves: clients get 503.'
      : 'No replica of it runs.'
    : `${serving} of ${service.desired} serve.`;
  if (sick.length === 0) {
    if (!isShort || (stack.isSteady && !isDown)) return closed;
    const doing = [served, ...pendingAbout(stack, service.name)];
    const what = isDown ? `${service.name} serves nobody` : `${service.name} is short of replicas`;
    return [...closed, { tone: isDown ? 'bad' : 'doubtful', ...about, what, doing }];
  }
  if (sick.length > maxSingle) {
    const what = `${plural(sick.length, 'replica')} of ${service.name} ${sick.length === 1 ? 'is' : 'are'} not well`;
    const since = sinceLast(events, (event) => event.instance === sick[0]?.instance && isBad(event));
    return [...closed, { tone: 'bad', ...about, what, ...since, doing: [served, ...reasonsOf(sick)] }];
  }
  return [
    ...closed,
    ...sick.map((replica): Trouble => {
      const streak = streakOf(replica.instance, events);
      return {
        tone: isDown || replica.state !== 'ejected' ? 'bad' : 'doubtful',
        ...about,
        instance: replica.instance,
        what: whatIsWrong(replica, streak !== undefined && isFlapping(streak, now) ? streak.count : 1),
        ...(streak !== undefined && { since: streak.since }),
        doing: [served, ...doneAbout(replica, events), ...pendingAbout(stack, replica.instance)],
      };
    }),
  ];
}

function isSick(replica: ReplicaStatus, events: readonly StackEvent[], now: number): boolean {
  if (toneOfState(replica.state) === 'bad') return true;
  const streak = streakOf(replica.instance, events);
  return streak !== undefined && isFlapping(streak, now);
}

function whatIsWrong({ instance, state, reason, exitCode }: ReplicaStatus, times: number): string {
  const because = reason === undefined || reason === `exit code ${exitCode}` ? '' : `: ${reason}`;
  if (times > 1) return `${instance} does not stay up: it went down ${times} times${because}`;
  const code = exitCode === undefined ? '' : ` with exit code ${exitCode}`;
  if (state === 'exited') return `${instance} has ended${code}${because}`;
  if (state === 'unknown') return `Nothing is known of ${instance}${because}`;
  if (state !== 'ejected') return `${instance} is ${state}${because}`;
  return `${instance} failed too many requests and is left out for a while${because}`;
}

function doneAbout(replica: ReplicaStatus, events: readonly StackEvent[]): string[] {
  const restarts = replica.restarts;
  const left = events.findLast(
    ({ instance, kind }) => instance === replica.instance && kind === 'replica.draining',
  );
  return [
    ...(restarts === 0 ? [] : [`It was started again ${plural(restarts, 'time')}.`]),
    ...(left === undefined || replica.state === 'exited' ? [] : ['It was taken out of rotation.']),
  ];
}

function reasonsOf(replicas: readonly ReplicaStatus[]): string[] {
  const reasons = Map.groupBy(replicas, ({ state, reason }) => (reason === undefined ? state : reason));
  return [...reasons].map(([reason, those]) => `${plural(those.length, 'replica')}: ${sentence(reason)}`);
}

/** What the plan still has to do about an instance or service; `formatPlan` has a line for each. */
export function pendingAbout({ pending }: StackStatus, subject: string): string[] {
  return pending
    .split('\n')
    .map((line) => line.split(/ {2,}/))
    .filter(([, about]) => about === subject)
    .map(([kind = '', , cause = '']) =>
      kind === 'wait' ? `Waiting: ${cause}.` : `Next: ${kind} (${cause}).`,
    );
}

function failingRequests({ stack, service, total }: ServiceMeasure): Trouble[] {
  const { failedPerSecond, requestsPerSecond } = total;
  if (failedPerSecond <= 0 || requestsPerSecond <= 0) return [];
  const share = failedPerSecond / requestsPerSecond;
  return [
    {
      tone: share >= 0.01 ? 'bad' : 'doubtful',
      stack,
      service,
      what: `${service} fails ${formatNumber(failedPerSecond)} requests a second (${formatShare(share)})`,
      doing: [],
    },
  ];
}

function failedCommand(stack: StackStatus, events: readonly StackEvent[], now: number): Trouble[] {
  const last = events.findLast(({ kind }) => kind === 'command.failed' || kind === 'command.finished');
  if (last?.kind !== 'command.failed' || last.time < now - failureShownMs) return [];
  const undone = events.find(
    ({ time, kind, message }) => time >= last.time && kind === 'warning' && message.startsWith('undoing'),
  );
  return [
    {
      tone: 'doubtful',
      stack: stack.name,
      what: `The last change failed: ${last.message}`,
      since: last.time,
      doing: undone === undefined ? [] : ['It was undone.'],
    },
  ];
}

function isBad({ kind }: StackEvent): boolean {
  return kind === 'replica.exited' || kind === 'replica.unhealthy';
}

function sinceLast(
  events: readonly StackEvent[],
  isIt: (event: StackEvent) => boolean,
): { readonly since?: number } {
  const event = events.findLast(isIt);
  return event === undefined ? {} : { since: event.time };
}

function sentence(text: string): string {
  const trimmed = text.trim().replaceAll(/\s+/g, ' ');
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
