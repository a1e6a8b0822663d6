import type { ContainerInfo, NetworkInspectInfo, VolumeInspectInfo } from 'dockerode';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from '../../../model/stack.ts';
import type { TeardownOptions } from '../../runtime-driver.ts';
import { TenfoldError, isTenfoldError } from '../../../shared/errors.ts';
import { composeNetworkOf, composeVolumeOf } from '../compose-types.ts';
import type { Engine } from '../engine/engine.ts';
import { engineStatus, engineWords, isNotFound } from '../engine/engine-error.ts';
import { label } from '../labels.ts';
import { networkName, volumeName } from '../names.ts';
import { removeContainerNow } from '../replica/remove.ts';
import { findNetwork } from './networks.ts';

/** The engine lets go of a removed container's endpoint a moment after the container is gone. */
const releaseAttempts = 10;
const releaseDelayMs = 200;

/**
 * Removes the networks that carry the stack's label and, on request, the volumes that carry it and are in the file: data
 * of a volume that the file no longer has is not removed by accident. External ones are left even with the label. What is
 * still in use is left too, and named in the error after all else was removed.
 */
export async function removeElements(
  engine: Engine,
  stack: Stack,
  { removeVolumes }: TeardownOptions,
  signal: AbortSignal,
): Promise<void> {
  const failures: TenfoldError[] = [];
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      if (!isTenfoldError(thrown, 'runtime-failed')) throw thrown;
      failures.push(thrown);
    }
  };
  await removeAmbassadors(engine, stack.name, signal);
  const query = { filters: { label: [`${label.project}=${stack.name}`] } };
  const networks = await engine.json<NetworkInspectInfo[]>('list the networks', {
    method: 'GET',
    path: '/networks',
    query,
    signal,
  });
  const externalNetworks = Object.keys(stack.networks)
    .filter((key) => composeNetworkOf(stack, key).external)
    .map((key) => networkName(stack, key));
  for (const network of networks.filter(({ Name }) => !externalNetworks.includes(Name))) {
    await attempt(() => removeNetwork(engine, network, signal));
  }
  if (removeVolumes) {
    const { Volumes: volumes } = await engine.json<{ Volumes: VolumeInspectInfo[] | null }>(
      'list the volumes',
      { method: 'GET', path: '/volumes', query, signal },
    );
    const declared = Object.keys(stack.volumes)
      .filter((key) => !composeVolumeOf(stack, key).external)
      .map((key) => volumeName(stack, key));
    for (const { Name: name } of (volumes ?? []).filter(({ Name }) => declared.includes(Name))) {
      await attempt(() => removeVolume(engine, name, signal));
    }
  }
  const [first, ...others] = failures;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  throw new TenfoldError('runtime-failed', `Docker kept ${failures.length} things of ${stack.name}`, {
    errors: failures,
  });
}

/** Those that the balancer knows are gone by now; this is for one that an interrupted daemon left. */
async function removeAmbassadors(engine: Engine, stackName: string, signal: AbortSignal): Promise<void> {
  const labels = [`${label.project}=${stackName}`, `${label.role}=ambassador`];
  const left = await engine.json<ContainerInfo[]>('list the ambassadors', {
    method: 'GET',
    path: '/containers/json',
    query: { all: true, filters: { label: labels } },
    signal,
  });
  for (const { Id: id } of left) await removeContainerNow(engine, id, signal);
}

async function removeNetwork(
  engine: Engine,
  { Id: id, Name: name }: NetworkInspectInfo,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await engine.send(`remove the network ${name}`, {
        method: 'DELETE',
        path: `/networks/${id}`,
        signal,
      });
    } catch (thrown) {
      if (isNotFound(thrown)) return;
      if (!isInUse(thrown)) throw thrown;
      const users = Object.values((await findNetwork(engine, id, signal))?.Containers ?? {});
      if (users.length === 0 && attempt < releaseAttempts) {
        await sleep(releaseDelayMs, undefined, { signal });
        continue;
      }
      const names = users.map(({ Name }) => Name ?? '').join(', ');
      throw new TenfoldError('runtime-failed', `the network ${name} stays: others are still on it`, {
        got: names === '' ? engineWords(thrown) : names,
        hint:
          names === ''
            ? `docker network inspect ${name} shows who uses it`
            : `docker network disconnect ${name} ${users[0]?.Name ?? 'CONTAINER'}, then tenfold down again`,
        cause: thrown,
      });
    }
  }
}

function isInUse(thrown: unknown): boolean {
  const status = engineStatus(thrown);
  return (
    (status === 403 || status === 409 || status === 500) &&
    /active endpoints|in use/i.test(engineWords(thrown))
  );
}

async function removeVolume(engine: Engine, name: string, signal: AbortSignal): Promise<void> {
  try {
    await engine.send(`remove the volume ${name}`, {
      method: 'DELETE',
      path: `/volumes/${encodeURIComponent(name)}`,
      query: { force: true },
      signal,
    });
  } catch (thrown) {
    if (isNotFound(thrown)) return;
    if (engineStatus(thrown) !== 409) throw thrown;
    throw new TenfoldError('runtime-failed', `the volume ${name} stays: a container still uses it`, {
      got: engineWords(thrown),
      hint: `docker ps -a --filter volume=${name} shows it; remove it, then tenfold down -v again`,
      cause: thrown,
    });
  }
}
