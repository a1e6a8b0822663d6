import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Death,
  type MortalDaemon,
  MortalWorld,
  untilSettled,
} from '../helpers/simulated/mortal-daemon.ts';
import { desiredOf, webService } from '../helpers/simulated/memory-stack.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import type { Service } from '../../src/model/service.ts';
import type { Requester } from '../../src/daemon/control-api.ts';
import * as commands from '../../src/daemon/stack/commands.ts';
import type { MemoryDriverOptions } from '../../src/runtime/memory/memory-driver.ts';

const never = new AbortController().signal;
const requester: Requester = { user: 'somebody', commandLine: 'tenfold' };
const oldRevision = 'a'.repeat(64);
const newRevision = 'b'.repeat(64);

interface Walk {
  readonly name: string;
  /** What is killed while it is at work. */
  readonly change: (daemon: MortalDaemon, signal: AbortSignal) => Promise<unknown>;
  readonly service?: Partial<Service>;
  readonly behaviourOf?: MemoryDriverOptions['behaviourOf'];
  /** Replicas and revision in which it may end, each as `3 × aaaaaaa`. */
  readonly ends: readonly string[];
  /** Never fewer in rotation, once they are up. */
  readonly leastActive: number;
  /** Beside those that drain. */
  readonly mostRunning: number;
  readonly mostAtAll?: number;
}

function up(service: Partial<Service>): Walk['change'] {
  return ({ registry }, signal) => {
    const { stack } = desiredOf([webService(service)]);
    const request = {
      stack,
      scale: {},
      resetScale: false,
      removeOrphans: false,
      forceRecreate: false,
      requester,
    };
    return commands.up(registry, request, signal);
  };
}

function scale(replicas: number): Walk['change'] {
  return ({ registry }, signal) =>
    commands.scale(registry.get('demo'), { scale: { web: replicas }, requester }, registry, signal);
}

/** With nobody there to compare the two revisions. */
const canary = {
  strategy: 'canary',
  steps: [
    { kind: 'share', share: 0.3 },
    { kind: 'pause', durationMs: 5 },
    { kind: 'share', share: 1 },
  ],
  gate: undefined,
} as const;

const singleton: Partial<Service> = {
  replicas: 1,
  isSingleton: true,
  update: { ...webService().update, order: 'stop-first' },
};

const walks: readonly Walk[] = [
  {
    name: 'scaling up',
    change: scale(5),
    ends: ['3 × aaaaaaa', '5 × aaaaaaa'],
    leastActive: 3,
    mostRunning: 5,
  },
  {
    name: 'scaling down',
    change: scale(1),
    ends: ['3 × aaaaaaa', '1 × aaaaaaa'],
    leastActive: 1,
    mostRunning: 3,
  },
  {
    name: 'a rolling update, start-first',
    change: up({ revision: newRevision }),
    ends: ['3 × aaaaaaa', '3 × bbbbbbb'],
    leastActive: 3,
    mostRunning: 4,
  },
  {
    name: 'a rolling update, stop-first',
    service: { update: { ...webService().update, order: 'stop-first' } },
    change: up({ revision: newRevision, update: { ...webService().update, order: 'stop-first' } }),
    ends: ['3 × aaaaaaa', '3 × bbbbbbb'],
    leastActive: 2,
    mostRunning: 3,
  },
  {
    name: 'a blue-green update',
    change: up({
      revision: newRevision,
      rollout: { ...webService().rollout, strategy: 'blue-green', keepMs: 20 },
    }),
    ends: ['3 × aaaaaaa', '3 × bbbbbbb'],
    leastActive: 3,
    mostRunning: 6,
  },
  {
    name: 'a canary',
    change: up({ revision: newRevision, rollout: { ...webService().rollout, ...canary } }),
    ends: ['3 × aaaaaaa', '3 × bbbbbbb'],
    leastActive: 3,
    mostRunning: 6,
  },
  {
    name: 'a canary that never gets healthy',
    change: up({
      revision: newRevision,
      startTimeoutMs: 60,
      rollout: { ...webService().rollout, ...canary },
    }),
    behaviourOf: ({ revision }) => (revision === newRevision ? { healthyAfterMs: 'never' } : {}),
    ends: ['3 × aaaaaaa'],
    leastActive: 3,
    mostRunning: 6,
  },
  {
    name: 'an update to a revision that never gets healthy',
    change: up({ revision: newRevision, startTimeoutMs: 60 }),
    behaviourOf: ({ revision }) => (revision === newRevision ? { healthyAfterMs: 'never' } : {}),
    ends: ['3 × aaaaaaa'],
    leastActive: 3,
    mostRunning: 4,
  },
  {
    name: 'an update of a singleton',
    service: singleton,
    change: up({ ...singleton, revision: newRevision }),
    ends: ['1 × aaaaaaa', '1 × bbbbbbb'],
    leastActive: 0,
    mostRunning: 1,
    mostAtAll: 1,
  },
  {
    name: 'a restart',
    change: ({ registry }, signal) => commands.restart(registry.get('demo'), { requester }, registry, signal),
    ends: ['3 × aaaaaaa'],
    leastActive: 3,
    mostRunning: 4,
  },
  {
    name: 'taking it down',
    change: ({ registry }, signal) => {
      const request = { removeVolumes: false, removeOrphans: false, requester };
      return commands.down(registry.get('demo'), request, registry, signal);
    },
    ends: ['nothing', '3 × aaaaaaa'],
    leastActive: 0,
    mostRunning: 3,
  },
];

