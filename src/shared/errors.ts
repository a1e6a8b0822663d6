import { errorCodes } from './error-codes.ts';

export type ErrorCode = keyof typeof errorCodes;

/** Where in a compose file something stands. Lines and columns count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** YAML path: `services.web.ports[0]`. */
  readonly path?: string;
}

export interface TenfoldErrorDetails {
  readonly where?: SourceLocation;
  readonly expected?: string;
  readonly got?: string;
  /** The next action. */
  readonly hint?: string;
  /** Further lines for a person: a replica's last log lines. */
  readonly details?: readonly string[];
  /** All that is wrong, when it is more than one thing. */
  readonly errors?: readonly TenfoldError[];
  readonly cause?: unknown;
}

/**
 * An error that a user can act on. Everything else that is thrown is a bug and keeps its stack.
 *
 * The code is stable and documented in docs/errors.md; `exitCode` is what the CLI ends with.
 */
export class TenfoldError extends Error {
  override readonly name = 'TenfoldError';
  readonly code: ErrorCode;
  readonly where: SourceLocation | undefined;
  readonly expected: string | undefined;
  readonly got: string | undefined;
  readonly hint: string | undefined;
  readonly details: readonly string[];
  readonly errors: readonly TenfoldError[];

  constructor(code: ErrorCode, message: string, details: TenfoldErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.where = details.where;
    this.expected = details.expected;
    this.got = details.got;
    this.hint = details.hint;
    this.details = details.details ?? [];
    this.errors = details.errors ?? [];
  }

  get exitCode(): number {
    return errorCodes[this.code].exitCode;
  }

  /** The form in which it crosses the control API. */
  toJSON(): Record<string, unknown> {
    const { code, message, where, expected, got, hint, details, errors } = this;
    return {
      code,
      message,
      where,
      expected,
      got,
      hint,
      details,
      errors: errors.map((error) => error.toJSON()),
    };
  }
}

/** The same error with some of its details, or its message, replaced. */
export function copyError(
  error: TenfoldError,
  changes: TenfoldErrorDetails & { readonly message?: string },
): TenfoldError {
  const { code, where, expected, got, hint, details, errors, cause } = error;
  const { message = error.message, ...changed } = changes;
  return new TenfoldError(code, message, {
    details,
    errors,
    cause,
    ...(where !== undefined && { where }),
    ...(expected !== undefined && { expected }),
    ...(got !== undefined && { got }),
    ...(hint !== undefined && { hint }),
    ...changed,
  });
}

export function isTenfoldError(value: unknown, code?: ErrorCode): value is TenfoldError {
  return value instanceof TenfoldError && (code === undefined || value.code === code);
}

/** Message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
