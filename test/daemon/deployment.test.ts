import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { desiredOf, webService } from '../helpers/simulated/memory-stack.ts';
import type { Desired } from '../../src/controller/desired.ts';
import { deploymentOf } from '../../src/daemon/rollout/deployment.ts';
import type { Service } from '../../src/model/service.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';

const container = (image: string, fields: Partial<Service> = {}): Service =>
  webService({
    kind: 'container',
    revision: image.padEnd(64, '0'),
    config: { image, build: '.' },
    ...fields,
  });

/** What is stored after a deployment. */
function after(file: Service, deployment: ReturnType<typeof deploymentOf>): Desired {
  const desired = desiredOf([file], { web: { imageOverride: deployment.overrides['web'] } });
  return { ...desired, stack: deployment.stack };
}

describe('an image given by a command', () => {
  const file = container('web:1');
  const given = deploymentOf(desiredOf([file]), desiredOf([file]).stack, undefined, { web: 'web:2' });

  test('makes another revision, which is not built here', () => {
    const web = given.stack.services['web'];
    assert.deepEqual(web?.config, { image: 'web:2' });
    assert.notEqual(web.revision, file.revision);
    assert.deepEqual(given.overrides['web'], { image: 'web:2', fileImage: 'web:1' });
  });

  test('holds through the next up, which says so', () => {
    const next = deploymentOf(after(file, given), desiredOf([file]).stack, undefined);
    assert.equal(next.stack.services['web']?.revision, given.stack.services['web']?.revision);
    assert.match(next.warnings.join(), /web runs web:2, given by a command; the file says web:1/);
  });

  test('ends when the file names another image, or the command names that of the file', () => {
    const changed = container('web:3');
    const next = deploymentOf(after(file, given), desiredOf([changed]).stack, undefined);
    assert.equal(next.stack.services['web']?.revision, changed.revision);
    const back = deploymentOf(after(file, given), desiredOf([file]).stack, undefined, { web: 'web:1' });
    assert.equal(back.stack.services['web']?.revision, file.revision);
    assert.deepEqual(back.overrides, {});
  });

  test('is refused for a local process', () => {
    const stack = desiredOf([webService()]).stack;
    assert.throws(
      () => deploymentOf(undefined, stack, undefined, { web: 'x' }),
      (thrown) => isTenfoldError(thrown, 'usage'),
    );
  });
});

test('a running service that is not meant stays what it is, whatever the file says now', () => {
  const before = desiredOf([webService(), webService({ name: 'api' })]);
  const changed = desiredOf([
    webService({ revision: 'b'.repeat(64) }),
    webService({ name: 'api', revision: 'c'.repeat(64) }),
  ]);
  const { stack } = deploymentOf(before, changed.stack, new Set(['api']));
  assert.equal(stack.services['web'], before.stack.services['web']);
  assert.equal(stack.services['api'], changed.stack.services['api']);
});
