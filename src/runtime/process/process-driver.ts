import type { Clock } from '../../shared/clock.ts';
import { systemClock } from '../../shared/clock.ts';
import { TenfoldError } from '../../shared/errors.ts';
import type { RuntimeDriver } from '../runtime-driver.ts';
import { adoptReplicas } from './adopt-replicas.ts';
import { fileNameOf } from './records/file-name.ts';
import { planLaunch } from './launch/launch.ts';
import { LogStore } from './logs/log-store.ts';
import type { RotationPolicy } from './logs/log-stream.ts';
import { PortReservations } from './launch/ports.ts';
import { createProcessConsole } from './process-console.ts';
import { signalGroup } from './system/process-group.ts';
import { foreignListener } from './system/foreign-listener.ts';
import { createGroupUsage } from './system/group-usage.ts';
import { createProcessTable } from './system/process-table.ts';
import type { ProcessTable } from './system/process-table.ts';
import { RecordFolder } from './records/record-folder.ts';
import { ReplicaLife } from './replica-life.ts';
import { replicaOf, ReplicaRegistry } from './replica-registry.ts';
import { refuseUnreadable, startReplica } from './start-replica.ts';

/** How often logs, and replicas that are not our children, are looked at. */
const lookMs = 200;

export interface ProcessDriverOptions {
  /** Absolute; one record per replica is kept below it. No other driver may use it at the same time. */
  readonly directory: string;
  /** Absolute; the replicas' output is kept below it. */
  readonly logDirectory: string;
  readonly clock?: Clock;
  /** Default: three files of 10 MiB for each output stream of an instance. */
  readonly logRotation?: RotationPolicy;
  readonly table?: ProcessTable;
}

/**
 * Runs replicas as local processes, each in a process group of its own.
 *
 * They outlive the driver: one made anew over the same directory finds them by their records and goes on with them.
 * Throws `runtime-failed` on Windows, which has no process groups.
 */
export function createProcessDriver(options: ProcessDriverOptions): RuntimeDriver {
  if (process.platform === 'win32')
    throw new TenfoldError('runtime-failed', 'local processes cannot be run on Windows', {
      expected: 'Linux or macOS',
      hint: 'run Tenfold inside WSL, or give the services an image',
    });
  const registry = new ReplicaRegistry(new RecordFolder(options.directory));
  const logs = new LogStore(options.logDirectory, options.logRotation);
  const ports = new PortReservations();
  const table = options.table ?? createProcessTable();
  const clock = options.clock ?? systemClock;
  const life = new ReplicaLife({ registry, table, logs, ports, clock });
  const parts = { registry, table, logs, ports, clock, life };

  let adopting: Promise<void> | undefined;
  const ready = (): Promise<void> => {
    adopting ??= adoptReplicas(parts).catch((thrown: unknown) => {
      // Nothing was learnt, so the next call asks again.
      adopting = undefined;
      throw thrown;
    });
    return adopting;
  };
  const groupUsage = createGroupUsage();
  const looking = setInterval(() => {
    life.lookAtAdopted(registry.all());
    logs.look();
  }, lookMs).unref();

  return {
    name: 'process',
    console: createProcessConsole(parts, ready),

    async observe(stackName) {
      await ready();
      return registry.ofStack(stackName).map(replicaOf);
    },

    watch(stackName, { onChange }, signal) {
      registry.watch(stackName, onChange, signal);
    },

    async prepare(stack, services, progress) {
      await ready();
      for (const { error } of registry.unreadableOf(fileNameOf(stack.name))) progress(error.message);
      for (const name of services) {
        const service = stack.services[name];
        if (service !== undefined) await planLaunch(stack, service);
      }
    },

    async start(spec, signal) {
      await ready();
      signal.throwIfAborted();
      refuseUnreadable(spec, parts);
      return replicaOf(await startReplica(spec, parts, signal));
    },

    async stop(replica, stopOptions, signal) {
      await ready();
      const entry = registry.get(replica.id);
      if (entry !== undefined) await life.stop(entry, stopOptions, signal);
    },

    async remove(replica) {
      await ready();
      const entry = registry.get(replica.id);
      if (entry === undefined) return;
      if (entry.launching !== undefined || entry.record.run.kind === 'running')
        throw new TenfoldError('runtime-failed', `${replica.instance} still runs and cannot be removed`, {
          hint: 'stop it first',
        });
      await life.whenGone(entry);
      await registry.remove(entry);
    },

    async teardown(stack) {
      await ready();
      for (const replica of registry.ofStack(stack.name).map(replicaOf))
        await this.remove(replica, AbortSignal.any([]));
      await logs.removeStack(stack.name);
      await registry.removeStack(stack.name);
      const [unreadable] = registry.unreadableOf(fileNameOf(stack.name));
      if (unreadable !== undefined) throw unreadable.error;
    },

    async foreignListener(replica, port) {
      await ready();
      const run = registry.get(replica.id)?.record.run;
      return run?.kind === 'running'
        ? foreignListener(port, { id: replica.id, leader: run }, table)
        : undefined;
    },

    async usage(replicas) {
      await ready();
      const running = replicas.flatMap(({ id }) => {
        const run = registry.get(id)?.record.run;
        return run?.kind === 'running' ? [{ id, group: run.pid }] : [];
      });
      const used = await groupUsage(running.map(({ group }) => group));
      return running.flatMap(({ id, group }) => {
        const usage = used.get(group);
        return usage === undefined
          ? []
          : [{ replicaId: id, ...usage, memoryLimitBytes: undefined, cpuLimit: undefined }];
      });
    },

    async [Symbol.asyncDispose]() {
      clearInterval(looking);
      await adopting?.catch(() => undefined);
      await life.close();
      for (const { commandGroups } of registry.all())
        for (const group of commandGroups) signalGroup(group, 'SIGKILL');
    },
  };
}
