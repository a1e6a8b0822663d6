import { constants } from 'node:os';
import { TenfoldError } from '../../../shared/errors.ts';

/** A shell's way to say which signal ended a process. */
export function exitCodeOf(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Throws `usage` for a name that is no signal of this system. */
export function signalOf(name: string): NodeJS.Signals {
  const signal = Object.keys(constants.signals).find((known): known is NodeJS.Signals => known === name);
  if (signal !== undefined) return signal;
  throw new TenfoldError('usage', `there is no signal ${name}`, {
    expected: 'a signal name such as SIGTERM or SIGHUP',
    hint: 'list them with: kill -l',
  });
}
