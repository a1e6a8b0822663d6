import type { ContainerInfo, ContainerInspectInfo, NetworkInspectInfo } from 'dockerode';
import type { Replica } from '../../../model/replica.ts';
import type { Engine } from '../engine/engine.ts';
import { isNotFound } from '../engine/engine-error.ts';
import type { Reach } from '../engine/reach.ts';
import { label } from '../labels.ts';
import { endpointsOf } from './endpoints.ts';
import { inParallel } from './in-parallel.ts';
import { replicaOf } from './replica-of.ts';

interface Remembered {
  readonly fingerprint: string;
  readonly details: ContainerInspectInfo;
}

const inspectionsAtOnce = 8;

/** Sees a stack's containers with one list, and looks closer only at those that changed since the last time. */
export class Observer {
  readonly #engine: Engine;
  readonly #reach: () => Reach;
  readonly #details = new Map<string, Remembered>();
  readonly #networkDrivers = new Map<string, string>();

  constructor(engine: Engine, reach: () => Reach) {
    this.#engine = engine;
    this.#reach = reach;
  }

  /** Look closer the next time: an event told of a change that the list may not show. */
  forget(containerId: string): void {
    this.#details.delete(containerId);
  }

  /** Look closer at everything: events may have been missed. */
  forgetAll(): void {
    this.#details.clear();
    this.#networkDrivers.clear();
  }

  async replicas(stackName: string, signal: AbortSignal): Promise<readonly Replica[]> {
    const summaries = await listContainers(this.#engine, stackName, signal);
    const present = new Set(summaries.map(({ Id }) => Id));
    for (const [id, { details }] of this.#details) {
      if (details.Config.Labels[label.project] === stackName && !present.has(id)) this.#details.delete(id);
    }
    const observed = await inParallel(summaries, inspectionsAtOnce, (summary) => this.#look(summary, signal));
    return this.#replicasOf(
      observed.filter((container) => container !== undefined),
      signal,
    );
  }

  /** One container, looked at now; undefined when there is no such container. */
  async replica(containerId: string, signal: AbortSignal): Promise<Replica | undefined> {
    const details = await inspectContainer(this.#engine, containerId, signal);
    if (details === undefined) return undefined;
    const [replica] = await this.#replicasOf([details], signal);
    return replica;
  }

  async #look(summary: ContainerInfo, signal: AbortSignal): Promise<ContainerInspectInfo | undefined> {
    const fingerprint = fingerprintOf(summary);
    const remembered = this.#details.get(summary.Id);
    if (remembered?.fingerprint === fingerprint) return remembered.details;
    const details = await inspectContainer(this.#engine, summary.Id, signal);
    // Removed since it was listed.
    if (details === undefined) return undefined;
    this.#details.set(summary.Id, { fingerprint, details });
    return details;
  }

  async #replicasOf(
    containers: readonly ContainerInspectInfo[],
    signal: AbortSignal,
  ): Promise<readonly Replica[]> {
    await this.#learnDrivers(containers, signal);
    const owners = await this.#namespaceOwners(containers, signal);
    await this.#learnDrivers([...owners.values()], signal);
    const surroundings = {
      reach: this.#reach(),
      driverOf: (networkId: string) => this.#networkDrivers.get(networkId),
      ownerOf: (id: string) => owners.get(id),
    };
    return containers.map((details) => ({
      ...replicaOf(details),
      endpoints: endpointsOf(details, surroundings),
    }));
  }

  async #learnDrivers(containers: readonly ContainerInspectInfo[], signal: AbortSignal): Promise<void> {
    const ids = containers.flatMap((details) =>
      Object.values(details.NetworkSettings.Networks ?? {}).map(({ NetworkID }) => NetworkID),
    );
    if (ids.every((id) => id === '' || this.#networkDrivers.has(id))) return;
    const path = '/networks';
    const networks = await this.#engine.json<NetworkInspectInfo[]>('list the networks', {
      method: 'GET',
      path,
      signal,
    });
    for (const { Id, Driver } of networks) this.#networkDrivers.set(Id, Driver);
    // Gone since: remembered as unknown, so that it is not asked for again and again.
    for (const id of ids) if (!this.#networkDrivers.has(id)) this.#networkDrivers.set(id, '');
  }

  /** Containers whose network others share (`network_mode: service:NAME`), by the name the sharer has for them. */
  async #namespaceOwners(
    containers: readonly ContainerInspectInfo[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ContainerInspectInfo>> {
    const owners = new Map<string, ContainerInspectInfo>();
    for (const details of containers) {
      const [, id] = /^container:(.+)$/.exec(details.HostConfig.NetworkMode ?? '') ?? [];
      if (id === undefined || owners.has(id)) continue;
      const owner = await inspectContainer(this.#engine, id, signal);
      if (owner !== undefined) owners.set(id, owner);
    }
    return owners;
  }
}

/** Containers that docker compose would call the stack's own, in whatever state, but not its ambassadors. */
export async function listContainers(
  engine: Engine,
  stackName: string,
  signal: AbortSignal,
): Promise<readonly ContainerInfo[]> {
  const labels = [`${label.project}=${stackName}`, `${label.oneOff}=False`, label.configHash];
  const containers = await engine.json<readonly ContainerInfo[]>('list the containers', {
    method: 'GET',
    path: '/containers/json',
    query: { all: true, filters: { label: labels } },
    signal,
  });
  return containers.filter(({ Labels }) => Labels[label.role] === undefined);
}

export async function inspectContainer(
  engine: Engine,
  id: string,
  signal: AbortSignal,
): Promise<ContainerInspectInfo | undefined> {
  try {
    const path = `/containers/${encodeURIComponent(id)}/json`;
    return await engine.json(`inspect the container ${id.slice(0, 12)}`, { method: 'GET', path, signal });
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  }
}

/**
 * Changes whenever the container does. The status text counts the time since the last start or end in ever coarser
 * steps, so a restart between two looks sets it back, and a steady container is looked at less and less often.
 */
function fingerprintOf({ State, Status, Names, NetworkSettings }: ContainerInfo): string {
  const addresses = Object.values(NetworkSettings?.Networks ?? {}).map(
    ({ NetworkID, EndpointID, IPAddress }) => `${NetworkID}/${EndpointID}/${IPAddress}`,
  );
  return [State, Status, ...Names, ...addresses.sort()].join(' ');
}
