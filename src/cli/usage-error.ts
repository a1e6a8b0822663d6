import type { CommanderError } from 'commander';
import { TenfoldError } from '../shared/errors.ts';

/** A commander error in the shape of ours: `error: unknown command 'lgos'\n(Did you mean logs?)`. */
export function usageError(error: CommanderError): TenfoldError {
  const [first = '', ...rest] = error.message.split('\n');
  const suggestion = /^\(Did you mean (?<names>.*)\?\)$/.exec(rest.join(' ').trim())?.groups?.['names'];
  return new TenfoldError('usage', first.replace(/^error: /, '').replaceAll(/'([^']*)'/g, '`$1`'), {
    hint:
      suggestion === undefined ? '`tenfold --help` lists what there is' : `did you mean \`${suggestion}\`?`,
    cause: error,
  });
}
