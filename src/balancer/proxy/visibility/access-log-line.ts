import type { RequestTrail } from './request-trail.ts';

/** The line of one request, JSON with its newline. docs/metrics.md says what each field means. */
export function accessLogLine(trail: RequestTrail): string {
  const { facts } = trail;
  return `${JSON.stringify({
    time: new Date(trail.beganAt).toISOString(),
    stack: facts.stack,
    service: facts.service,
    instance: trail.instance,
    revision: trail.revision,
    method: facts.method,
    path: facts.path,
    status: trail.status,
    bytes: trail.bytes,
    duration_ms: rounded(trail.durationMs),
    queue_ms: rounded(trail.queueMs),
    connect_ms: rounded(trail.connectMs),
    first_byte_ms: rounded(trail.firstByteMs),
    client: facts.client,
    request_id: facts.requestId,
    trace_id: facts.trace.traceId,
    user_agent: facts.userAgent,
    retries: trail.retries,
    failure: trail.failure,
  })}\n`;
}

/** To the microsecond. */
function rounded(durationMs: number | undefined): number | undefined {
  return durationMs === undefined ? undefined : Math.round(durationMs * 1_000) / 1_000;
}
