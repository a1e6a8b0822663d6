import type { RequestTrail } from './request-trail.ts';

/** The request that carries spans to a collector: OTLP 1.x, `ExportTraceServiceRequest` in its JSON form. */
export function exportRequest(trails: readonly RequestTrail[]): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: [text('service.name', 'tenfold-proxy')] },
        scopeSpans: [{ scope: { name: 'tenfold' }, spans: trails.map(spanOf) }],
      },
    ],
  };
}

/** `SPAN_KIND_SERVER`. */
const serverKind = 2;
/** `STATUS_CODE_ERROR`. */
const errorStatus = 2;

/** Attribute names are those of OpenTelemetry's semantic conventions for HTTP, and our own below `tenfold.`. */
function spanOf(trail: RequestTrail): object {
  const { facts, status, failure } = trail;
  const isError = status >= 500 || failure !== undefined;
  return {
    traceId: facts.trace.traceId,
    spanId: facts.trace.spanId,
    ...(facts.parentSpanId !== undefined && { parentSpanId: facts.parentSpanId }),
    name: facts.method,
    kind: serverKind,
    startTimeUnixNano: nanoseconds(trail.beganAt),
    endTimeUnixNano: nanoseconds(trail.beganAt + trail.durationMs),
    attributes: [
      text('http.request.method', facts.method),
      text('url.path', facts.path),
      text('url.scheme', 'http'),
      text('client.address', facts.client),
      ...(facts.userAgent === undefined ? [] : [text('user_agent.original', facts.userAgent)]),
      ...(status === 0 ? [] : [whole('http.response.status_code', status)]),
      whole('http.response.body.size', trail.bytes),
      ...(trail.retries === 0 ? [] : [whole('http.request.resend_count', trail.retries)]),
      ...(failure === undefined ? [] : [text('error.type', failure)]),
      text('tenfold.stack', facts.stack),
      text('tenfold.service', facts.service),
      text('tenfold.request_id', facts.requestId),
      ...(trail.instance === undefined ? [] : [text('tenfold.instance', trail.instance)]),
      ...(trail.revision === undefined ? [] : [text('tenfold.revision', trail.revision)]),
      ...(trail.queueMs === undefined ? [] : [double('tenfold.queue_ms', trail.queueMs)]),
    ],
    status: isError ? { code: errorStatus, ...(failure !== undefined && { message: failure }) } : {},
  };
}

function text(key: string, value: string): object {
  return { key, value: { stringValue: value } };
}

/** 64-bit numbers are strings in the JSON form. */
function whole(key: string, value: number): object {
  return { key, value: { intValue: String(value) } };
}

function double(key: string, value: number): object {
  return { key, value: { doubleValue: value } };
}

/** A number of that size would lose its last digits. */
function nanoseconds(timeMs: number): string {
  const wholeMs = Math.floor(timeMs);
  return `${wholeMs}${String(Math.round((timeMs - wholeMs) * 1e6) % 1e6).padStart(6, '0')}`;
}
