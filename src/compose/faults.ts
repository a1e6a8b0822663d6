import { TenfoldError, type ErrorCode } from '../shared/errors.ts';
import type { Path } from './path.ts';

/** One thing that is wrong with a compose file, before it is known in which line it stands. */
export interface Fault {
  readonly path: Path;
  readonly message: string;
  readonly expected?: string;
  readonly got?: string;
  readonly hint?: string;
  /** A word that is none of those known; the nearest of them becomes the hint. */
  readonly unknown?: { readonly word: string; readonly known: () => Iterable<string> };
  readonly code?: ErrorCode;
}

export type Report = (fault: Fault) => void;

/** Thrown inside the loader where nothing sensible can follow; the loader turns it into an error with a location. */
export class FaultError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** Throws the one error as it is, or several as one that lists them; does nothing when there is none. `unlisted` more are counted only. */
export function throwAll(errors: readonly TenfoldError[], unlisted = 0): void {
  const [first] = errors;
  if (first === undefined) return;
  if (errors.length === 1) throw first;
  const files = [...new Set(errors.map((error) => error.where?.file))];
  const place = files.length === 1 && files[0] !== undefined ? files[0] : 'the compose files';
  const count = `${errors.length + unlisted} errors in ${place}`;
  const message = unlisted === 0 ? count : `${count}, of which these are the first ${errors.length}`;
  throw new TenfoldError('invalid-compose', message, { errors });
}
