import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { StackEvent, StackStatus } from '../../src/daemon/control-api.ts';
import { followEvents, untilSteady, type StackView } from '../../src/prove/watch-stack.ts';
import { TenfoldError } from '../../src/shared/errors.ts';
import { sampleEvent, sampleStack } from '../cli/sample-status.ts';
import { eventually } from '../helpers/eventually.ts';

const never = new AbortController().signal;
const unreachable = new TenfoldError('daemon-unreachable', 'the daemon went away');

/** A stack whose answers come one after the other; the last of them stays. */
function viewOf(
  answers: readonly (StackStatus | TenfoldError)[],
): StackView & { readonly asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    status: () => {
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      return answer instanceof TenfoldError || answer === undefined
        ? Promise.reject(answer ?? unreachable)
        : Promise.resolve(answer);
    },
    events: () => assert.fail('nobody asks for events'),
  };
}

describe('the wait for a steady stack', () => {
  const busy = sampleStack({ isSteady: false });

  test('passes over moments in which it is not, and a daemon that is away', async () => {
    const view = viewOf([sampleStack(), busy, unreachable, sampleStack()]);
    const startedAt = Date.now();
    const steadyAt = await untilSteady(view, 60_000, never);
    assert.ok(steadyAt !== undefined && steadyAt > startedAt, 'the first answer was not the one that counts');
    assert.ok(view.asked() > 4);
  });

  test('ends when the stack is gone, for nothing is left to do', async () => {
    const view = viewOf([busy, new TenfoldError('unknown-stack', 'no stack demo is known')]);
    assert.notEqual(await untilSteady(view, 60_000, never), undefined);
    assert.equal(view.asked(), 2);
  });

  test('gives up when its time is over, or when it is told to', async () => {
    assert.equal(await untilSteady(viewOf([busy]), 0, never), undefined);
    assert.equal(await untilSteady(viewOf([busy]), 60_000, AbortSignal.abort()), undefined);
  });

  test('hides no bug', async () => {
    const view: StackView = { ...viewOf([]), status: () => Promise.reject(new TypeError('a bug')) };
    await assert.rejects(untilSteady(view, 0, never), TypeError);
  });
});

test('events go on after the daemon was started anew, each of them once', async () => {
  const first = sampleEvent('replica.draining', 'web-1', '', 10);
  const second = sampleEvent('replica.drained', 'web-1', '', 10);
  const third = sampleEvent('replica.stopped', 'web-1', '', 20);
  const since: number[] = [];
  const lives: readonly (readonly StackEvent[])[] = [[first], [], [first, second, third]];
  const view: Pick<StackView, 'events'> = {
    async *events(sinceMs, signal) {
      const life = lives[since.length];
      since.push(sinceMs);
      yield* life ?? [];
      if (since.length < lives.length) throw unreachable;
      await once(signal, 'abort');
    },
  };
  const seen: StackEvent[] = [];
  const end = new AbortController();
  const following = followEvents({ ...viewOf([]), ...view }, 5, (event) => seen.push(event), end.signal);
  await eventually(() => assert.equal(seen.length, 3));
  end.abort();
  await following;
  assert.deepEqual(seen, [first, second, third]);
  assert.deepEqual(since, [5, first.time, first.time]);
});
