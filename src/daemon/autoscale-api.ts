import type { Decision } from '../autoscale/decision.ts';
import type { AutoscalePolicy } from '../model/autoscale.ts';
import type { Requester } from './control-api.ts';

/*
 * What the daemon tells of its autoscaler, over the same socket as control-api.ts:
 *
 *   GET  /v1/stacks/NAME/autoscale                    → AutoscaleStatus[], one for each service that scales by itself
 *   POST /v1/stacks/NAME/autoscale/{pause,resume}     AutoscaleRequest → AutoscaleStatus[], those that were named
 *   GET  /v1/stacks/NAME/autoscale/history?service=a&since=MS → stream of AutoscaleRecord (src/autoscale/record.ts)
 */

export interface AutoscaleRequest {
  readonly requester: Requester;
  /** Undefined: all that scale by themselves. */
  readonly services?: readonly string[];
}

export interface AutoscaleStatus {
  readonly stack: string;
  readonly service: string;
  /** Replicas that are wanted at present. */
  readonly current: number;
  /** Bounds in force now, those of the schedule included. */
  readonly min: number;
  readonly max: number;
  /** `stopped`: the service does not run, and nothing is decided. */
  readonly mode: 'active' | 'shadow' | 'paused' | 'stopped';
  /** When it is decided again, milliseconds since the epoch. */
  readonly nextAt: number;
  readonly policy: AutoscalePolicy;
  /** The last decision; undefined before the first. */
  readonly decision?: Decision;
}
