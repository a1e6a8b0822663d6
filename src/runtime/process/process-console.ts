import { resolve } from 'node:path';
import type { Replica } from '../../model/replica.ts';
import { TenfoldError } from '../../shared/errors.ts';
import type { CommandResult, ExecOptions, ReplicaConsole } from '../runtime-driver.ts';
import { portEnvironment } from './launch/assign-ports.ts';
import { findCommand } from './launch/find-command.ts';
import { commandMarker, recordVariable } from './system/leftovers.ts';
import type { ProcessTable } from './system/process-table.ts';
import type { StartParts } from './start-replica.ts';
import type { ReplicaEntry } from './replica-registry.ts';
import { runCommand } from './run-command.ts';
import { resolveUser } from './launch/user.ts';

/** Logs, commands and signals for process replicas, once `ready` has resolved. */
export function createProcessConsole(parts: StartParts, ready: () => Promise<void>): ReplicaConsole {
  return {
    async *logs(replica, options, signal) {
      await ready();
      yield* parts.logs.read(replica, options, signal);
    },

    async exec(replica, options, signal) {
      await ready();
      return await runBeside(replica, options, parts, signal);
    },

    async signal(replica, name) {
      await ready();
      const entry = parts.registry.get(replica.id);
      if (entry !== undefined) parts.life.signal(entry, name);
    },
  };
}

async function runBeside(
  replica: Replica,
  options: ExecOptions,
  parts: StartParts,
  signal: AbortSignal,
): Promise<CommandResult> {
  const entry = parts.registry.get(replica.id);
  if (entry === undefined || entry.record.run.kind !== 'running')
    throw new TenfoldError(
      'runtime-failed',
      `${replica.instance} does not run, so no command can run beside it`,
      {
        hint: 'see what runs with: tenfold ps',
      },
    );

  const { hook, input, onOutput } = options;
  const user = await resolveUser(hook.user, replica.instance);
  const workingDir = resolve(entry.record.workingDir, hook.workingDir ?? '.');
  const environment = {
    ...environmentOf(entry, parts.table),
    ...user?.environment,
    ...hook.environment,
    [recordVariable]: commandMarker(replica.id),
  };
  const [program, ...words] = hook.command;
  if (program === undefined)
    throw new TenfoldError('usage', `no command was given to run beside ${replica.instance}`);
  const file = await findCommand(program, { environment, workingDir, subject: replica.instance });

  let group: number | undefined;
  const onStarted = (groupId: number) => {
    group = groupId;
    entry.commandGroups.add(groupId);
  };
  try {
    return await runCommand(
      {
        argv: [program, ...words],
        file,
        workingDir,
        environment,
        user: user ?? entry.record.user ?? undefined,
        instance: replica.instance,
        input,
        onOutput,
        onStarted,
      },
      signal,
    );
  } finally {
    if (group !== undefined) entry.commandGroups.delete(group);
  }
}

/** What the replica was started with, as far as it can be known. */
function environmentOf(entry: ReplicaEntry, table: ProcessTable): Readonly<Record<string, string>> {
  const { record } = entry;
  if (entry.environment !== undefined) return entry.environment;
  if (record.run.kind === 'running') {
    const environment = table.environmentOf(record.run.pid);
    // A program may write over the memory that it got it in (setproctitle); then the marker is gone as well.
    if (environment?.[recordVariable] === record.id) return environment;
  }
  const kept = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), ...portEnvironment(record.ports) };
}
