import type { Match } from '../../../../model/routing.ts';
import { RuleError } from './rule-error.ts';
import { ruleMatcher } from './rule-matchers.ts';

type Token =
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'argument'; readonly text: string }
  | { readonly kind: '(' | ')' | ',' | '&&' | '||' | '!' | 'end' };

/**
 * Reads a router's rule: matchers with arguments in backquotes or double quotes, `!`, `&&` before `||`, parentheses.
 * Throws a `RuleError`.
 */
export function parseRule(rule: string): Match {
  const tokens = tokenize(rule);
  let position = 0;
  const peek = (): Token => tokens[position] ?? { kind: 'end' };
  const next = (): Token => tokens[position++] ?? { kind: 'end' };
  const expect = (kind: Token['kind']): void => {
    const token = next();
    if (token.kind !== kind) throw new RuleError(`expected '${kind}', found ${nameOf(token)}`);
  };

  const chain = (operator: '&&' | '||', part: () => Match): Match => {
    const parts = [part()];
    while (peek().kind === operator) {
      next();
      parts.push(part());
    }
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    return { kind: operator === '&&' ? 'all' : 'any', of: parts };
  };
  const either = (): Match => chain('||', both);
  const both = (): Match => chain('&&', single);
  const single = (): Match => {
    const token = next();
    if (token.kind === '!') return { kind: 'not', of: single() };
    if (token.kind === '(') {
      const inner = either();
      expect(')');
      return inner;
    }
    if (token.kind !== 'name') throw new RuleError(`expected a matcher, found ${nameOf(token)}`);
    return ruleMatcher(token.text, readArguments());
  };
  const readArguments = (): string[] => {
    expect('(');
    const found: string[] = [];
    for (;;) {
      const token = next();
      if (token.kind !== 'argument')
        throw new RuleError(`expected an argument in backquotes, found ${nameOf(token)}`);
      found.push(token.text);
      const after = next();
      if (after.kind === ')') return found;
      if (after.kind !== ',') throw new RuleError(`expected ',' or ')', found ${nameOf(after)}`);
    }
  };

  const match = either();
  if (peek().kind !== 'end') throw new RuleError(`nothing may follow, but there is ${nameOf(peek())}`);
  return match;
}

function nameOf(token: Token): string {
  return token.kind === 'name' || token.kind === 'argument' ? `'${token.text}'` : `'${token.kind}'`;
}

const tokenPattern = /\s*(?:(&&|\|\||[(),!])|([A-Za-z]+)|`([^`]*)`|"((?:[^"\\]|\\.)*)")/y;

function tokenize(rule: string): Token[] {
  const tokens: Token[] = [];
  const end = rule.trimEnd().length;
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < end) {
    const at = tokenPattern.lastIndex;
    const match = tokenPattern.exec(rule);
    if (match === null)
      throw new RuleError(`it cannot be read from '${rule.slice(at).trim().slice(0, 20)}' on`);
    const [, sign, name, plain, quoted] = match;
    if (sign !== undefined) {
      const kind = (['(', ')', ',', '&&', '||', '!'] as const).find((each) => each === sign);
      if (kind !== undefined) tokens.push({ kind });
    } else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else tokens.push({ kind: 'argument', text: plain ?? (quoted ?? '').replace(/\\(.)/g, '$1') });
  }
  return tokens;
}
