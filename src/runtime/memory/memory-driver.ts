import type { Endpoint } from '../../model/endpoint.ts';
import type { Replica } from '../../model/replica.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Clock } from '../../shared/clock.ts';
import { TenfoldError } from '../../shared/errors.ts';
import type { ReplicaSpec, RuntimeDriver, StopOptions } from '../runtime-driver.ts';
import type { MemoryBehaviour, MemoryStart } from './behaviour.ts';
import { createMemoryConsole } from './memory-console.ts';
import { MemoryStacks } from './memory-stacks.ts';
import { endingAt, isRunning, usageAt, viewAt } from './memory-replica.ts';
import type { MemoryReplica } from './memory-replica.ts';

export interface MemoryDriverOptions {
  readonly clock?: Clock;
  /** How a replica behaves after a start; without this everything goes well at once. */
  readonly behaviourOf?: (start: MemoryStart) => MemoryBehaviour;
  /** Why the runtime cannot be reached at that time; undefined when it can. */
  readonly unreachableAt?: (now: number) => string | undefined;
}

const firstPort = 61_000;
const portsPerAddress = 4_000;

/**
 * Pretends to run replicas: no process, no socket, and with an injected clock everything happens exactly when it is
 * said to. It reports health itself, because nobody listens at its endpoints. Nothing outlives it.
 */
export function createMemoryDriver(options: MemoryDriverOptions = {}): RuntimeDriver {
  const { clock = systemClock, unreachableAt = () => undefined } = options;
  const stacks = new MemoryStacks(clock);
  let starts = 0;
  let endpoints = 0;

  function reach(signal: AbortSignal): void {
    signal.throwIfAborted();
    const reason = unreachableAt(clock.now());
    if (reason !== undefined)
      throw new TenfoldError('runtime-unreachable', `the memory runtime cannot be reached: ${reason}`, {
        hint: 'nothing was changed; it is tried again by itself',
      });
  }

  function nextEndpoint(target: number): Endpoint {
    const number = endpoints++;
    const address = 1 + Math.floor(number / portsPerAddress);
    return {
      target,
      host: `127.0.${address >> 8}.${address & 255}`,
      port: firstPort + (number % portsPerAddress),
    };
  }

  async function start(spec: ReplicaSpec, existing: MemoryReplica | undefined, signal: AbortSignal) {
    const { stack, service, index } = spec;
    const attempt = (existing?.start.attempt ?? 0) + 1;
    const about = { stack: stack.name, service: service.name, index, revision: service.revision, attempt };
    const behaviour = options.behaviourOf?.(about) ?? {};
    const replica: MemoryReplica = {
      id: existing?.id ?? `memory-${++starts}`,
      start: about,
      createdAt: existing?.createdAt ?? clock.now(),
      endpoints: service.targets.map(nextEndpoint),
      behaviour,
      startedAt: undefined,
      end: undefined,
    };
    stacks.put(replica);
    try {
      if (behaviour.startMs) await clock.sleep(behaviour.startMs, signal);
      // Asked for twice at once, by a daemon that is gone and by the next one: it runs once.
      const meanwhile = stacks.get(replica.id);
      if (meanwhile !== undefined && isRunning(meanwhile, clock.now())) return meanwhile;
      if (behaviour.startError !== undefined)
        throw new TenfoldError('runtime-failed', `${service.name}-${index} could not be started`, {
          got: behaviour.startError,
        });
    } catch (thrown) {
      if (existing === undefined) stacks.delete(replica);
      else stacks.put(existing);
      throw thrown;
    }
    return begin(replica);
  }

  function begin(replica: MemoryReplica): MemoryReplica {
    const { exit, prints = [], healthyAfterMs, unhealthyAfterMs } = replica.behaviour;
    const now = clock.now();
    const started: MemoryReplica = { ...replica, startedAt: now };
    const begun =
      exit === undefined ? started : endingAt(started, { at: now + exit.afterMs, exitCode: exit.code });
    stacks.put(begun);
    for (const { stream, text } of prints) stacks.print(begun, stream, text);
    for (const afterMs of [exit?.afterMs, healthyAfterMs, unhealthyAfterMs])
      if (typeof afterMs === 'number' && afterMs > 0) stacks.notifyIn(replica.start.stack, afterMs);
    return begun;
  }

  async function stop(replica: MemoryReplica, { signal: name, graceMs }: StopOptions, signal: AbortSignal) {
    const killAt = clock.now() + graceMs;
    const dying = stacks.sendSignal(replica, name);
    const endsAt = Math.min(dying.end?.at ?? Infinity, killAt);
    if (endsAt > clock.now()) await clock.sleep(endsAt - clock.now(), signal);
    const now = clock.now();
    const current = stacks.get(replica.id) ?? dying;
    if (!isRunning(current, now)) return stacks.notify(replica.start.stack);
    const reason = `killed, because it still ran ${graceMs} ms after ${name}`;
    stacks.put(endingAt(current, { at: now, exitCode: 137, reason }));
  }

  return {
    name: 'memory',
    console: createMemoryConsole(stacks, clock, reach),

    async observe(stackName, signal) {
      reach(signal);
      const now = clock.now();
      return stacks.ofStack(stackName).map((replica) => viewAt(replica, now));
    },

    watch(stackName, { onChange }, signal) {
      stacks.watch(stackName, onChange, signal);
    },

    async prepare(_stack, _services, _progress, signal) {
      reach(signal);
    },

    async start(spec, signal) {
      reach(signal);
      const existing = spec.existingId === undefined ? undefined : stacks.get(spec.existingId);
      if (spec.existingId !== undefined && existing === undefined)
        throw new TenfoldError('runtime-failed', `there is no replica ${spec.existingId} any more`);
      const isAlready = existing !== undefined && isRunning(existing, clock.now());
      return viewAt(isAlready ? existing : await start(spec, existing, signal), clock.now());
    },

    async stop(replica, stopOptions, signal) {
      reach(signal);
      const known = stacks.get(replica.id);
      if (known !== undefined && isRunning(known, clock.now())) await stop(known, stopOptions, signal);
    },

    async remove(replica: Replica, signal) {
      reach(signal);
      const known = stacks.get(replica.id);
      if (known === undefined) return;
      if (isRunning(known, clock.now()))
        throw new TenfoldError('runtime-failed', `${replica.instance} still runs and cannot be removed`, {
          hint: 'stop it first',
        });
      stacks.delete(known);
    },

    async teardown(stack, _teardown, signal) {
      reach(signal);
      stacks.deleteStack(stack.name);
    },

    async usage(replicas, signal) {
      reach(signal);
      const now = clock.now();
      return replicas.flatMap(({ id }) => usageAt(stacks.get(id), now));
    },

    async [Symbol.asyncDispose]() {
      stacks.close();
    },
  };
}
