import { substitute, TemplateError, type Lookup } from '../interpolate/template.ts';

/** What is wrong with an env file, and in which of its lines. */
export class DotenvError extends Error {
  readonly line: number;

  constructor(line: number, problem: string, cause?: unknown) {
    super(`line ${line}: ${problem}`, cause === undefined ? {} : { cause });
    this.line = line;
  }
}

// Blank, but not the end of a line.
const inlineSpace = /[\t\v\f\r \u0085\u00a0]/;
const trailingSpace = /[\s\u0085]+$/u;
const notSpace = /[^\s\u0085]/u;
const keyCharacter = /[\p{L}\p{N}_.[\]-]/u;
const exportPrefix = /^export\s+/;
const escapeSequence = /\\(?:[abcfnrtv$"\\]|0\d{0,3})/g;
const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  '\\': '\\',
};

/**
 * Reads the text of an env file into `variables`: comments, `export`, `NAME: value`, single quotes (literal), double
 * quotes (escapes and variables), values over several lines, and a bare NAME that takes its value from `lookup`.
 * A later line sees the variables of the earlier ones. Throws `DotenvError`.
 */
export function parseDotenv(
  text: string,
  variables: Map<string, string>,
  lookup: Lookup = () => undefined,
): void {
  new DotenvParser(text.replace(/^\uFEFF/, ''), variables, lookup).parse();
}

class DotenvParser {
  readonly #text: string;
  readonly #variables: Map<string, string>;
  readonly #lookup: Lookup;
  #position = 0;
  #line = 1;

  constructor(text: string, variables: Map<string, string>, lookup: Lookup) {
    this.#text = text;
    this.#variables = variables;
    this.#lookup = lookup;
  }

  parse(): void {
    while (this.#toStatement()) {
      const { key, isBare } = this.#key();
      if (key.includes(' ')) throw this.#error('key cannot contain a space');
      if (isBare) {
        const value = this.#lookup(key);
        if (value !== undefined) this.#variables.set(key, value);
      } else {
        this.#variables.set(key, this.#value());
      }
    }
  }

  #error(problem: string, cause?: unknown): DotenvError {
    return new DotenvError(this.#line, problem, cause);
  }

  /** Moves past blank lines and comments; false at the end of the text. */
  #toStatement(): boolean {
    for (;;) {
      while (this.#position < this.#text.length && !notSpace.test(this.#text[this.#position] ?? '')) {
        if (this.#text[this.#position] === '\n') this.#line += 1;
        this.#position += 1;
      }
      if (this.#position >= this.#text.length) return false;
      if (this.#text[this.#position] !== '#') return true;
      const end = this.#text.indexOf('\n', this.#position);
      if (end === -1) return false;
      this.#position = end;
    }
  }

  #skipInlineSpace(): void {
    while (inlineSpace.test(this.#text[this.#position] ?? '')) this.#position += 1;
  }

  #lineFrom(start: number): string {
    const end = this.#text.indexOf('\n', start);
    return this.#text.slice(start, end === -1 ? undefined : end);
  }

  #key(): { readonly key: string; readonly isBare: boolean } {
    const prefix = this.#text.startsWith('export', this.#position)
      ? exportPrefix.exec(this.#lineFrom(this.#position) + '\n')?.[0]
      : undefined;
    if (prefix !== undefined) {
      this.#position += 'export'.length;
      this.#skipInlineSpace();
    }
    const start = this.#position;
    let end = start;
    for (const character of this.#text.slice(start)[Symbol.iterator]()) {
      if ('=:\n'.includes(character)) break;
      if (!inlineSpace.test(character) && !keyCharacter.test(character)) {
        throw this.#error(
          `unexpected character ${JSON.stringify(character)} in variable name ${JSON.stringify(this.#lineFrom(start))}`,
        );
      }
      end += character.length;
    }
    const separator = this.#text[end];
    // A name that the end of the file cuts off has no line of its own, and sets nothing.
    const key = separator === undefined ? '' : this.#text.slice(start, end).replace(trailingSpace, '');
    if (separator === '\n' && !key.includes(' ')) this.#line += 1;
    this.#position = separator === undefined ? end : end + 1;
    if (separator === undefined) return { key: this.#text.slice(start, end), isBare: true };
    this.#skipInlineSpace();
    return { key, isBare: separator === '\n' };
  }

  #value(): string {
    const quote = this.#text[this.#position];
    if (quote === '"' || quote === "'") return this.#quotedValue(quote);
    const raw = this.#lineFrom(this.#position);
    this.#position += raw.length + 1;
    this.#line += 1;
    const comment = raw.indexOf(' #');
    const value = (comment === -1 ? raw : raw.slice(0, comment)).replace(trailingSpace, '');
    return this.#expand(value);
  }

  #quotedValue(quote: '"' | "'"): string {
    const start = this.#position;
    let value = '';
    let isEscaped = false;
    for (let index = start + 1; index < this.#text.length; index += 1) {
      const character = this.#text[index] ?? '';
      if (character === '\n') this.#line += 1;
      if (character === quote && !isEscaped) {
        this.#position = index + 1;
        return quote === '"' ? this.#expand(expandEscapes(value)) : value;
      }
      if (character === '\\' && !isEscaped) {
        isEscaped = true;
        continue;
      }
      if (isEscaped && character !== quote) value += '\\';
      isEscaped = false;
      value += character;
    }
    throw new DotenvError(this.#line, `unterminated quoted value ${this.#lineFrom(start)}`);
  }

  #expand(value: string): string {
    try {
      return substitute(value, (name) => this.#lookup(name) ?? this.#variables.get(name));
    } catch (thrown) {
      if (thrown instanceof TemplateError) throw this.#error(thrown.message, thrown);
      throw thrown;
    }
  }
}

function expandEscapes(text: string): string {
  return text.replace(escapeSequence, (match) => {
    // An escaped dollar must survive the filling in of variables that follows.
    if (match === '\\$') return '$$';
    if (match.startsWith('\\0')) {
      const digits = match.slice(2);
      return /^[0-3][0-7]{2}$/.test(digits) ? String.fromCharCode(Number.parseInt(digits, 8)) : `\\${digits}`;
    }
    return escapes[match.charAt(1)] ?? match;
  });
}
