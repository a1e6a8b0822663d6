import assert from 'node:assert/strict';
import type { RolloutStatus } from '../../src/daemon/rollout-api.ts';
import { describeLoad, type LoadRecord, type LoadResult } from '../helpers/load-result.ts';
import type { TestHome } from '../helpers/tenfold.ts';
import { type ScenarioRuntime, type WebStack, writeWebStack } from './web-stack.ts';

/** Ways in which a revision is bad, and what the report has to say of each. */
export const defects = {
  'is never healthy': { environment: { START_DELAY_MS: '120000' }, cause: /not healthy after/ },
  'crashes after 3 s': { environment: { EXIT_AFTER_MS: '3000' }, cause: /exit code 1/ },
  'answers 20 % with errors': {
    environment: { ERROR_SHARE: '0.2' },
    cause: /errors [\d.]+ % of \d+, before .* more, allowed/,
  },
  'is five times slower': {
    environment: { HANDLER_MS: '500' },
    cause: /p95 [\d.]+ ms, before .* at least [\d.]+ ms, allowed/,
  },
} as const;

export type Defect = keyof typeof defects;

export const defectNames: readonly Defect[] = [
  'is never healthy',
  'crashes after 3 s',
  'answers 20 % with errors',
  'is five times slower',
];

const gate = { min_requests: 30 };

/** The strategies, and what part of the requests each lets a new revision have before it is known. */
export const strategies = {
  rolling: { rollout: { gate }, share: 1 / 4 },
  'blue-green': { rollout: { strategy: 'blue-green', keep: '30s', gate }, share: 1 },
  canary: { rollout: { strategy: 'canary', steps: ['20%', '100%'], gate }, share: 0.2 },
} as const;

export type Strategy = keyof typeof strategies;

export const strategyNames: readonly Strategy[] = ['rolling', 'blue-green', 'canary'];

/** What became of a bad revision, and what it cost. */
export interface Finding {
  readonly exitCode: number;
  readonly stderr: string;
  /** `rollout history` of the service. */
  readonly history: RolloutStatus['history'];
  readonly load: LoadResult;
  /** Answered by the bad revision. */
  readonly asked: number;
  /** All requests while it was answering: due from the first of its answers to the last. */
  readonly meanwhile: number;
  /** Errors that the bad revision answered itself. */
  readonly errors: number;
  /** Failed in any other way. */
  readonly lost: readonly LoadRecord[];
}

/** Three replicas of a good revision, which move in that way. */
export async function goodStack(
  home: TestHome,
  runtime: ScenarioRuntime,
  strategy: Strategy,
): Promise<WebStack> {
  const stack = await writeWebStack(home, {
    runtime,
    replicas: 3,
    service: {
      deploy: { replicas: 3, update_config: { monitor: '4s' } },
      'x-tenfold': {
        rollout: strategies[strategy].rollout,
        start_timeout: '6s',
      },
    },
    environment: { HANDLER_MS: '100', REVISION: 'good' },
  });
  await home.change(['up', '-d']);
  await stack.settled(3);
  return stack;
}

/** Deploys a revision with that defect under load, and waits until the good one has everything again. */
export async function deployBad(
  home: TestHome,
  stack: WebStack,
  defect: Defect,
  ratePerSecond: number,
): Promise<Finding> {
  const { environment } = defects[defect];
  await stack.rewrite({ HANDLER_MS: '100', REVISION: defect, ...environment });
  await using running = stack.load(ratePerSecond);
  await running.sendMore(ratePerSecond);
  const { exitCode, stderr } = await home.run(['deploy'], { timeoutMs: 90_000 });
  await stack.settled(3);
  const load = await running.stop();
  const ofBad = load.records.filter(({ revision }) => revision === defect);
  const first = Math.min(...ofBad.map(({ dueMs }) => dueMs));
  const last = Math.max(...ofBad.map(({ endedMs }) => endedMs));
  const told = await home.succeed(['rollout', 'history', 'web', '--json']);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what --json prints of a history
  const [status] = JSON.parse(told.stdout) as RolloutStatus[];
  return {
    exitCode,
    stderr,
    history: status?.history ?? [],
    load,
    asked: ofBad.length,
    meanwhile: load.records.filter(({ dueMs }) => dueMs >= first && dueMs <= last).length,
    errors: load.failed.filter(({ revision }) => revision === defect).length,
    lost: load.failed.filter(({ revision }) => revision !== defect),
  };
}

/** One line of what it cost. */
export function describeFinding({ load, asked, meanwhile, errors, lost }: Finding): string {
  const part = meanwhile === 0 ? 0 : Math.round((asked / meanwhile) * 100);
  return `asked ${asked} of ${meanwhile} (${part} %), ${errors} errors of its own, ${lost.length} lost; ${describeLoad(load)}`;
}

/** It is over with the good revision in place, and every report says why. */
export function assertTakenBack(finding: Finding, defect: Defect): void {
  const { exitCode, stderr, history } = finding;
  const { cause } = defects[defect];
  const words = `${defect}: ${describeFinding(finding)}\n${stderr}`;
  assert.equal(exitCode, 1, words);
  assert.match(stderr, cause, words);
  assert.match(stderr, /last output of web-\d:[^]*listens[^]*the change was undone/, words);
  const record = history.at(-1);
  assert.equal(record?.outcome, 'rolled back', words);
  assert.match(record?.reason ?? '', cause);
  assert.match(record?.lastOutput?.join('\n') ?? '', /^last output of web-\d:\n.*listens/);
}

/** Nobody but those whom the strategy gave to the bad revision noticed anything. */
export function assertWithinShare(finding: Finding, strategy: Strategy, defect: Defect): void {
  const { asked, meanwhile, errors, lost, load } = finding;
  const words = `${strategy}, ${defect}: ${describeFinding(finding)}`;
  const expected = strategies[strategy].share * meanwhile;
  // Four standard deviations: a share is that of chances.
  assert.ok(asked <= expected + 4 * Math.sqrt(expected), words);
  switch (defect) {
    case 'is never healthy':
      assert.equal(asked + load.failed.length, 0, words);
      return;
    case 'crashes after 3 s':
      // What it was answering when it fell.
      assert.ok(errors === 0 && lost.length <= 2 + asked / 10, words);
      return;
    case 'answers 20 % with errors':
      assert.ok(lost.length === 0 && errors > 0 && errors <= asked * 0.2 + 4 * Math.sqrt(asked * 0.2), words);
      return;
    case 'is five times slower':
      assert.equal(load.failed.length, 0, words);
  }
}
