import { parseRange } from '../../../../shared/address-range.ts';
import type { Match } from '../../../../model/routing.ts';
import { RuleError } from './rule-error.ts';

/** One matcher of a rule, of Traefik's second or third version. */
export function ruleMatcher(name: string, texts: readonly string[]): Match {
  switch (name.toLowerCase()) {
    case 'host':
    case 'hostheader':
      return any(texts.map((host) => ({ kind: 'host', host: host.toLowerCase() })));
    case 'hostregexp':
      return any(
        texts.map((text) => ({ kind: 'host-regex', pattern: valid(templatePattern(text, '[^.]+', true)) })),
      );
    case 'path':
      return any(
        texts.map((path) => (hasTemplate(path) ? pathTemplate(path, true) : { kind: 'path', path })),
      );
    case 'pathprefix':
      return any(
        texts.map((prefix) =>
          hasTemplate(prefix) ? pathTemplate(prefix, false) : { kind: 'path-prefix', prefix },
        ),
      );
    case 'pathregexp':
      return any(texts.map((pattern) => ({ kind: 'path-regex', pattern: valid(pattern) })));
    case 'method':
      return { kind: 'method', methods: texts.map((text) => text.toUpperCase()) };
    case 'header':
    case 'headers': {
      const [field, value] = two(name, texts);
      return { kind: 'header', name: field.toLowerCase(), value };
    }
    case 'headerregexp':
    case 'headersregexp': {
      const [field, pattern] = two(name, texts);
      return { kind: 'header-regex', name: field.toLowerCase(), pattern: valid(pattern) };
    }
    case 'query':
      return query(texts);
    case 'clientip':
      for (const text of texts)
        if (parseRange(text) === undefined) throw new RuleError(`'${text}' is no address range`);
      return { kind: 'client', ranges: texts };
    default:
      throw new RuleError(`the matcher ${name} is not known here`);
  }
}

function any(matches: readonly Match[]): Match {
  const [only] = matches;
  return matches.length === 1 && only !== undefined ? only : { kind: 'any', of: matches };
}

function two(matcher: string, texts: readonly string[]): readonly [string, string] {
  const [first, second, ...more] = texts;
  if (first === undefined || second === undefined || more.length > 0)
    throw new RuleError(`${matcher} takes a name and a value`);
  return [first, second];
}

/** Version 3: a name and a value, or a name; version 2: `name=value`, each of which must be there. */
function query(texts: readonly string[]): Match {
  const [first = '', second] = texts;
  if (texts.some((text) => text.includes('='))) {
    const parts = texts.map((text): Match => {
      const [name = '', ...value] = text.split('=');
      return { kind: 'query', name, value: value.join('=') };
    });
    return { kind: 'all', of: parts };
  }
  return { kind: 'query', name: first, ...(second !== undefined && { value: second }) };
}

function hasTemplate(text: string): boolean {
  return /\{[^{}]*\}/.test(text);
}

function pathTemplate(text: string, isWhole: boolean): Match {
  return { kind: 'path-regex', pattern: valid(templatePattern(text, '[^/]+', isWhole)) };
}

/**
 * Version 2 writes `{name:pattern}` within plain text; version 3 writes a pattern alone. A text with neither braces nor an anchor
 * is taken for what both would make of it.
 */
function templatePattern(text: string, otherwise: string, isWhole: boolean): string {
  if (!/\{[A-Za-z_][A-Za-z0-9_]*(?::|\})/.test(text)) return text;
  let pattern = '';
  let position = 0;
  for (const match of text.matchAll(/\{([A-Za-z_][A-Za-z0-9_]*)(?::((?:[^{}]|\{[^{}]*\})*))?\}/g)) {
    pattern += literal(text.slice(position, match.index)) + `(?:${match[2] ?? otherwise})`;
    position = match.index + match[0].length;
  }
  return `^${pattern}${literal(text.slice(position))}${isWhole ? '$' : ''}`;
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** Go puts `(?i)` first where JavaScript has a group. */
function valid(text: string): string {
  const pattern = text.startsWith('(?i)') ? `(?i:${text.slice(4)})` : text;
  try {
    void new RegExp(pattern);
    return pattern;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new RuleError(`'${text}' is no pattern: ${reason}`);
  }
}
