import type { Endpoint } from '../model/endpoint.ts';
import type { Replica } from '../model/replica.ts';
import type { HealthCheck, Service } from '../model/service.ts';
import type { ReplicaConsole } from '../runtime/runtime-driver.ts';
import type { Clock } from '../shared/clock.ts';
import { checkByCommand } from './command-check.ts';
import { afterCheck, beginHealth, checkDelayMs } from './health-state.ts';
import type { HealthState, HealthVerdict } from './health-state.ts';
import { checkPorts } from './port-check.ts';
import { Turns } from './turns.ts';

const portCheckEveryMs = 100;
const portCheckTimeoutMs = 1_000;
const commandsAtATime = 8;
/** How long a port that nobody published is waited for: a worker never opens it. */
const hopedPortMs = 2_000;
/** How long a replica that nothing can be asked of has to run: many that fail do so at once. */
const settleMs = 1_000;

export interface HealthMonitorOptions {
  readonly clock: Clock;
  readonly consoleOf: (replica: Replica) => ReplicaConsole;
  /** Who else listens on a port of the replica, as its runtime says it; undefined: nobody. */
  readonly foreignListener: (replica: Replica, port: number) => Promise<string | undefined>;
  /** Undefined when the stack no longer has it: then it is healthy while it runs. */
  readonly serviceOf: (replica: Replica) => Service | undefined;
  /** Called after a verdict has changed. */
  readonly onChange: () => void;
}

export interface ReplicaVerdict {
  readonly health: HealthVerdict;
  /** Since when, milliseconds since the epoch. */
  readonly since: number;
  readonly lastOutput?: string;
}

interface TrackedReplica {
  readonly replica: Replica;
  readonly startedAt: number;
  readonly stopping: AbortController;
  state: HealthState;
}

/**
 * Says how replicas are. Where the runtime checks them itself, its word is passed on; where it does not, the service's
 * health check is run here, or without one, every published port has to accept a connection once: from then on the
 * balancer's own checks look after it.
 */
export class HealthMonitor implements AsyncDisposable {
  readonly #options: HealthMonitorOptions;
  readonly #tracked = new Map<string, TrackedReplica>();
  readonly #commandTurns = new Turns(commandsAtATime);
  readonly #loops = new Set<Promise<void>>();

  constructor(options: HealthMonitorOptions) {
    this.#options = options;
  }

  /** Takes the replicas there are now: begins with those that started, forgets those that are gone or ended. */
  track(replicas: readonly Replica[]): void {
    const keys = new Set<string>();
    for (const replica of replicas) {
      const key = keyOf(replica);
      if (key === undefined) continue;
      keys.add(key);
      const tracked = this.#tracked.get(key);
      if (replica.health === 'none') {
        if (tracked === undefined) this.#begin(key, replica);
      } else this.#pass(key, replica, replica.health);
    }
    for (const [key, tracked] of this.#tracked) {
      if (keys.has(key)) continue;
      this.#tracked.delete(key);
      tracked.stopping.abort();
    }
  }

