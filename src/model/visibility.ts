/** One line of JSON for each request that the balancer carried. */
export interface AccessLogPolicy {
  /** Absolute; undefined: `access/STACK/SERVICE.jsonl` in the state folder. */
  readonly path: string | undefined;
  /** Part of the requests that are written down, from 0 to 1. */
  readonly sample: number;
  /** Size from which the file is moved away. */
  readonly maxBytes: number;
  /** Files kept beside the newest. */
  readonly files: number;
}

/** Spans of the requests that the balancer carried, sent to a collector (OTLP over HTTP, JSON). */
export interface TracingPolicy {
  /** Base URL of the collector, to which `/v1/traces` is added; undefined: `OTEL_EXPORTER_OTLP_ENDPOINT` of the proxy. */
  readonly endpoint: string | undefined;
  /** Part of the traces begun here that are recorded, from 0 to 1; who sends a `traceparent` has decided already. */
  readonly sample: number;
}
