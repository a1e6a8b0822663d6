import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BalancerFigures, PoolEntry } from '../../balancer-driver.ts';
import type { AccessLogPolicy, TracingPolicy } from '../../../model/visibility.ts';
import { AccessLog } from './access-log.ts';
import { RequestWatch } from './request-watch.ts';
import { SpanExporter } from './span-exporter.ts';

/** Where access logs are kept that name no other place. */
export function stateFolderIn(environment: Readonly<Record<string, string | undefined>>): string {
  return environment['TENFOLD_HOME'] ?? tmpdir();
}

/** Path of a pool's access log; `stateFolder` holds those whose policy names none. */
export function accessLogPath(
  { path }: AccessLogPolicy,
  { stack, service }: Pick<PoolEntry, 'stack' | 'service'>,
  stateFolder: string,
): string {
  return path ?? join(stateFolder, 'access', stack, `${service}.jsonl`);
}

/** The access logs and collectors of one worker. Those that no pool names any more are kept for what is on its way. */
export class Visibility {
  readonly #stateFolder: string;
  readonly #collector: string | undefined;
  readonly #logs = new Map<string, AccessLog>();
  readonly #exporters = new Map<string, SpanExporter>();

  /** As the environment of the process says: `TENFOLD_HOME` and `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  static of(environment: Readonly<Record<string, string | undefined>>): Visibility {
    const collector = environment['OTEL_EXPORTER_OTLP_ENDPOINT'];
    return new Visibility(stateFolderIn(environment), collector === '' ? undefined : collector);
  }

  /** `collector`: where spans go of pools whose policy names no other; undefined: nowhere. */
  constructor(stateFolder: string, collector: string | undefined) {
    this.#stateFolder = stateFolder;
    this.#collector = collector;
  }

  /** Undefined: nothing of the pool's requests is written down. */
  watchOf(entry: PoolEntry): RequestWatch | undefined {
    const { accessLog, tracing } = entry.policy;
    const log =
      accessLog === undefined
        ? undefined
        : { file: this.#log(accessLogPath(accessLog, entry, this.#stateFolder)), sample: accessLog.sample };
    const exporting = this.#tracing(tracing);
    return log === undefined && exporting === undefined
      ? undefined
      : new RequestWatch({ entry, log, tracing: exporting });
  }

  /** Lines and spans, and those that were dropped. */
  get counts(): Pick<BalancerFigures, 'logged' | 'logDropped' | 'spansSent' | 'spansDropped'> {
    const counts = { logged: 0, logDropped: 0, spansSent: 0, spansDropped: 0 };
    for (const { written, dropped } of this.#logs.values()) {
      counts.logged += written;
      counts.logDropped += dropped;
    }
    for (const { sent, dropped } of this.#exporters.values()) {
      counts.spansSent += sent;
      counts.spansDropped += dropped;
    }
    return counts;
  }

  /** Called a few times a second. */
  flush(): void {
    for (const log of this.#logs.values()) log.flush();
    for (const exporter of this.#exporters.values()) exporter.flush();
  }

  /** Writes and sends what is left. */
  async close(): Promise<void> {
    await Promise.all([...this.#logs.values(), ...this.#exporters.values()].map((each) => each.close()));
  }

  #tracing(policy: TracingPolicy | undefined): { exporter: SpanExporter; sample: number } | undefined {
    const endpoint = policy?.endpoint ?? this.#collector;
    if (endpoint === undefined || policy?.sample === 0) return undefined;
    let exporter = this.#exporters.get(endpoint);
    if (exporter === undefined) {
      exporter = new SpanExporter(endpoint);
      this.#exporters.set(endpoint, exporter);
    }
    return { exporter, sample: policy?.sample ?? 1 };
  }

  #log(path: string): AccessLog {
    let log = this.#logs.get(path);
    if (log === undefined) {
      log = new AccessLog(path);
      this.#logs.set(path, log);
    }
    return log;
  }
}