  verdictOf(replica: Replica): ReplicaVerdict {
    const tracked = this.#tracked.get(keyOf(replica) ?? '');
    if (tracked !== undefined && (replica.health === 'none' || replica.health === tracked.state.health)) {
      const { health, since, lastOutput } = tracked.state;
      return lastOutput === undefined ? { health, since } : { health, since, lastOutput };
    }
    const since = replica.state.kind === 'running' ? replica.state.startedAt : replica.createdAt;
    return { health: replica.health === 'none' ? 'starting' : replica.health, since };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.track([]);
    await Promise.allSettled(this.#loops);
  }

  /** The runtime's own verdict; all that is kept is since when. */
  #pass(key: string, replica: Replica, health: HealthVerdict): void {
    const tracked = this.#tracked.get(key);
    if (tracked?.state.health === health) return;
    const since = tracked === undefined ? startOf(replica) : this.#options.clock.now();
    this.#tracked.set(key, {
      replica,
      startedAt: startOf(replica),
      stopping: new AbortController(),
      state: beginHealth(health, since),
    });
  }

  #begin(key: string, replica: Replica): void {
    const { clock, serviceOf } = this.#options;
    const service = serviceOf(replica);
    const healthCheck = service?.healthCheck;
    const ports = checkedPorts(replica, service);
    const hasCheck = healthCheck !== undefined || ports.required.length + ports.hoped.length > 0;
    const hasSettled = !hasCheck && clock.now() - startOf(replica) >= settleMs;
    const tracked: TrackedReplica = {
      replica,
      startedAt: startOf(replica),
      stopping: new AbortController(),
      state: hasSettled ? beginHealth('healthy', startOf(replica)) : beginHealth('starting', clock.now()),
    };
    this.#tracked.set(key, tracked);
    if (hasSettled) return;
    const loop = (
      healthCheck === undefined
        ? this.#watchPorts(tracked, ports)
        : this.#watchByCommand(tracked, healthCheck)
    ).catch((thrown: unknown) => {
      // An abort is how a loop ends; anything else is a bug and must be seen.
      if (!tracked.stopping.signal.aborted) throw thrown;
    });
    this.#loops.add(loop);
    void loop.finally(() => this.#loops.delete(loop));
  }

  async #watchPorts(tracked: TrackedReplica, { required, hoped }: CheckedPorts): Promise<void> {
    const { clock } = this.#options;
    const { signal } = tracked.stopping;
    if (required.length + hoped.length === 0) {
      await clock.sleep(Math.max(0, tracked.startedAt + settleMs - clock.now()), signal);
    }
    for (;;) {
      const isPatient = clock.now() - tracked.startedAt < hopedPortMs;
      const asked = isPatient ? [...required, ...hoped] : required;
      const trouble =
        (await checkPorts(asked, portCheckTimeoutMs, signal)) ??
        (await this.#describeForeigner(tracked.replica, asked));
      if (trouble === undefined) {
        this.#change(tracked, beginHealth('healthy', clock.now()));
        return;
      }
      this.#change(tracked, { ...tracked.state, lastOutput: trouble });
      await clock.sleep(portCheckEveryMs, signal);
    }
  }

  async #watchByCommand(tracked: TrackedReplica, check: HealthCheck): Promise<void> {
    const { clock, consoleOf } = this.#options;
    const { replica, startedAt, stopping } = tracked;
    const { signal } = stopping;
    const firstDelayMs = checkDelayMs(tracked.state, check, startedAt, startedAt);
    // One that runs for longer than that already (it was adopted) is checked at once.
    await clock.sleep(Math.max(0, startedAt + firstDelayMs - clock.now()), signal);
    for (;;) {
      const result = await this.#commandTurns.run(async () => {
        const checkedAt = clock.now();
        const answer = await checkByCommand(replica, check, consoleOf(replica), clock, signal);
        const isPassedAnew = answer.isPassed && tracked.state.health !== 'healthy';
        const trouble = isPassedAnew ? await this.#describeForeigner(replica, replica.endpoints) : undefined;
        const judged = trouble === undefined ? answer : { isPassed: false, output: trouble };
        return { ...judged, startedAt: checkedAt };
      }, signal);
      this.#change(tracked, afterCheck(tracked.state, result, check, startedAt, clock.now()));
      await clock.sleep(checkDelayMs(tracked.state, check, startedAt, clock.now()), signal);
    }
  }

  /** What answers at a replica's port is not the replica when another program was there first. */
  async #describeForeigner(replica: Replica, endpoints: readonly Endpoint[]): Promise<string | undefined> {
    for (const { host, port } of endpoints) {
      const foreigner = await this.#options.foreignListener(replica, port);
      if (foreigner !== undefined) return `${host}:${port} is taken by ${foreigner}`;
    }
    return undefined;
  }

  #change(tracked: TrackedReplica, state: HealthState): void {
    const hasChanged = state.health !== tracked.state.health;
    tracked.state = state;
    if (hasChanged) this.#options.onChange();
  }
}

/** A replica that was started anew is another one; one that does not run is none. */
function keyOf({ id, state }: Replica): string | undefined {
  return state.kind === 'running' ? `${id}@${state.startedAt}` : undefined;
}

function startOf({ state, createdAt }: Replica): number {
  return state.kind === 'running' ? state.startedAt : createdAt;
}

interface CheckedPorts {
  /** Published: it has to accept connections there. */
  readonly required: readonly Endpoint[];
  /** Other services may reach it there, and whether it serves or only works is not known. */
  readonly hoped: readonly Endpoint[];
}

/** Ports that an image merely exposes do not count: many programs listen on some of theirs only. */
function checkedPorts({ endpoints }: Replica, service: Service | undefined): CheckedPorts {
  const { listeners = [], directPorts = [], routedTargets = [] } = service ?? {};
  const published = new Set([
    ...listeners.filter(({ exposure }) => exposure === 'published').map(({ target }) => target),
    ...directPorts.filter(({ protocol }) => protocol === 'tcp').map(({ target }) => target),
    ...routedTargets,
  ]);
  const reachable = new Set(listeners.map(({ target }) => target));
  return {
    required: endpoints.filter(({ target }) => published.has(target)),
    hoped: endpoints.filter(({ target }) => !published.has(target) && reachable.has(target)),
  };
}
