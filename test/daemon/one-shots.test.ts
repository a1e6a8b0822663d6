import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MortalWorld, untilSettled, type MortalDaemon } from '../helpers/simulated/mortal-daemon.ts';
import { desiredOf, webService } from '../helpers/simulated/memory-stack.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { serviceOf } from '../contracts/stack-of.ts';
import * as commands from '../../src/daemon/stack/commands.ts';
import { up } from '../../src/daemon/stack/up.ts';
import type { Service } from '../../src/model/service.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';

const never = new AbortController().signal;
const requester = { user: 'somebody', commandLine: 'tenfold' };

const migrate = serviceOf('migrate', { restart: { ...webService().restart, condition: 'none' } });

function web(letter: string): Service {
  const dependency = { service: 'migrate', condition: 'service_completed_successfully' } as const;
  return webService({
    revision: letter.repeat(64),
    dependsOn: [{ ...dependency, restart: false, required: true }],
  });
}

async function bringUp(daemon: MortalDaemon, service: Service): Promise<void> {
  const { stack } = desiredOf([migrate, service]);
  const request = { stack, scale: {}, resetScale: false, removeOrphans: false, forceRecreate: false };
  await up(daemon.registry, { ...request, requester }, never);
  await untilSettled(daemon);
}

test('what has to complete first runs once for each rollout, before any new replica, and not for a scale', async () => {
  await using folder = await temporaryFolder();
  const starts: string[] = [];
  const world = new MortalWorld(folder.path, ({ service, revision }) => {
    starts.push(service === 'migrate' ? 'migrate' : `${service} ${revision[0]}`);
    return service === 'migrate' ? { exit: { afterMs: 30, code: 0 } } : {};
  });
  await using daemon = await world.startDaemon();
  await bringUp(daemon, web('a'));
  assert.deepEqual(starts.splice(0), ['migrate', 'web a', 'web a', 'web a']);
  await bringUp(daemon, web('b'));
  assert.deepEqual(starts.splice(0), ['migrate', 'web b', 'web b', 'web b']);
  const scale = { scale: { web: 4 }, requester };
  await commands.scale(daemon.registry.get('demo'), scale, daemon.registry, never);
  assert.deepEqual(starts.splice(0), ['web b']);
  await bringUp(daemon, web('b'));
  assert.deepEqual(starts, []);
});

test('when it fails, so does the rollout, and nothing of the new revision was started', async () => {
  await using folder = await temporaryFolder();
  let isBroken = false;
  const world = new MortalWorld(folder.path, ({ service }) =>
    service === 'migrate' ? { exit: { afterMs: 10, code: isBroken ? 3 : 0 } } : {},
  );
  await using daemon = await world.startDaemon();
  await bringUp(daemon, web('a'));
  isBroken = true;
  await assert.rejects(bringUp(daemon, web('b')), (thrown: unknown) => {
    assert.ok(
      isTenfoldError(thrown) && /migrate-1 ended with exit code 3/.test(thrown.message),
      String(thrown),
    );
    return true;
  });
  const served = (await world.replicas()).filter(({ service }) => service === 'web');
  assert.deepEqual([...new Set(served.map(({ revision }) => revision[0]))], ['a']);
});
