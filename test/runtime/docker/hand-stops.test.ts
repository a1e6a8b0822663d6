import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HandStops } from '../../../src/runtime/docker/replica/hand-stops.ts';
import { observedReplica, t0 } from '../../helpers/simulated/observed-replica.ts';

const SIGHUP = 1;
const SIGKILL = 9;
const SIGTERM = 15;
const ended = observedReplica(
  1,
  {},
  { state: { kind: 'exited', exitCode: 143, startedAt: t0, finishedAt: t0 + 1 } },
).replica;
const isByHand = (stops: HandStops): boolean => {
  const { state } = stops.mark(ended);
  return state.kind === 'exited' && state.isStoppedByHand === true;
};

describe('a container that ended', () => {
  test('after a stop signal through the engine was stopped by hand', () => {
    for (const signal of [SIGTERM, SIGKILL]) {
      const stops = new HandStops();
      stops.signalled(ended.id, signal, t0);
      assert.equal(isByHand(stops), true);
    }
  });

  test('without one, or after a signal that stops nothing, was not', () => {
    const stops = new HandStops();
    assert.equal(isByHand(stops), false);
    stops.signalled(ended.id, SIGHUP, t0);
    assert.equal(isByHand(stops), false);
  });

  test('after our own signal was not', () => {
    const stops = new HandStops();
    stops.claim(ended.id);
    stops.signalled(ended.id, SIGTERM, t0);
    assert.equal(isByHand(stops), false);
  });

  test('after it was started again was not', () => {
    const stops = new HandStops();
    stops.signalled(ended.id, SIGTERM, t0);
    stops.started(ended.id);
    assert.equal(isByHand(stops), false);
  });

  test('just before the engine was lost went down with the engine', () => {
    const stops = new HandStops();
    stops.signalled(ended.id, SIGTERM, t0);
    stops.lost(t0 + 5_000);
    assert.equal(isByHand(stops), false);
    stops.signalled(ended.id, SIGTERM, t0);
    stops.lost(t0 + 3_600_000);
    assert.equal(isByHand(stops), true);
  });

  test('and runs again is not marked', () => {
    const stops = new HandStops();
    stops.signalled('id-2', SIGTERM, t0);
    const running = observedReplica(2).replica;
    assert.equal(stops.mark(running), running);
  });
});
