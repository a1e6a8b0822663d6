import type { Readable } from 'node:stream';
import type { Replica } from '../model/replica.ts';
import type { LifecycleHook, Service } from '../model/service.ts';
import type { Stack } from '../model/stack.ts';

/** What a replica is to be. */
export interface ReplicaSpec {
  readonly stack: Stack;
  readonly service: Service;
  readonly index: number;
  /** `TENFOLD_*` variables, on top of the service's own environment; they are not part of the revision. */
  readonly environment: Readonly<Record<string, string>>;
  /** Start this very replica again (it exists and is not running) instead of creating one. */
  readonly existingId?: string;
}

export interface StopOptions {
  /** `SIGTERM` and the like. */
  readonly signal: string;
  /** Time from the signal to the kill. */
  readonly graceMs: number;
}

export interface TeardownOptions {
  /** Remove the named volumes too. */
  readonly removeVolumes: boolean;
}

export interface ReplicaWatcher {
  /** Called soon after anything about the stack's replicas may have changed. */
  readonly onChange: () => void;
  /**
   * A person or another program has told the runtime to stop this replica. Called before its end can be seen, because
   * it may be removed so soon that no snapshot shows it stopped.
   */
  readonly onStoppedByHand?: (replicaId: string) => void;
}

/** Told what a long step is doing, one line at a time (`building web`, `pulling redis:7`). */
export type Progress = (line: string) => void;

/**
 * Runs replicas. Holds no policy: it decides neither how many, nor when, nor which.
 *
 * Every method is idempotent: to start what runs, stop what is stopped or remove what is gone succeeds.
 * Errors are TenfoldErrors; `runtime-unreachable` means that nothing is known and nothing was changed.
 */
export interface RuntimeDriver extends AsyncDisposable {
  readonly name: string;
  /** Logs, exec and signals, where the runtime has them. */
  readonly console: ReplicaConsole;

  /** One snapshot of every replica of the stack in whatever state, ours or adopted, in no promised order. */
  observe(stackName: string, signal: AbortSignal): Promise<readonly Replica[]>;

  /** Tells the watcher what it hears of the stack's replicas, until the signal aborts. */
  watch(stackName: string, watcher: ReplicaWatcher, signal: AbortSignal): void;

  /**
   * Makes what the named services need before their first replica: images, networks, volumes. For a process, it
   * checks that the command can be run. Throws with the first thing missing; what was made before stays.
   */
  prepare(stack: Stack, services: readonly string[], progress: Progress, signal: AbortSignal): Promise<void>;

  /** Creates and starts a replica, or starts the existing one, and returns once it was started (not: healthy). */
  start(spec: ReplicaSpec, signal: AbortSignal): Promise<Replica>;

  /** Sends the signal, waits, kills after the grace, and returns when nothing of the replica runs any more. */
  stop(replica: Replica, options: StopOptions, signal: AbortSignal): Promise<void>;

  /** Removes a stopped replica with all that was its own (anonymous volumes, records); its log is kept for `logs`. */
  remove(replica: Replica, signal: AbortSignal): Promise<void>;

  /** Removes what `prepare` made for the stack, once no replica is left; external resources are never touched. */
  teardown(stack: Stack, options: TeardownOptions, signal: AbortSignal): Promise<void>;

  /**
   * Who else listens on a TCP port that the replica was given, in words (`pid 812 (nginx)`); undefined: nobody else, or it cannot
   * be told. For runtimes whose replicas share the ports of the machine: another program may be there before the replica is.
   */
  foreignListener?(replica: Replica, port: number): Promise<string | undefined>;

  /**
   * What running replicas use, cheap enough to be asked every second for hundreds of them. A replica that is gone, or of
   * which nothing is known now, is left out.
   */
  usage?(replicas: readonly Replica[], signal: AbortSignal): Promise<readonly ReplicaUsage[]>;
}

/** What one replica, all of its processes together, uses at a moment. */
export interface ReplicaUsage {
  readonly replicaId: string;
  /** Processor time since its present run began, seconds. Processes that were left behind unreaped are missing in it. */
  readonly cpuSeconds: number | undefined;
  /** Memory that only its end would give back: without page cache. */
  readonly memoryBytes: number | undefined;
  /** Undefined: none, or not known. */
  readonly memoryLimitBytes: number | undefined;
  /** In processors: 1.5 is one and a half. Undefined: none, or not known. */
  readonly cpuLimit: number | undefined;
}

export interface LogLine {
  readonly service: string;
  readonly instance: string;
  /** Undefined: not known, because the line is older than the replica that is there now. */
  readonly revision?: string;
  readonly stream: 'stdout' | 'stderr';
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly text: string;
}

export interface LogOptions {
  readonly follow: boolean;
  /** Last lines of what is there already; undefined means all. */
  readonly tail: number | undefined;
  /** Only lines at or after this time, milliseconds since the epoch. */
  readonly sinceMs: number | undefined;
}

export interface ExecOptions {
  readonly hook: LifecycleHook;
  /** Fed to the command's stdin; undefined means an empty stdin. */
  readonly input?: Readable;
  /** Told the output as it comes. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void;
  /** A terminal of this size; stdout and stderr are one then. A runtime without terminals ignores it. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

export interface CommandResult {
  readonly exitCode: number;
  /** stdout and stderr as they came, at most the last 64 KiB. */
  readonly output: string;
}

/** What a person, a hook or a health check does to one replica. */
export interface ReplicaConsole {
  /** Lines in order of time; ends at the end of the log unless `follow`. */
  logs(replica: Replica, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine>;

  /** Runs a command beside the replica's main process, with its environment; ends it when the signal aborts. */
  exec(replica: Replica, options: ExecOptions, signal: AbortSignal): Promise<CommandResult>;

  /** Sends one signal and does not wait. */
  signal(replica: Replica, name: string, signal: AbortSignal): Promise<void>;
}