describe('a daemon killed at any of its calls leaves a stack that the next one brings to an end', () => {
  for (const walk of walks) {
    test(`in ${walk.name}`, async () => {
      for (const moment of ['before', 'after'] as const) {
        let hasDied = true;
        for (let atCall = 1; hasDied; atCall += 1) hasDied = await killAt(walk, { atCall, moment });
      }
    });
  }
});

/** Returns false when the change was over before that call. */
async function killAt(walk: Walk, death: Death): Promise<boolean> {
  await using folder = await temporaryFolder();
  const world = new MortalWorld(folder.path, walk.behaviourOf);
  {
    await using daemon = await world.startDaemon();
    await up({ revision: oldRevision, ...walk.service })(daemon, never);
    await untilSettled(daemon);
  }
  const { leastActive, mostRunning, mostAtAll = Infinity } = walk;
  world.rules = {
    leastActive: () => leastActive,
    mostRunning: () => mostRunning,
    mostAtAll: () => mostAtAll,
  };
  const { place, calls } = await changeUntilDeath(world, walk, death);
  const where = `killed ${death.moment} call ${death.atCall}, ${place ?? 'never'} (${calls.join(', ')})`;

  await using heir = await world.startDaemon();
  await untilSettled(heir);
  const found = await describeWorld(world);
  assert.ok(walk.ends.includes(found), `${found}; ${where}`);
  assert.deepEqual(world.violations, [], where);
  assert.deepEqual(world.bugs, [], where);
  return place !== undefined;
}

/** The call at which it was killed, if it was, and all that it had made. */
async function changeUntilDeath(
  world: MortalWorld,
  { change }: Walk,
  death: Death,
): Promise<{ readonly place: string | undefined; readonly calls: readonly string[] }> {
  await using daemon = await world.startDaemon(death);
  const done = change(daemon, never).then(
    () => undefined,
    // A change that fails is undone, and says so.
    () => undefined,
  );
  return { place: await Promise.race([daemon.life.ended, done]), calls: daemon.life.calls };
}

/** What runs, is in rotation and is wanted on disk, which have to be the same. */
async function describeWorld(world: MortalWorld): Promise<string> {
  const replicas = await world.replicas();
  const desired = await world.stored();
  const active = world.balancer.inRotation();
  const revisions = [...new Set(replicas.map(({ revision }) => revision))];
  const wanted = desired?.services['web'];
  if (replicas.length === 0 && (desired === undefined || wanted?.phase === 'absent')) return 'nothing';
  assert.equal(active.length, replicas.length, `${active.join()} of ${replicas.length}`);
  assert.equal(wanted?.replicas, replicas.length);
  assert.deepEqual(revisions, [desired?.stack.services['web']?.revision]);
  return `${replicas.length} × ${revisions[0]?.slice(0, 7)}`;
}
