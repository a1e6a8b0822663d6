import { didYouMean } from '../../compose/nearest-name.ts';
import type { AutoscaleStatus } from '../../daemon/autoscale-api.ts';
import { TenfoldError } from '../../shared/errors.ts';

/** Those that the words name, all without any. Throws `unknown-service` for one that does not scale by itself. */
export function requireAutoscaled(
  stack: string,
  statuses: readonly AutoscaleStatus[],
  words: readonly string[],
): readonly AutoscaleStatus[] {
  const known = statuses.map(({ service }) => service);
  for (const word of words) {
    if (known.includes(word)) continue;
    throw new TenfoldError(
      'unknown-service',
      `the stack ${stack} has no service \`${word}\` that scales by itself`,
      {
        expected: known.length === 0 ? 'a service with x-tenfold.autoscale' : `one of ${known.join(', ')}`,
        got: `\`${word}\``,
        ...didYouMean(word, known),
      },
    );
  }
  return words.length === 0 ? statuses : statuses.filter(({ service }) => words.includes(service));
}
