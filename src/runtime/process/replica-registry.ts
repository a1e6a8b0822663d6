import type { ChildProcess } from 'node:child_process';
import type { Replica } from '../../model/replica.ts';
import { TenfoldError } from '../../shared/errors.ts';
import { instanceOf } from './records/process-record.ts';
import type { ProcessRecord } from './records/process-record.ts';
import type { RecordFolder, UnreadableRecord } from './records/record-folder.ts';

/** One replica as the driver holds it. */
export interface ReplicaEntry {
  /** The newest; what is on disk follows it. */
  record: ProcessRecord;
  /** Undefined: not our child (adopted), or not running. */
  child: ChildProcess | undefined;
  /** What it was started with; undefined for an adopted one, because values are not written down. */
  environment: Readonly<Record<string, string>> | undefined;
  /** A start that is under way. */
  launching: Promise<void> | undefined;
  /** Resolves when nothing of its last run is left; rejects when that could not be brought about. */
  gone: Promise<void>;
  /** Process groups of commands that run beside it. */
  readonly commandGroups: Set<number>;
  /** The reason to be given for its end, when it is we who end it. */
  endReason: string | undefined;
}

/** Every replica there is, in memory and, as records, on disk. */
export class ReplicaRegistry {
  readonly #folder: RecordFolder;
  readonly #entries = new Map<string, ReplicaEntry>();
  readonly #writes = new Map<string, Promise<void>>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #pendingNotices = new Set<string>();
  #unreadable: readonly UnreadableRecord[] = [];

  constructor(folder: RecordFolder) {
    this.#folder = folder;
  }

  /** Reads what is on disk; entries come back as their records say, unchecked. */
  async load(): Promise<readonly ReplicaEntry[]> {
    const { records, unreadable } = await this.#folder.readAll();
    this.#unreadable = unreadable;
    return records.map((record) => this.add(record));
  }

  add(record: ProcessRecord): ReplicaEntry {
    const entry: ReplicaEntry = {
      record,
      child: undefined,
      environment: undefined,
      launching: undefined,
      gone: Promise.resolve(),
      commandGroups: new Set(),
      endReason: undefined,
    };
    this.#entries.set(record.id, entry);
    return entry;
  }

  get(id: string): ReplicaEntry | undefined {
    return this.#entries.get(id);
  }

  all(): readonly ReplicaEntry[] {
    return [...this.#entries.values()];
  }

  ofStack(stack: string): readonly ReplicaEntry[] {
    return this.all().filter((entry) => entry.record.stack === stack);
  }

  /** Files that could not be read and lie there still. */
  unreadableOf(stackFolder: string): readonly UnreadableRecord[] {
    return this.#unreadable.filter(
      (file) => file.stackFolder === stackFolder && this.#folder.isStillThere(file),
    );
  }

  /** Changes the record in memory and tells the watchers. */
  update(entry: ReplicaEntry, change: Partial<ProcessRecord>): void {
    entry.record = { ...entry.record, ...change };
    this.#notify(entry.record.stack);
  }

  /** Brings the record on disk up to date, after the writes before it. Throws `state-write-failed`. */
  async save(entry: ReplicaEntry): Promise<void> {
    await this.#afterWrites(entry, async () => {
      if (this.#entries.get(entry.record.id) === entry) await this.#folder.write(entry.record);
    });
  }

  async remove(entry: ReplicaEntry): Promise<void> {
    this.#entries.delete(entry.record.id);
    await this.#afterWrites(entry, () => this.#folder.delete(entry.record));
    this.#notify(entry.record.stack);
  }

  async removeStack(stack: string): Promise<void> {
    await this.#folder.deleteStack(stack);
  }

  watch(stack: string, onChange: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const watchers = this.#watchers.get(stack) ?? new Set();
    this.#watchers.set(stack, watchers.add(onChange));
    signal.addEventListener('abort', () => watchers.delete(onChange), { once: true });
  }

  async #afterWrites(entry: ReplicaEntry, work: () => Promise<void>): Promise<void> {
    const { id } = entry.record;
    const before = this.#writes.get(id) ?? Promise.resolve();
    const write = before.catch(() => undefined).then(work);
    this.#writes.set(id, write);
    try {
      await write;
    } finally {
      if (this.#writes.get(id) === write) this.#writes.delete(id);
    }
  }

  /** Many changes at once become one call. */
  #notify(stack: string): void {
    if (this.#pendingNotices.has(stack)) return;
    this.#pendingNotices.add(stack);
    setImmediate(() => {
      this.#pendingNotices.delete(stack);
      for (const onChange of this.#watchers.get(stack) ?? []) onChange();
    });
  }
}

/** The replica that an entry is to everybody else. */
export function replicaOf({ record }: ReplicaEntry): Replica {
  const { run } = record;
  const isRunning = run.kind === 'running';
  const ports = isRunning ? record.ports : [];
  return {
    id: record.id,
    stack: record.stack,
    service: record.service,
    index: record.index,
    instance: instanceOf(record),
    name: `${record.stack}-${instanceOf(record)}`,
    revision: record.revision,
    state: stateOf(record),
    health: 'none',
    createdAt: record.createdAt,
    pid: isRunning ? run.pid : undefined,
    endpoints: ports.flatMap(({ target, port, protocol }) =>
      protocol === 'tcp' ? [{ target, host: '127.0.0.1', port }] : [],
    ),
    published: ports.flatMap(({ target, port, protocol, hostIp }) =>
      hostIp === null ? [] : [{ hostIp, port, target, protocol }],
    ),
  };
}

function stateOf({ run }: ProcessRecord): Replica['state'] {
  switch (run.kind) {
    case 'starting':
      return { kind: 'created' };
    case 'running':
      return { kind: 'running', startedAt: run.startedAt };
    case 'exited':
      return {
        kind: 'exited',
        startedAt: run.startedAt ?? undefined,
        exitCode: run.exitCode ?? undefined,
        finishedAt: run.finishedAt,
        ...(run.reason === null ? {} : { reason: run.reason }),
      };
  }
}

/** The error for a replica that somebody names and that is not there. */
export function noSuchReplica(id: string): TenfoldError {
  return new TenfoldError('runtime-failed', `there is no process replica ${id} any more`, {
    hint: 'it was removed meanwhile; see what runs with: tenfold ps',
  });
}
