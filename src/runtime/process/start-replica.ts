import { randomBytes } from 'node:crypto';
import { closeSync, fchownSync } from 'node:fs';
import { TenfoldError } from '../../shared/errors.ts';
import type { ReplicaSpec } from '../runtime-driver.ts';
import { assignPorts, portEnvironment } from './launch/assign-ports.ts';
import { planLaunch } from './launch/launch.ts';
import type { Launch } from './launch/launch.ts';
import { recordVariable } from './system/leftovers.ts';
import { signalGroup } from './system/process-group.ts';
import { fileNameOf } from './records/file-name.ts';
import { instanceOf } from './records/process-record.ts';
import type { ProcessRecord } from './records/process-record.ts';
import { ownerOf } from './replica-life.ts';
import type { LifeParts, ReplicaLife } from './replica-life.ts';
import { noSuchReplica } from './replica-registry.ts';
import type { ReplicaEntry } from './replica-registry.ts';
import { spawnProcess } from './launch/spawn-process.ts';

export interface StartParts extends LifeParts {
  readonly life: ReplicaLife;
}

/** Starts a new replica, or the existing one when it does not run. Throws what stands in the way; then nothing is left of it. */
export async function startReplica(
  spec: ReplicaSpec,
  parts: StartParts,
  signal: AbortSignal,
): Promise<ReplicaEntry> {
  if (spec.existingId === undefined) return await startNew(spec, parts, signal);
  const entry = parts.registry.get(spec.existingId);
  if (entry === undefined) throw noSuchReplica(spec.existingId);
  entry.launching ??= startAgain(entry, spec, parts, signal).finally(() => (entry.launching = undefined));
  await entry.launching;
  return entry;
}

/**
 * Throws `state-unreadable` when the record of that very instance cannot be read: a process of it may run out of our
 * sight, and a second one beside it would be worse than none.
 */
export function refuseUnreadable({ stack, service, index }: ReplicaSpec, parts: StartParts): void {
  const instance = fileNameOf(instanceOf({ service: service.name, index }));
  const torn = parts.registry.unreadableOf(fileNameOf(stack.name)).find((file) => file.instance === instance);
  if (torn === undefined) return;
  const { error, id, path } = torn;
  const pids = parts.table.marked(recordVariable).flatMap(({ marker, pid }) => (marker === id ? [pid] : []));
  throw new TenfoldError(error.code, error.message, {
    where: { file: path },
    ...(error.expected === undefined ? {} : { expected: error.expected }),
    ...(error.got === undefined ? {} : { got: error.got }),
    hint:
      pids.length === 0
        ? `no process of it runs any more, so move it away: mv ${path} /tmp`
        : `its processes still run: end them (kill ${pids.join(' ')}), then move it away: mv ${path} /tmp`,
    cause: error,
  });
}

async function startNew(spec: ReplicaSpec, parts: StartParts, signal: AbortSignal): Promise<ReplicaEntry> {
  const launch = await planLaunch(spec.stack, spec.service);
  const record = await draftRecord(randomBytes(8).toString('hex'), parts.clock.now(), spec, launch, parts);
  const entry = parts.registry.add(record);
  entry.launching = launchEntry(entry, spec, launch, parts, signal).finally(
    () => (entry.launching = undefined),
  );
  try {
    await entry.launching;
    return entry;
  } catch (thrown) {
    releasePorts(record, parts);
    await parts.registry.remove(entry).catch(() => undefined);
    throw thrown;
  }
}

async function startAgain(
  entry: ReplicaEntry,
  spec: ReplicaSpec,
  parts: StartParts,
  signal: AbortSignal,
): Promise<void> {
  if (entry.record.run.kind === 'running') return;
  await parts.life.whenGone(entry);
  // An earlier start that was cut short may have come to life after its marker was looked for.
  if (entry.record.run.kind === 'starting') await parts.life.endLeftovers(entry);
  const before = entry.record;
  const launch = await planLaunch(spec.stack, spec.service);
  const record = await draftRecord(before.id, before.createdAt, spec, launch, parts);
  parts.registry.update(entry, record);
  try {
    await launchEntry(entry, spec, launch, parts, signal);
  } catch (thrown) {
    releasePorts(record, parts);
    parts.registry.update(entry, before);
    await parts.registry.save(entry).catch(() => undefined);
    throw thrown;
  }
}

async function draftRecord(
  id: string,
  createdAt: number,
  spec: ReplicaSpec,
  launch: Launch,
  parts: StartParts,
): Promise<ProcessRecord> {
  const ports = await assignPorts(spec.stack, spec.service, parts.ports);
  return {
    id,
    createdAt,
    stack: spec.stack.name,
    service: spec.service.name,
    index: spec.index,
    revision: spec.service.revision,
    argv: [...launch.argv],
    workingDir: launch.workingDir,
    environmentNames: Object.keys(launch.environment).sort(),
    ports: [...ports],
    user: launch.user === undefined ? null : { uid: launch.user.uid, gid: launch.user.gid },
    run: { kind: 'starting' },
  };
}

/**
 * The record is written before the program is started and carries the marker that the program gets, so that whoever
 * comes after a crash between the two finds the one by the other.
 */
async function launchEntry(
  entry: ReplicaEntry,
  spec: ReplicaSpec,
  launch: Launch,
  parts: StartParts,
  signal: AbortSignal,
): Promise<void> {
  const { registry, table, clock, life, logs } = parts;
  signal.throwIfAborted();
  await registry.save(entry);
  signal.throwIfAborted();

  const environment = {
    ...launch.environment,
    ...portEnvironment(entry.record.ports),
    ...spec.environment,
    [recordVariable]: entry.record.id,
  };
  const output = logs.open(ownerOf(entry));
  try {
    // A program that opens /dev/stdout again may do so only as the owner of the file.
    if (launch.user !== undefined)
      for (const file of [output.stdout, output.stderr]) fchownSync(file, launch.user.uid, launch.user.gid);
    const child = await spawnProcess({
      ...launch,
      environment,
      user: launch.user,
      stdio: ['ignore', output.stdout, output.stderr],
      instance: instanceOf(entry.record),
    });
    child.unref();
    entry.child = child;
    entry.environment = environment;
    const startToken = table.factsOf(child.pid)?.startToken ?? '';
    registry.update(entry, {
      run: { kind: 'running', pid: child.pid, startToken, startedAt: clock.now() },
    });
    life.begin(entry);
  } finally {
    closeSync(output.stdout);
    closeSync(output.stderr);
  }
  await saveOrEnd(entry, parts);
}

/** A replica of which the disk does not know would be an orphan after our end. */
async function saveOrEnd(entry: ReplicaEntry, { registry }: StartParts): Promise<void> {
  try {
    await registry.save(entry);
  } catch (thrown) {
    const { child } = entry;
    if (child?.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    await entry.gone;
    throw thrown;
  }
}

function releasePorts(record: ProcessRecord, { ports }: StartParts): void {
  for (const { port } of record.ports) ports.release(port);
}
