import type { Replica } from '../../../model/replica.ts';
import type {
  CommandResult,
  ExecOptions,
  LogLine,
  LogOptions,
  ReplicaConsole,
} from '../../runtime-driver.ts';
import { engineStatus, isNotFound } from '../engine/engine-error.ts';
import type { Engine } from '../engine/engine.ts';
import type { HandStops } from '../replica/hand-stops.ts';
import { execInContainer } from './exec.ts';
import type { KeptLogs } from './kept-logs.ts';
import { containerLogs } from './logs.ts';

/** Logs, exec and signals through the engine. */
export class DockerConsole implements ReplicaConsole {
  readonly #engine: Engine;
  readonly #keptLogs: KeptLogs;
  readonly #handStops: HandStops;

  constructor(engine: Engine, keptLogs: KeptLogs, handStops: HandStops) {
    this.#engine = engine;
    this.#keptLogs = keptLogs;
    this.#handStops = handStops;
  }

  async *logs(replica: Replica, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogLine> {
    if (this.#keptLogs.has(replica.id)) yield* this.#keptLogs.read(replica.id, options);
    else yield* containerLogs(this.#engine, replica, options, signal);
  }

  exec(replica: Replica, options: ExecOptions, signal: AbortSignal): Promise<CommandResult> {
    return execInContainer(this.#engine, replica, options, signal);
  }

  async signal(replica: Replica, name: string, signal: AbortSignal): Promise<void> {
    this.#handStops.claim(replica.id);
    try {
      await this.#engine.send(`send ${name} to the container ${replica.name}`, {
        method: 'POST',
        path: `/containers/${replica.id}/kill`,
        query: { signal: name },
        signal,
      });
    } catch (thrown) {
      // Gone or not running: there is nobody to tell.
      if (!isNotFound(thrown) && engineStatus(thrown) !== 409) throw thrown;
    }
  }
}
