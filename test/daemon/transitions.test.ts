import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serviceOf } from '../contracts/stack-of.ts';
import { desiredOf, webService } from '../helpers/simulated/memory-stack.ts';
import type { UpRequest } from '../../src/daemon/control-api.ts';
import { bringUp, scaleTo, startServices, stopServices } from '../../src/daemon/stack/transitions.ts';
import type { Service } from '../../src/model/service.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';

const upRequest = (services: readonly Service[], fields: Partial<UpRequest> = {}): UpRequest => ({
  requester: { user: 'me', commandLine: 'tenfold up' },
  stack: desiredOf(services).stack,
  scale: {},
  resetScale: false,
  removeOrphans: false,
  forceRecreate: false,
  ...fields,
});

describe('scale set by hand', () => {
  const file = [webService({ replicas: 3 })];
  const scaled = scaleTo(bringUp(undefined, upRequest(file), 1), { web: 7 }, 2);

  test('stays through the next up', () => {
    assert.equal(bringUp(scaled, upRequest(file), 3).services['web']?.replicas, 7);
  });

  test("ends when the file's own number changes", () => {
    const next = bringUp(scaled, upRequest([webService({ replicas: 4 })]), 3);
    assert.deepEqual([next.services['web']?.replicas, next.services['web']?.source], [4, 'file']);
  });

  test('ends with --reset-scale', () => {
    assert.equal(bringUp(scaled, upRequest(file, { resetScale: true }), 3).services['web']?.replicas, 3);
  });

  test('--scale wins over both', () => {
    assert.equal(bringUp(scaled, upRequest(file, { scale: { web: 2 } }), 3).services['web']?.replicas, 2);
  });
});

describe('what is refused before anything is changed', () => {
  const refusals: readonly [string, readonly Service[], Record<string, number>, string][] = [
    ['a negative scale', [webService()], { web: -1 }, 'invalid-scale'],
    ['a fraction', [webService()], { web: 1.5 }, 'invalid-scale'],
    ['an enormous scale', [webService()], { web: 1e9 }, 'invalid-scale'],
    ['an unknown service', [webService()], { wbe: 2 }, 'unknown-service'],
    [
      'container_name with more than one replica',
      [webService({ replicas: 1, containerName: 'x' })],
      { web: 2 },
      'invalid-scale',
    ],
    [
      'one fixed port for several replicas of a stateful service',
      [
        serviceOf('db', {
          isStateful: true,
          directPorts: [{ hostIp: '', published: '5432', target: 5432, protocol: 'tcp' }],
        }),
      ],
      { db: 2 },
      'invalid-scale',
    ],
  ];
  for (const [name, services, scale, code] of refusals) {
    test(name, () => {
      assert.throws(
        () => bringUp(undefined, upRequest(services, { scale }), 1),
        (thrown) => isTenfoldError(thrown) && thrown.code === code && thrown.got !== undefined,
      );
    });
  }
});

test('up of one service takes what it depends on, and leaves the others alone', () => {
  const services = [
    webService({
      dependsOn: [{ service: 'db', condition: 'service_started', restart: false, required: true }],
    }),
    serviceOf('db'),
    serviceOf('worker'),
  ];
  const phases = Object.entries(bringUp(undefined, upRequest(services, { services: ['web'] }), 1).services);
  assert.deepEqual(Object.fromEntries(phases.map(([name, { phase }]) => [name, phase])), {
    web: 'running',
    db: 'running',
    worker: 'absent',
  });
});

test('a scale back to the number of the file is the word of the file again', () => {
  const by = (scale: number, before = desiredOf([webService({ replicas: 3 })])) =>
    scaleTo(before, { web: scale }, 2);
  assert.equal(by(5).services['web']?.source, 'command');
  assert.equal(by(3, by(5)).services['web']?.source, 'file');
});

test('stop keeps, and start brings back only what was stopped', () => {
  const desired = desiredOf([webService(), serviceOf('db'), serviceOf('never')], {
    never: { phase: 'absent' },
  });
  const stopped = stopServices(desired, undefined, undefined);
  assert.equal(stopped.services['web']?.phase, 'stopped');
  const started = startServices(stopped, undefined, 50);
  assert.deepEqual(
    [started.services['web']?.phase, started.services['web']?.activeSince, started.services['never']?.phase],
    ['running', 50, 'absent'],
  );
});
