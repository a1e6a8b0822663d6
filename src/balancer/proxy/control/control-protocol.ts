import type { BalancerObservation, RoutingTable } from '../../balancer-driver.ts';
import { isTenfoldError, messageOf } from '../../../shared/errors.ts';

/** Raised with every change that the other side would not understand. */
export const protocolVersion = 3;

/** First line from the proxy on each connection. */
export interface Greeting {
  readonly proxy: 'tenfold';
  readonly protocol: number;
  readonly pid: number;
  readonly workers: readonly number[];
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

export type ControlOrder =
  | { readonly order: 'apply'; readonly table: RoutingTable }
  | { readonly order: 'observe' }
  | { readonly order: 'table' }
  | { readonly order: 'workers' }
  | { readonly order: 'shutdown'; readonly graceMs: number };

export interface ControlRequest {
  readonly id: number;
  readonly order: ControlOrder;
}

/** What each order is answered with. */
export interface ControlResults {
  readonly apply: null;
  readonly observe: BalancerObservation;
  readonly table: RoutingTable;
  readonly workers: readonly number[];
  readonly shutdown: null;
}

export function isControlRequest(message: unknown): message is ControlRequest {
  if (typeof message !== 'object' || message === null || !('id' in message) || !('order' in message))
    return false;
  const { id, order } = message;
  return typeof id === 'number' && typeof order === 'object' && order !== null && 'order' in order;
}

/** An error in the form in which it crosses the socket; `bug` is anything that no user can act on. */
export interface ErrorMessage {
  readonly code: string;
  readonly message: string;
  readonly expected?: string | undefined;
  readonly got?: string | undefined;
  readonly hint?: string | undefined;
}

export function errorMessage(thrown: unknown): ErrorMessage {
  if (!isTenfoldError(thrown)) return { code: 'bug', message: messageOf(thrown) };
  const { code, message, expected, got, hint } = thrown;
  return { code, message, expected, got, hint };
}
