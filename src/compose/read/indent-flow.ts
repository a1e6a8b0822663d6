/** A text with lines pushed to the right, and by how many columns each of them was. */
export interface IndentedText {
  readonly text: string;
  /** By line, from 1. */
  readonly shifts: ReadonlyMap<number, number>;
}

/** Deeper than anything that a continued line could have to be. */
const depthEnough = 250;

/**
 * Indents the lines on which `[…]`, `{…}` or a text in quotes goes on. YAML wants them deeper than the key that they
 * belong to; the parser of docker compose does not mind, nor does it mind tabs there. Undefined when there are none.
 */
export function indentFlow(text: string): IndentedText | undefined {
  const shifts = new Map<number, number>();
  const scanner = new FlowScanner();
  const lines = text.split('\n').map((line, index) => {
    const isContinued = scanner.isOpen;
    scanner.scan(line);
    const content = line.trimStart();
    if (!isContinued || content === '') return line;
    shifts.set(index + 1, depthEnough - (line.length - content.length));
    return `${' '.repeat(depthEnough)}${content}`;
  });
  return shifts.size === 0 ? undefined : { text: lines.join('\n'), shifts };
}

/** Part of a line that is looked at for a key, a dash or a `|`; what is longer has none that anybody wrote. */
const maxPattern = 2_000;

const blockScalar = /(?:^|[:-][ \t]+)(?:[&!]\S+[ \t]+)*[|>][-+0-9]*[ \t]*(?:[ \t]#.*)?$/;
/** Dashes, a key, an anchor or tag: what may stand before a value. */
const beforeValue =
  /^ *(?:- +)*(?:(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#'"[\]{},&*!|>%@`-][^#]*?|-[^\s#][^#]*?)[ \t]*:[ \t]+)?(?:[&!]\S+[ \t]+)*/;

/** Follows quotes and brackets from line to line, as far as they open a value. */
class FlowScanner {
  #brackets = 0;
  #quote = '';
  /** Indentation of the line with the `|` or `>` whose text is passed over. */
  #literalIndent: number | undefined;

  get isOpen(): boolean {
    return this.#brackets > 0 || this.#quote !== '';
  }

  scan(line: string): void {
    if (this.isOpen) return this.#follow(line, 0);
    const indent = line.length - line.trimStart().length;
    if (this.#literalIndent !== undefined) {
      if (line.trim() === '' || indent > this.#literalIndent) return;
      this.#literalIndent = undefined;
    }
    if (blockScalar.test(line.slice(-maxPattern))) {
      this.#literalIndent = indent;
      return;
    }
    const start = beforeValue.exec(line.slice(0, maxPattern))?.[0].length ?? 0;
    if ('[{"\''.includes(line.charAt(start) || ' ')) this.#follow(line, start);
  }

  #follow(line: string, start: number): void {
    for (let index = start; index < line.length; index += 1) {
      const character = line.charAt(index);
      if (this.#quote !== '') {
        if (character === '\\' && this.#quote === '"') index += 1;
        else if (character === this.#quote) this.#quote = '';
      } else if (character === '#' && /[\s]|^$/.test(line.charAt(index - 1))) {
        return;
      } else if (character === '"' || character === "'") {
        // Inside a word a quote is a letter.
        if (/[\s,[{:]|^$/.test(line.charAt(index - 1))) this.#quote = character;
      } else if (character === '[' || character === '{') {
        this.#brackets += 1;
      } else if (character === ']' || character === '}') {
        this.#brackets = Math.max(0, this.#brackets - 1);
      }
      if (!this.isOpen) return;
    }
  }
}
