import type { Replica } from '../../model/replica.ts';
import type { Stack } from '../../model/stack.ts';
import type {
  LogLine,
  Progress,
  ReplicaSpec,
  ReplicaUsage,
  ReplicaWatcher,
  RuntimeDriver,
  StopOptions,
  TeardownOptions,
} from '../runtime-driver.ts';
import { TenfoldError } from '../../shared/errors.ts';
import { prepareAmbassadorImage } from './ambassador/image.ts';
import { tellUncarried } from './ambassador/uncarried-ports.ts';
import { DockerConsole } from './console/docker-console.ts';
import { KeptLogs } from './console/kept-logs.ts';
import { containerLogs } from './console/logs.ts';
import { engineAddress } from './engine/address.ts';
import { Engine } from './engine/engine.ts';
import { reachOf } from './engine/reach.ts';
import type { Reach } from './engine/reach.ts';
import { prepareImage } from './image/images.ts';
import { hasAmbassador, imageName, networkKeys, volumeKeys } from './names.ts';
import { prepareNetwork } from './project/networks.ts';
import { removeElements } from './project/teardown.ts';
import { prepareVolume } from './project/volumes.ts';
import { followEvents } from './replica/events.ts';
import { HandStops } from './replica/hand-stops.ts';
import { Observer } from './replica/observe.ts';
import { removeContainer } from './replica/remove.ts';
import { startContainer } from './replica/start.ts';
import { stopContainer } from './replica/stop.ts';
import { ContainerUsage } from './usage/container-usage.ts';

export interface DockerDriverOptions {
  /** `unix:///path`, `tcp://host:port` or `ssh://user@host`; undefined: as the docker command finds it. */
  readonly host?: string;
  /** How replicas are reached; undefined: as the engine's address and this platform tell. */
  readonly reach?: Reach;
}

/** Lines of a removed replica's log that are kept. */
const keptLogLines = 500;

/** Runs replicas as containers of a Docker engine, under docker compose's own names and labels. */
export function createDockerDriver({ host, reach }: DockerDriverOptions = {}): RuntimeDriver {
  const engine = new Engine(() => engineAddress(host, process.env));
  return new DockerDriver(engine, () => reach ?? reachOf(engine.address, process.platform));
}

class DockerDriver implements RuntimeDriver {
  readonly name = 'docker';
  readonly console: DockerConsole;
  readonly #engine: Engine;
  readonly #reach: () => Reach;
  readonly #observer: Observer;
  readonly #usage: ContainerUsage;
  readonly #keptLogs = new KeptLogs();
  readonly #handStops = new HandStops();
  readonly #disposed = new AbortController();

  constructor(engine: Engine, reach: () => Reach) {
    this.#engine = engine;
    this.#reach = reach;
    this.#observer = new Observer(engine, reach);
    this.#usage = new ContainerUsage(engine);
    this.console = new DockerConsole(engine, this.#keptLogs, this.#handStops);
  }

  observe(stackName: string, signal: AbortSignal): Promise<readonly Replica[]> {
    return this.#observer
      .replicas(stackName, signal)
      .then((replicas) => replicas.map((replica) => this.#handStops.mark(replica)));
  }

  watch(stackName: string, watcher: ReplicaWatcher, signal: AbortSignal): void {
    const onChange = (): void => watcher.onChange();
    const listener = {
      onContainer: (containerId: string): void => {
        this.#observer.forget(containerId);
        onChange();
      },
      onSignal: (containerId: string, name: number): void => {
        if (this.#handStops.signalled(containerId, name, Date.now())) watcher.onStoppedByHand?.(containerId);
      },
      onStart: (containerId: string): void => this.#handStops.started(containerId),
      onBegin: (): void => {
        this.#observer.forgetAll();
        onChange();
      },
      onLoss: (): void => {
        this.#handStops.lost(Date.now());
        this.#observer.forgetAll();
        onChange();
      },
    };
    const both = AbortSignal.any([signal, this.#disposed.signal]);
    void followEvents(this.#engine, stackName, listener, both);
  }

  async prepare(
    stack: Stack,
    services: readonly string[],
    progress: Progress,
    signal: AbortSignal,
  ): Promise<void> {
    const wanted = services.map((name) => stack.services[name]).filter((service) => service !== undefined);
    // One service for each image; the one that can build it, where another only names it.
    const byBuild = wanted.toSorted((a, b) => Number('build' in a.config) - Number('build' in b.config));
    const images = new Map(byBuild.map((service) => [imageName(stack, service), service]));
    for (const service of images.values()) {
      await prepareImage(this.#engine, stack, service, progress, signal);
    }
    const called = wanted.filter(hasAmbassador);
    if (called.length > 0) await prepareAmbassadorImage(this.#engine, progress, signal);
    for (const service of called) await tellUncarried(this.#engine, stack, service, progress, signal);
    for (const key of new Set(wanted.flatMap(networkKeys))) {
      await prepareNetwork(this.#engine, stack, key, progress, signal);
    }
    for (const key of new Set(wanted.flatMap((service) => volumeKeys(stack, service)))) {
      await prepareVolume(this.#engine, stack, key, progress, signal);
    }
  }

  async start(spec: ReplicaSpec, signal: AbortSignal): Promise<Replica> {
    const id = await startContainer(this.#engine, spec, this.#reach(), signal);
    this.#observer.forget(id);
    const replica = await this.#observer.replica(id, signal);
    if (replica !== undefined) return replica;
    throw new TenfoldError(
      'replica-failed',
      `${spec.service.name}-${spec.index} was removed while it started`,
      {
        hint: 'somebody else is at work on the stack; try again',
      },
    );
  }

  async stop(replica: Replica, options: StopOptions, signal: AbortSignal): Promise<void> {
    this.#handStops.claim(replica.id);
    await stopContainer(this.#engine, replica, options, signal);
    this.#observer.forget(replica.id);
  }

  async remove(replica: Replica, signal: AbortSignal): Promise<void> {
    this.#handStops.claim(replica.id);
    await this.#keepLog(replica, signal);
    await removeContainer(this.#engine, replica, signal);
    this.#observer.forget(replica.id);
  }

  teardown(stack: Stack, options: TeardownOptions, signal: AbortSignal): Promise<void> {
    return removeElements(this.#engine, stack, options, signal);
  }

  usage(replicas: readonly Replica[], signal: AbortSignal): Promise<readonly ReplicaUsage[]> {
    return this.#usage.of(replicas, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
    return Promise.resolve();
  }

  async #keepLog(replica: Replica, signal: AbortSignal): Promise<void> {
    const options = { follow: false, tail: keptLogLines, sinceMs: undefined };
    const lines: LogLine[] = [];
    try {
      for await (const line of containerLogs(this.#engine, replica, options, signal)) lines.push(line);
    } catch (thrown) {
      // A logging driver that cannot be read back is no reason to keep the container.
      if (!(thrown instanceof TenfoldError) || thrown.code !== 'runtime-failed') throw thrown;
    }
    // Nothing to read once it is gone; what an earlier call kept stays.
    if (lines.length > 0) this.#keptLogs.keep(replica.id, lines);
  }
}
