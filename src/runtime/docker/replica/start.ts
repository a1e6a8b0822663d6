import type { ReplicaSpec } from '../../runtime-driver.ts';
import { containerSpec } from '../container/container-spec.ts';
import type { ContainerSpec } from '../container/container-spec.ts';
import type { Engine } from '../engine/engine.ts';
import type { Reach } from '../engine/reach.ts';
import { composeServiceOf } from '../compose-types.ts';
import { containerName } from '../names.ts';
import { claimName } from './claim-name.ts';
import { injectFiles } from './inject-files.ts';
import { inspectContainer } from './observe.ts';
import { namingPortHolder } from './port-holder.ts';
import { surroundingsOf } from './surroundings-of.ts';

/** How long cleaning up after a failure may take; the caller's signal may be what failed it. */
const cleanupTimeoutMs = 10_000;

/** Starts a replica's container, creating it unless it exists, and returns its id. What fails leaves no container. */
export async function startContainer(
  engine: Engine,
  spec: ReplicaSpec,
  reach: Reach,
  signal: AbortSignal,
): Promise<string> {
  const name = containerName(spec.stack, spec.service, spec.index);
  if (spec.existingId !== undefined) {
    await completeCreation(engine, spec, reach, spec.existingId, signal);
    await start(engine, name, spec.existingId, signal);
    return spec.existingId;
  }
  const surroundings = await surroundingsOf(engine, spec, reach, signal);
  const { body, laterNetworks } = containerSpec(spec, surroundings);
  const claim = await claimName(engine, spec, signal);
  if (claim.kind === 'unstarted') await remove(engine, name, claim.id, signal);
  let created: string | undefined;
  try {
    const { Id: id } = await engine.json<{ Id: string }>(`create the container ${name}`, {
      method: 'POST',
      path: '/containers/create',
      query: { name, platform: composeServiceOf(spec.service).platform },
      body,
      signal,
    });
    created = id;
    await injectFiles(engine, spec, id, signal);
    await connect(engine, name, id, laterNetworks, signal);
    await start(engine, name, id, signal);
    return id;
  } catch (thrown) {
    await undo(async (limit) => {
      if (created !== undefined) await remove(engine, name, created, limit);
      if (claim.kind === 'renamed') await claim.giveBack(limit);
    });
    throw await namingPortHolder(engine, thrown, signal);
  }
}

/** A container that was created and never started may lack what comes between the two. */
async function completeCreation(
  engine: Engine,
  spec: ReplicaSpec,
  reach: Reach,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const details = await inspectContainer(engine, id, signal);
  if (details?.State.Status !== 'created') return;
  const { laterNetworks } = containerSpec(spec, await surroundingsOf(engine, spec, reach, signal));
  const connected = Object.keys(details.NetworkSettings.Networks);
  const missing = laterNetworks.filter(({ network }) => !connected.includes(network));
  await injectFiles(engine, spec, id, signal);
  await connect(engine, details.Name.slice(1), id, missing, signal);
}

async function connect(
  engine: Engine,
  name: string,
  id: string,
  networks: ContainerSpec['laterNetworks'],
  signal: AbortSignal,
): Promise<void> {
  for (const { network, endpoint } of networks) {
    await engine.send(`connect the container ${name} to the network ${network}`, {
      method: 'POST',
      path: `/networks/${encodeURIComponent(network)}/connect`,
      body: { Container: id, EndpointConfig: endpoint },
      signal,
    });
  }
}

async function start(engine: Engine, name: string, id: string, signal: AbortSignal): Promise<void> {
  // 304, already running, counts as done.
  await engine.send(`start the container ${name}`, {
    method: 'POST',
    path: `/containers/${id}/start`,
    signal,
  });
}

function remove(engine: Engine, name: string, id: string, signal: AbortSignal): Promise<void> {
  return engine.send(`remove the container ${name}`, {
    method: 'DELETE',
    path: `/containers/${id}`,
    query: { force: true, v: true },
    signal,
  });
}

async function undo(work: (limit: AbortSignal) => Promise<void>): Promise<void> {
  try {
    await work(AbortSignal.timeout(cleanupTimeoutMs));
  } catch {
    // What made the start fail is the error to show; a container left behind is seen as created or exited.
  }
}
