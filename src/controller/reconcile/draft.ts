import type { ListenerEntry, PoolEntry } from '../../balancer/balancer-driver.ts';
import type { Operation, Wait } from '../plan.ts';

/** A plan while it is being made. */
export interface Draft {
  readonly operations: Operation[];
  readonly waits: Wait[];
  readonly listeners: ListenerEntry[];
  readonly pools: PoolEntry[];
  readonly wakeTimes: number[];
}
