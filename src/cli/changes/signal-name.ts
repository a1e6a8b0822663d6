import { constants } from 'node:os';
import { InvalidArgumentError } from 'commander';

/** `TERM`, `sigterm` or `15` → `SIGTERM`. */
export function parseSignal(text: string): string {
  const signals = Object.entries(constants.signals);
  const word = text.trim().toUpperCase();
  const name = word.startsWith('SIG') ? word : `SIG${word}`;
  const found = signals.find(([signal, number]) => signal === name || String(number) === word);
  if (found === undefined) throw new InvalidArgumentError('It is not the name or number of a signal.');
  return found[0];
}
