import { z } from 'zod';
import type { BalancerObservation, RoutingTable } from '../../balancer-driver.ts';
import { errorCodes } from '../../../shared/error-codes.ts';
import { type ErrorCode, isTenfoldError, messageOf, TenfoldError } from '../../../shared/errors.ts';

/** Raised with every change that the other side would not understand. */
export const protocolVersion = 1;

/** First line from the proxy on each connection. */
const greetingShape = z.object({
  proxy: z.literal('tenfold'),
  protocol: z.number(),
  pid: z.number(),
  workers: z.array(z.number()),
  startedAt: z.number(),
});

export type Greeting = z.infer<typeof greetingShape>;

export function parseGreeting(message: unknown): Greeting | undefined {
  const result = greetingShape.safeParse(message);
  return result.success ? result.data : undefined;
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

const errorShape = z.object({
  code: z.string(),
  message: z.string(),
  expected: z.string().optional(),
  got: z.string().optional(),
  hint: z.string().optional(),
});

const answerShape = z.union([
  z.object({ id: z.number(), result: z.unknown() }),
  z.object({ id: z.number(), error: errorShape }),
  z.object({ event: z.literal('changed') }),
]);

export type ControlMessage = z.infer<typeof answerShape>;

export function parseControlMessage(message: unknown): ControlMessage | undefined {
  const isError = typeof message === 'object' && message !== null && 'error' in message;
  const result = (isError ? answerShape.options[1] : answerShape).safeParse(message);
  return result.success ? result.data : undefined;
}

type ErrorMessage = z.infer<typeof errorShape>;

/** An error in the form in which it crosses the socket; `bug` is anything that no user can act on. */
export function errorMessage(thrown: unknown): ErrorMessage {
  if (!isTenfoldError(thrown)) return { code: 'bug', message: messageOf(thrown) };
  const { code, message, expected, got, hint } = thrown;
  return { code, message, expected, got, hint };
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

export function reviveError(error: ErrorMessage): Error {
  const { code, message, expected, got, hint } = error;
  if (!isErrorCode(code)) return new Error(`the proxy failed: ${message}`);
  return new TenfoldError(code, message, {
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    ...(hint === undefined ? {} : { hint }),
  });
}
