import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireTargets } from '../../src/cli/targets.ts';
import { sampleReplica, sampleService, sampleStack } from './sample-status.ts';

test('a word that names a service and a replica of another one means the service, in whatever order they come', () => {
  const web = sampleService({ name: 'web', replicas: [sampleReplica(1), sampleReplica(2)] });
  const other = sampleService({ name: 'web-2', replicas: [] });
  for (const services of [
    [web, other],
    [other, web],
  ]) {
    const targets = requireTargets(sampleStack({ services }), ['web-2', 'web-1']);
    assert.deepEqual(
      targets.map(({ service, instance }) => [service.name, instance]),
      [
        ['web-2', undefined],
        ['web', 'web-1'],
      ],
    );
  }
});
