import type { LimitDesk } from '../edge/limits/limit-desk.ts';
import type { ProxyLimits } from '../proxy-limits.ts';
import type { EndpointState } from './endpoint-state.ts';

/** What connections need of the worker that they run in. */
export interface WorkerContext {
  readonly limits: ProxyLimits;
  /** Where limits are asked for that hold over all workers. */
  readonly desk: LimitDesk;
  /** An endpoint was ejected here, or came back; the other workers should know. */
  ejectionChanged(endpoint: EndpointState): void;
  /** The last thing in flight to a draining endpoint has ended, or the like: somebody waits for the report. */
  reportNow(): void;
}
