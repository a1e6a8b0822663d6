/** Value of a variable, or undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

export type TemplateProblem =
  | { readonly kind: 'invalid-template'; readonly template: string }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'missing-variable'; readonly variable: string; readonly reason: string };

/** A template that cannot be filled in: bad syntax, or a `${NAME:?reason}` without a value. */
export class TemplateError extends Error {
  readonly problem: TemplateProblem;

  constructor(problem: TemplateProblem) {
    super(describe(problem));
    this.problem = problem;
  }
}

function describe(problem: TemplateProblem): string {
  switch (problem.kind) {
    case 'invalid-template':
      return `Invalid template: ${JSON.stringify(problem.template)}`;
    case 'too-long':
      return `the value is longer than ${maxFilledLength} characters`;
    case 'missing-variable': {
      const reason = problem.reason === '' ? '' : `: ${problem.reason}`;
      return `required variable ${problem.variable} is missing a value${reason}`;
    }
  }
}

export type Operator = '' | (typeof operators)[number];

/** One piece of a template: text as it is, or a variable with what to do when it is set or not. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'variable';
      readonly name: string;
      readonly operator: Operator;
      readonly argument: string;
    };

const bareName = /[_a-z][_a-z0-9]*/iy;
/** The longer ones first, as each begins with what it is looked for by. */
const operators = [':-', ':?', ':+', '-', '?', '+'] as const;
const maxNesting = 100;

/** Longest value that filling in may give: variables that double each other would soon exhaust the memory. */
const maxFilledLength = 16 * 1024 * 1024;

/** Splits a template into its pieces. Throws `TemplateError` for a `${` that opens nothing valid. */
export function parseTemplate(template: string): Piece[] {
  const pieces: Piece[] = [];
  let text = '';
  let position = 0;
  while (position < template.length) {
    const dollar = template.indexOf('$', position);
    if (dollar === -1) break;
    text += template.slice(position, dollar);
    const next = template[dollar + 1];
    position = dollar + 2;
    if (next === '$') {
      text += '$';
      continue;
    }
    const variable = next === '{' ? bracedVariable(template, dollar) : namedVariable(template, dollar);
    if (variable === undefined) {
      text += '$';
      position = dollar + 1;
      continue;
    }
    if (text !== '') pieces.push({ kind: 'text', text });
    text = '';
    pieces.push(variable.piece);
    position = variable.end;
  }
  text += template.slice(position);
  if (text !== '') pieces.push({ kind: 'text', text });
  return pieces;
}

interface Variable {
  readonly piece: Piece;
  /** Index after its last character. */
  readonly end: number;
}

function matchAt(pattern: RegExp, text: string, index: number): string | undefined {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0];
}

function namedVariable(template: string, dollar: number): Variable | undefined {
  const name = matchAt(bareName, template, dollar + 1);
  if (name === undefined) return undefined;
  return {
    piece: { kind: 'variable', name, operator: '', argument: '' },
    end: dollar + 1 + name.length,
  };
}

function bracedVariable(template: string, dollar: number): Variable {
  const invalid = () => new TemplateError({ kind: 'invalid-template', template });
  const name = matchAt(bareName, template, dollar + 2);
  if (name === undefined) throw invalid();
  const afterName = dollar + 2 + name.length;
  if (template[afterName] === '}') {
    return { piece: { kind: 'variable', name, operator: '', argument: '' }, end: afterName + 1 };
  }
  const operator = operators.find((each) => template.startsWith(each, afterName));
  if (operator === undefined) throw invalid();
  const start = afterName + operator.length;
  const lineEnd = template.indexOf('\n', start);
  const last = template.lastIndexOf('}', lineEnd === -1 ? template.length : lineEnd);
  if (last < start) throw invalid();
  const close = closingBrace(template, dollar, last) ?? last;
  const argument = template.slice(start, close);
  return { piece: { kind: 'variable', name, operator, argument }, end: close + 1 };
}

/** Index of the brace that closes the one after the dollar, looking no further than `last`. */
function closingBrace(template: string, dollar: number, last: number): number | undefined {
  let open = 0;
  for (let index = dollar; index <= last; index += 1) {
    const character = template[index];
    if (character === '}') {
      open -= 1;
      if (open === 0) return index;
    } else if (character === '{') {
      open += 1;
      // The character after a brace is never one of the pair: `{}` opens a brace and does not close it.
      index += 1;
    }
  }
  return undefined;
}

/**
 * Fills in `$NAME`, `${NAME}` and the forms with a default, an alternative or a required value, nested to any sensible
 * depth; `$$` is a dollar. `onUnset` hears of each variable that has no value and no default.
 */
export function substitute(template: string, lookup: Lookup, onUnset?: (name: string) => void): string {
  return fill(template, lookup, onUnset, 0);
}

function fill(
  template: string,
  lookup: Lookup,
  onUnset: ((name: string) => void) | undefined,
  depth: number,
): string {
  if (!template.includes('$')) return template;
  if (depth > maxNesting) throw new TemplateError({ kind: 'invalid-template', template });
  let result = '';
  for (const piece of parseTemplate(template)) {
    if (piece.kind === 'text') {
      result += piece.text;
      continue;
    }
    const value = lookup(piece.name);
    const expand = () => fill(piece.argument, lookup, onUnset, depth + 1);
    switch (piece.operator) {
      case '':
        if (value === undefined) onUnset?.(piece.name);
        result += value ?? '';
        break;
      case ':-':
        result += value === undefined || value === '' ? expand() : value;
        break;
      case '-':
        result += value ?? expand();
        break;
      case ':+':
        result += value === undefined || value === '' ? '' : expand();
        break;
      case '+':
        result += value === undefined ? '' : expand();
        break;
      case ':?':
      case '?':
        if (value === undefined || (value === '' && piece.operator === ':?')) {
          throw new TemplateError({ kind: 'missing-variable', variable: piece.name, reason: expand() });
        }
        result += value;
        break;
    }
    if (result.length > maxFilledLength) throw new TemplateError({ kind: 'too-long' });
  }
  return result;
}
