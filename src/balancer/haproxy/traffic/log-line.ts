/** How one request, or TCP connection, ended. */
export interface TrafficEvent {
  /** Grows with each within one HAProxy; neighbours may come in another order. */
  readonly serial: number;
  readonly frontend: string;
  readonly backend: string;
  /** `<NOSRV>` when none was chosen. */
  readonly server: string;
  readonly outcome: Outcome;
  /** Of the response to the client; 0 for TCP. */
  readonly status: number;
  /** Attempts that failed before the last one, on the same server. */
  readonly ownRetries: number;
  /** From when the request was there to the end of its response; undefined where it did not come so far. */
  readonly durationMs: number | undefined;
  /** In a queue. */
  readonly waitedMs: number;
}

/**
 * `ok`: a whole response. `left`: the client went, or its request was refused. `inside`: the replica had begun to answer
 * when it failed.
 */
export type Outcome =
  | { readonly kind: 'ok' }
  | { readonly kind: 'left' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'failed'; readonly failure: string; readonly isInside: boolean };

const noServer = '<NOSRV>';

/** A line of the format in listener-section.ts; undefined for any other. */
export function parseTrafficLine(line: string): TrafficEvent | undefined {
  if (!line.startsWith('~ ')) return undefined;
  const fields = line.split(' ');
  const [, serial, frontend, backend, server, state = '--', status, retries = '0', total, head, waited] =
    fields;
  if (frontend === undefined || backend === undefined || server === undefined || waited === undefined)
    return undefined;
  const code = Number(status);
  const duration = Number(total) - Math.max(0, Number(head));
  return {
    serial: Number(serial),
    frontend,
    backend,
    server,
    outcome: outcomeOf(state, server, code, backend.endsWith('.open')),
    status: code,
    ownRetries: retries.startsWith('+') ? 0 : Number(retries),
    durationMs: duration < 0 ? undefined : duration,
    waitedMs: Math.max(0, Number(waited)),
  };
}

/** HAProxy configuration manual, section 8.5: first how it ended, then in which phase. */
function outcomeOf(state: string, server: string, status: number, isLastResort: boolean): Outcome {
  const cause = state[0] ?? '-';
  const phase = state[1] ?? '-';
  const failed = (failure: string): Outcome => ({ kind: 'failed', failure, isInside: phase === 'D' });
  if (server === noServer && status === 503 && cause !== 's')
    return failed(isLastResort ? 'no-endpoint' : 'overload');
  switch (cause) {
    case '-':
      return { kind: 'ok' };
    case 'C':
    case 'c':
      return { kind: 'left' };
    case 'S':
      if (phase !== 'C') return failed('broken-response');
      return failed(server === noServer ? 'no-endpoint' : 'connect');
    case 's':
      return failed(phase === 'Q' ? 'overload' : 'timeout');
    case 'D':
    case 'K':
      return failed('forced');
    case 'P':
      // A TCP connection that found no room.
      if (status === 0 && server === noServer) return failed('overload');
      return status < 500 && phase !== 'D' ? { kind: 'refused' } : failed('broken-response');
    case 'L':
      return { kind: 'refused' };
    default:
      return failed('balancer');
  }
}
