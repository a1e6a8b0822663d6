import { z } from 'zod';
import { errorCodes } from '../../../shared/error-codes.ts';
import { type ErrorCode, TenfoldError } from '../../../shared/errors.ts';
import type { ErrorMessage, Greeting } from './control-protocol.ts';

// The driver's side only: the proxy starts faster without the schema library.

const greetingShape = z.object({
  proxy: z.literal('tenfold'),
  protocol: z.number(),
  pid: z.number(),
  workers: z.array(z.number()),
  startedAt: z.number(),
});

export function parseGreeting(message: unknown): Greeting | undefined {
  const result = greetingShape.safeParse(message);
  return result.success ? result.data : undefined;
}

const errorShape = z.object({
  code: z.string(),
  message: z.string(),
  expected: z.string().optional(),
  got: z.string().optional(),
  hint: z.string().optional(),
});

const failedShape = z.object({ id: z.number(), error: errorShape });
const answeredShape = z.object({ id: z.number(), result: z.unknown() });
const eventShape = z.object({ event: z.literal('changed') });

const messageShape = z.union([failedShape, eventShape, answeredShape]);

export type ControlMessage = z.infer<typeof messageShape>;

/** Undefined: not a message that a proxy sends. */
export function parseControlMessage(message: unknown): ControlMessage | undefined {
  const result = messageShape.safeParse(message);
  return result.success ? result.data : undefined;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

/** The error that the proxy met, as if it had happened here. */
export function reviveError(error: ErrorMessage): Error {
  const { code, message, expected, got, hint } = error;
  if (!isErrorCode(code)) return new Error(`the proxy failed: ${message}`);
  return new TenfoldError(code, message, {
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    ...(hint === undefined ? {} : { hint }),
  });
}
