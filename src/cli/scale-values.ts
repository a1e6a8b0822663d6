import { didYouMean } from '../compose/nearest-name.ts';
import { TenfoldError } from '../shared/errors.ts';

/** More replicas of one service than one machine can run; a number above it is a slip of the hand. */
export const maxScale = 10_000;

/** `['web=3', 'api=1']` → `{web: 3, api: 1}`; the last word on a service counts. Throws `invalid-scale`. */
export function parseScaleValues(words: readonly string[]): Record<string, number> {
  return Object.fromEntries(words.map(parseScaleValue));
}

function parseScaleValue(word: string): [string, number] {
  const separator = word.lastIndexOf('=');
  const service = word.slice(0, Math.max(0, separator)).trim();
  const text = word.slice(separator + 1).trim();
  if (separator <= 0 || service === '') {
    throw new TenfoldError('invalid-scale', `\`${word}\` does not say which service gets how many replicas`, {
      expected: 'SERVICE=N',
      got: `\`${word}\``,
      hint: 'for example `web=3`',
    });
  }
  const fault = faultOf(text);
  if (fault !== undefined) {
    throw new TenfoldError(
      'invalid-scale',
      `${service} cannot have ${text === '' ? 'no number of' : text} replicas: ${fault}`,
      {
        expected: `a whole number from 0 to ${maxScale}`,
        got: `\`${word}\``,
        hint: `for example \`${service}=3\``,
      },
    );
  }
  return [service, Number(text)];
}

function faultOf(text: string): string | undefined {
  if (!/^[+-]?\d+(\.\d+)?$/.test(text)) return 'it is not a number';
  if (text.startsWith('-')) return 'it is negative';
  if (text.includes('.')) return 'it is not whole';
  if (Number(text) > maxScale) return `it is more than ${maxScale}`;
  return undefined;
}

/** Throws `unknown-service` for the first name that the stack does not have. */
export function requireServices(stack: string, names: readonly string[], known: readonly string[]): void {
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new TenfoldError('unknown-service', `the stack ${stack} has no service \`${name}\``, {
      expected: known.length === 0 ? 'a stack that has services' : `one of ${known.join(', ')}`,
      got: `\`${name}\``,
      ...didYouMean(name, known),
    });
  }
}
