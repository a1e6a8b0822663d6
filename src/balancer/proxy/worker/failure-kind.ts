/**
 * Why a request got no good answer. A client that goes away by itself, or whose request is malformed, is none.
 *
 * - `no-endpoint`: nothing in the pool could be asked (503)
 * - `overload`: every endpoint had its `max_connections`, and the queue was full or the wait too long (503)
 * - `circuit-open`: too many requests to the pool failed; none is sent for a while (503)
 * - `connect`: no connection to a replica could be made (502)
 * - `timeout`: a replica did not accept, or was silent for too long (504)
 * - `broken-response`: a replica closed, reset or sent nonsense before its response was complete (502 or cut off)
 * - `forced`: still in flight at the drain deadline, or when its endpoint left the table
 * - `worker-lost`: in flight in a worker process that died
 */
export type FailureKind =
  | 'no-endpoint'
  | 'overload'
  | 'circuit-open'
  | 'connect'
  | 'timeout'
  | 'broken-response'
  | 'forced'
  | 'worker-lost';
