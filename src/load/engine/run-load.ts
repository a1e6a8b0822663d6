import type { HttpRequest } from '../client/http-request.ts';
import type { OnReply } from '../client/connection.ts';
import type { Reply } from '../client/reply.ts';
import { intervalLengthMs, type IntervalRow } from '../measure/interval.ts';
import { Recorder } from '../measure/recorder.ts';
import type { Scenario, ThinkTime } from '../scenario/scenario.ts';
import { runClosedModel } from './closed-model.ts';
import { lengthMs, levelAt, segmentsOf } from './level.ts';
import type { ModelContext } from './model.ts';
import { runOpenModel } from './open-model.ts';
import { createRequestMix } from './request-mix.ts';
import type { Timing } from './timing.ts';

/**
 * Timers know whole milliseconds. A request that goes out within that time of when it was due is measured from when it
 * went out, a later one from the end of that time: what the machine under test does to the schedule is never hidden.
 */
const timerResolutionMs = 1;
/** After an interruption, how long answers are still waited for. */
const stopGraceMs = 1000;

/** One request whose fate is known. Times are milliseconds from the start of the test. */
export interface EndedRequest {
  /** Of the scenario's requests, the one at this place. */
  readonly index: number;
  readonly dueMs: number;
  readonly endedMs: number;
  /** From when it was meant to go out. */
  readonly durationMs: number;
  readonly reply: Reply;
}

/** Told of each request by itself, for whoever needs more than sums. */
export interface RequestObserver {
  ended(request: EndedRequest): void;
  /** One was due at that time, milliseconds from the start, and not sent: too many were in flight. */
  dropped(dueMs: number): void;
}

/** What carries the requests: an HTTP client, or what a test has in its place. */
export interface Sender {
  send(request: HttpRequest, onReply: OnReply): void;
  cutOff(): void;
}

export interface LoadRun {
  readonly scenario: Scenario;
  /** The scenario's requests in wire form, in their order. */
  readonly requests: readonly HttpRequest[];
  readonly sender: Sender;
  readonly timing: Timing;
  /** Ends the schedule, as if its time were over: what is in flight is waited for. */
  readonly end?: AbortSignal;
  /** Ends the test early: nothing more is sent, and what is in flight gets a moment to end. */
  readonly stop: AbortSignal;
  /** Ends it at once. */
  readonly abandon: AbortSignal;
  readonly onInterval?: (row: IntervalRow, recorder: Recorder) => void;
  readonly observer?: RequestObserver;
}

export interface Measurement {
  readonly recorder: Recorder;
  /** From the start to the end of the schedule or of the last request, whichever came later, milliseconds. */
  readonly elapsedMs: number;
  readonly isInterrupted: boolean;
}

/** Runs a load test to its end. Never fails: what goes wrong is part of what is measured. */
export function runLoad(run: LoadRun): Promise<Measurement> {
  const { scenario, requests, sender, timing, end, stop, abandon, observer } = run;
  const segments = segmentsOf(scenario.shape);
  const recorder = new Recorder(scenario.requests);
  const nextRequest = createRequestMix(
    scenario.requests.map((request, index) => ({ ...request, index, http: requests[index] })),
  );
  const intervalMs = intervalLengthMs(lengthMs(segments));
  const startedAt = timing.now();
  const finished = Promise.withResolvers<Measurement>();
  let isScheduled = false;
  let isFinished = false;
  let inFlight = 0;
  let cancelInterval: () => void = () => {};
  let cancelGrace: () => void = () => {};

  const launch: ModelContext['launch'] = (dueAt, onReply) => {
    const { index, http, think } = nextRequest();
    if (http === undefined) throw new Error('a request of the scenario has no wire form');
    const sentAt = timing.now();
    const countsFrom = Math.min(sentAt, dueAt + timerResolutionMs);
    recorder.start(sentAt - dueAt, http.bytes.length);
    inFlight += 1;
    sender.send(http, (reply) => {
      const endedAt = timing.now();
      const durationMs = endedAt - countsFrom;
      recorder.end(index, reply, durationMs, endedAt - sentAt);
      observer?.ended({ index, dueMs: dueAt - startedAt, endedMs: endedAt - startedAt, durationMs, reply });
      inFlight -= 1;
      onReply(reply, pick(think));
      finishWhenDone();
    });
  };

  function closeInterval(): void {
    const elapsedMs = timing.now() - startedAt;
    const row = recorder.closeInterval(elapsedMs, levelAt(segments, elapsedMs));
    if (row !== undefined) run.onInterval?.(row, recorder);
  }

  function everyInterval(): void {
    const nextMs = (Math.floor((timing.now() - startedAt) / intervalMs) + 1) * intervalMs;
    cancelInterval = timing.after(startedAt + nextMs - timing.now(), () => {
      closeInterval();
      everyInterval();
    });
  }

  function finishWhenDone(): void {
    if (!isScheduled || inFlight > 0 || isFinished) return;
    isFinished = true;
    cancelInterval();
    cancelGrace();
    closeInterval();
    stop.removeEventListener('abort', interrupt);
    abandon.removeEventListener('abort', giveUp);
    const elapsedMs = timing.now() - startedAt;
    finished.resolve({ recorder, elapsedMs, isInterrupted: stop.aborted || abandon.aborted });
  }

  function onScheduled(): void {
    isScheduled = true;
    finishWhenDone();
  }

  const context: ModelContext = { timing, startedAt, segments, launch };
  everyInterval();
  const model =
    scenario.shape.model === 'open'
      ? runOpenModel(context, {
          maxInFlight: scenario.maxInFlight,
          onDropped: () => {
            recorder.drop();
            observer?.dropped(timing.now() - startedAt);
          },
          onScheduled,
        })
      : runClosedModel(context, { onScheduled });

  function interrupt(): void {
    model.stop();
    if (!isFinished) cancelGrace = timing.after(stopGraceMs, () => sender.cutOff());
  }

  function giveUp(): void {
    model.stop();
    sender.cutOff();
  }

  end?.addEventListener('abort', () => model.stop(), { once: true });
  stop.addEventListener('abort', interrupt, { once: true });
  abandon.addEventListener('abort', giveUp, { once: true });
  if (end?.aborted === true) model.stop();
  if (stop.aborted) interrupt();
  if (abandon.aborted) giveUp();
  return finished.promise;
}

function pick({ fromMs, toMs }: ThinkTime): number {
  return fromMs === toMs ? fromMs : fromMs + Math.random() * (toMs - fromMs);
}
