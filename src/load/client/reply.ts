/** Why no whole response came, in the words that a report shows. */
export type TransportFailure =
  | 'connection refused'
  | 'connection reset'
  | 'closed before the end of the response'
  | 'cannot connect'
  | 'malformed response'
  | 'timed out'
  /** The load test itself ended before the answer. */
  | 'cut off';

/** What became of one request. */
export type Reply =
  | {
      readonly kind: 'response';
      readonly status: number;
      /** Head and body as they came over the wire. */
      readonly bytes: number;
      /** `X-Served-By`, which the balancer adds. */
      readonly servedBy: string | undefined;
      /** Only when the request asked to keep it. */
      readonly body: string | undefined;
    }
  | {
      readonly kind: 'failure';
      readonly failure: TransportFailure;
      readonly reason: string;
      readonly bytes: number;
    };

const refusals = new Set(['ECONNREFUSED']);
const resets = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** The failure that a socket's error stands for. */
export function failureOf(error: Error, isConnected: boolean): TransportFailure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (refusals.has(code)) return 'connection refused';
  if (resets.has(code)) return 'connection reset';
  return isConnected ? 'closed before the end of the response' : 'cannot connect';
}
