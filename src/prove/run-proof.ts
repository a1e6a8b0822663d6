import { setTimeout as sleep } from 'node:timers/promises';
import type { StackEvent } from '../daemon/control-api.ts';
import { runLoad } from '../load/engine/run-load.ts';
import { systemTiming } from '../load/engine/timing.ts';
import type { LoadTarget } from '../load/target/load-target.ts';
import { TenfoldError } from '../shared/errors.ts';
import { buildProof } from './build-proof.ts';
import type { CommandSurroundings, ProofCommand } from './change/resolve-command.ts';
import { runCommand } from './change/run-command.ts';
import type { RequestLog } from './measure/proof-request.ts';
import type { Objective } from './objective.ts';
import { createProofSender, proofScenario, type ProofLoad } from './proof-load.ts';
import type { ProofReport, ProvedChange } from './proof-report.ts';
import { followEvents, serviceNow, untilSteady, type StackView } from './watch-stack.ts';

/** Lengths of the parts of a run, milliseconds. */
export interface ProofLengths {
  /** Load before the change. */
  readonly beforeMs: number;
  /** Load after the stack is steady again. */
  readonly afterMs: number;
  /** Load in all, at least. */
  readonly leastMs: number;
  /** Longest wait for the stack to become steady after the command. */
  readonly steadyWithinMs: number;
}

export type ProofStep = 'before' | 'changing' | 'settling' | 'after';

/** Told how a run goes, while it goes. */
export interface ProofObserver {
  readonly onStep: (step: ProofStep) => void;
  readonly onEvent: (event: StackEvent) => void;
  /** A line that the command printed. */
  readonly onLine: (line: string) => void;
}

export interface Proof {
  readonly stack: string;
  readonly service: string;
  readonly target: LoadTarget;
  readonly load: ProofLoad;
  readonly command: ProofCommand;
  readonly surroundings: CommandSurroundings;
  readonly objectives: readonly Objective[];
  readonly lengths: ProofLengths;
  readonly view: StackView;
  /** Filled while the run goes. */
  readonly log: RequestLog;
  readonly observer: ProofObserver;
  /** Ends load and change, in order. */
  readonly stop: AbortSignal;
  /** Ends them at once. */
  readonly abandon: AbortSignal;
}

/** Runs a change under load and reports. Throws only when the stack cannot be looked at in the beginning. */
export async function runProof(proof: Proof): Promise<ProofReport> {
  const { view, service, target, load, log, stop, abandon, observer } = proof;
  const lookedAt = Date.now();
  const { services, isSteady } = await view.status();
  const before = services.find(({ name }) => name === service);
  if (before === undefined)
    throw new TenfoldError('unknown-service', `the stack ${proof.stack} has no service ${service} any more`);

  const events: StackEvent[] = [];
  const watched = new AbortController();
  const following = followEvents(
    view,
    lookedAt,
    (event) => {
      events.push(event);
      observer.onEvent(event);
    },
    watched.signal,
  );
  // It is awaited below, after the load has come to its end.
  following.catch(() => {});

  const scenario = proofScenario(load);
  using sender = createProofSender(scenario, target);
  const scheduled = new AbortController();
  const startedAt = Date.now();
  const loading = runLoad({
    scenario,
    requests: sender.requests,
    sender,
    timing: systemTiming,
    end: scheduled.signal,
    stop,
    abandon,
    observer: log,
  });
  const change = await makeChange(proof, startedAt);
  if (change.kind === 'begun') {
    observer.onStep('after');
    const { afterMs, leastMs } = proof.lengths;
    const endMs = Math.max((change.steadyMs ?? Date.now() - startedAt) + afterMs, leastMs);
    await pause(startedAt + endMs - Date.now(), stop);
  }
  scheduled.abort();
  const measurement = await loading;
  const after = await serviceNow(view, service);
  watched.abort();
  await following;
  return buildProof({
    stack: proof.stack,
    target: target.url,
    command: proof.command.text,
    startedAt,
    load,
    objectives: proof.objectives,
    log,
    measurement,
    change,
    events,
    wasSteady: isSteady,
    before,
    after,
  });
}

/** Waits, makes the change, and waits for the stack to be steady again. */
async function makeChange(proof: Proof, startedAt: number): Promise<ProvedChange> {
  const { command, surroundings, view, lengths, log, stop, abandon, observer } = proof;
  observer.onStep('before');
  await pause(lengths.beforeMs, stop);
  if (stop.aborted) return { kind: 'not begun', reason: 'it was interrupted before the change' };
  if (log.failed > 0 && log.failed === log.requests.length) {
    // What is broken already cannot show whether the change breaks it.
    return {
      kind: 'not begun',
      reason: 'no request was answered well before the change, so it was not begun',
    };
  }
  observer.onStep('changing');
  const startMs = Date.now() - startedAt;
  const { onLine } = observer;
  const { ending, report } = await runCommand(command, { ...surroundings, stop, abandon, onLine });
  const endMs = Date.now() - startedAt;
  observer.onStep('settling');
  const steadyAt = await untilSteady(view, lengths.steadyWithinMs, stop);
  const steadyMs = steadyAt === undefined ? undefined : Math.max(endMs, steadyAt - startedAt);
  return { kind: 'begun', startMs, endMs, ending, steadyMs, report };
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  if (delayMs > 0) await sleep(delayMs, undefined, { signal }).catch(() => {});
}
