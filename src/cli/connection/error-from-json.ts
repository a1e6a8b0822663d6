import { errorCodes } from '../../shared/error-codes.ts';
import { TenfoldError, type ErrorCode, type SourceLocation } from '../../shared/errors.ts';

/**
 * The error that crossed the control API as JSON. What is not a TenfoldError, or has a code that this version does
 * not know, becomes a plain Error: a bug of the daemon, with the daemon's stack when it sent one.
 */
export function errorFromJson(value: unknown): Error {
  if (!isRecord(value)) return new Error(`the daemon sent an error that is none: ${JSON.stringify(value)}`);
  const { code, message, hint, expected, got } = value;
  const text = typeof message === 'string' ? message : JSON.stringify(value);
  if (!isErrorCode(code)) return daemonBug(text, value['stack']);
  const where = locationFrom(value['where']);
  return new TenfoldError(code, text, {
    ...(where === undefined ? {} : { where }),
    ...(typeof expected === 'string' ? { expected } : {}),
    ...(typeof got === 'string' ? { got } : {}),
    ...(typeof hint === 'string' ? { hint } : {}),
    details: listFrom(value['details']).filter((each) => typeof each === 'string'),
    errors: listFrom(value['errors'])
      .map(errorFromJson)
      .filter((each) => each instanceof TenfoldError),
  });
}

function daemonBug(message: string, stack: unknown): Error {
  const bug = new Error(message);
  bug.name = 'DaemonError';
  if (typeof stack === 'string') bug.stack = stack;
  return bug;
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value);
}

function locationFrom(value: unknown): SourceLocation | undefined {
  if (!isRecord(value) || typeof value['file'] !== 'string') return undefined;
  const { file, line, column, path } = value;
  return {
    file,
    ...(typeof line === 'number' ? { line } : {}),
    ...(typeof column === 'number' ? { column } : {}),
    ...(typeof path === 'string' ? { path } : {}),
  };
}

function listFrom(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
