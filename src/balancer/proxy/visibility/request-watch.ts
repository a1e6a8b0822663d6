import type { PoolEntry } from '../../balancer-driver.ts';
import type { ForwardedBy } from '../exchange/request-format.ts';
import type { RequestHead } from '../http/request-head.ts';
import type { AccessLog } from './access-log.ts';
import { accessLogLine } from './access-log-line.ts';
import { RequestTrail } from './request-trail.ts';
import type { SpanExporter } from './span-exporter.ts';
import { newSpanId, newTraceId, parseTraceparent } from './trace-context.ts';

/** Where the requests of one pool are written down, and which of them. */
export interface WatchParts {
  readonly entry: Pick<PoolEntry, 'stack' | 'service'>;
  readonly log: { readonly file: AccessLog; readonly sample: number } | undefined;
  readonly tracing: { readonly exporter: SpanExporter; readonly sample: number } | undefined;
}

/** Follows the requests of one pool. */
export class RequestWatch {
  readonly #parts: WatchParts;
  readonly #onEnd: (trail: RequestTrail) => void;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#onEnd = (trail) => {
      if (trail.facts.isLogged) parts.log?.file.add(accessLogLine(trail));
      if (trail.facts.isTraced) parts.tracing?.exporter.add(trail);
    };
  }

  /** Undefined: nothing of this request is written down, and its trace is none of ours. */
  begin(head: RequestHead, by: ForwardedBy, requestId: string): RequestTrail | undefined {
    const { entry, log, tracing } = this.#parts;
    const isLogged = log !== undefined && isDrawn(log.sample);
    if (!isLogged && tracing === undefined) return undefined;
    const parent = parseTraceparent(head.fields.traceparent);
    const isTraced = tracing !== undefined && (parent?.isSampled ?? isDrawn(tracing.sample));
    const query = head.target.indexOf('?');
    // Where no span is recorded, who sent the request stays the parent of what the replica records.
    const spanId = parent === undefined || isTraced ? newSpanId() : parent.spanId;
    const isSampled = tracing === undefined ? (parent?.isSampled ?? true) : isTraced;
    return new RequestTrail(
      {
        stack: entry.stack,
        service: entry.service,
        method: head.method,
        path: query < 0 ? head.target : head.target.slice(0, query),
        client: by.clientAddress,
        requestId,
        userAgent: userAgentIn(head.fields.kept),
        trace: { traceId: parent?.traceId ?? newTraceId(), spanId, isSampled },
        parentSpanId: parent?.spanId,
        isLogged,
        isTraced,
      },
      this.#onEnd,
    );
  }
}

function isDrawn(share: number): boolean {
  return share >= 1 || Math.random() < share;
}

function userAgentIn(lines: string): string | undefined {
  return /^user-agent:[ \t]*([^\r]*)/im.exec(lines)?.[1];
}
