import { LineCounter, parseAllDocuments, type Node } from 'yaml';
import { messageOf, TenfoldError } from '../../shared/errors.ts';
import { throwAll } from '../faults.ts';
import { indentFlow, type IndentedText } from './indent-flow.ts';

/** One YAML document of a compose file, with what is needed to say where in the file something stands. */
export interface SourceDocument {
  readonly file: string;
  readonly lines: LineCounter;
  readonly contents: Node | null;
  /** Columns by which lines were pushed to the right before they were parsed. */
  readonly shifts?: ReadonlyMap<number, number> | undefined;
}

/** Line and column of an offset, as they are in the file. */
export function placeAt(
  document: SourceDocument,
  offset: number,
): { readonly line: number; readonly column: number } {
  const { line, col } = document.lines.linePos(offset);
  return { line, column: Math.max(1, col - (document.shifts?.get(line) ?? 0)) };
}

/** Longest file that is read, in bytes: some two hundred times the largest that people write. */
export const maxFileBytes = 64 * 1024 * 1024;

/**
 * Parses the text of one file, which may hold several YAML documents. Throws `invalid-compose` with every syntax error
 * in it.
 */
export function parseDocuments(text: string, file: string): SourceDocument[] {
  const lines = new LineCounter();
  const documents = parse(text, file, lines);
  if (!Array.isArray(documents)) return [];
  const errors = documents.flatMap((document) => document.errors);
  const indented = errors.length === 0 ? undefined : indentFlow(text);
  if (indented !== undefined) {
    const again = parseIndented(indented, file);
    if (again !== undefined) return again;
  }
  const faults = errors.map((error) => {
    const { line, col: column } = lines.linePos(error.pos[0]);
    if (/call stack/.test(error.message)) return tooDeep(file);
    return new TenfoldError('invalid-compose', `failed to parse ${file}: ${lowerFirst(error.message)}`, {
      where: { file, line, column },
      hint: 'look at that line and the one before it: indentation by spaces, closed quotes, a space after each colon',
    });
  });
  throwAll(faults);
  return documents.flatMap(({ contents }) => (contents === null ? [] : [{ file, lines, contents }]));
}

// oxlint-disable-next-line eslint/no-control-regex
const controlCharacter = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** Refuses what no text file has and YAML forbids. */
export function refuseControlCharacters(text: string, file: string): void {
  const offset = text.search(controlCharacter);
  if (offset === -1) return;
  const before = text.slice(0, offset).split('\n');
  throw new TenfoldError('invalid-compose', `failed to parse ${file}: control characters are not allowed`, {
    where: { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 },
    got: `character ${text.charCodeAt(offset)}`,
  });
}

/** The documents of a text whose only fault was its indentation inside brackets and quotes, else undefined. */
function parseIndented({ text, shifts }: IndentedText, file: string): SourceDocument[] | undefined {
  const lines = new LineCounter();
  const documents = parse(text, file, lines);
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) return undefined;
  return documents.flatMap(({ contents }) => (contents === null ? [] : [{ file, lines, contents, shifts }]));
}

function parse(text: string, file: string, lines: LineCounter) {
  try {
    // Scalars are resolved by our own rules, and anchors by our own walk: the library's are not those of Compose.
    return parseAllDocuments(text, {
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
      // What is unambiguous is taken: docker compose's parser is no stricter.
      strict: false,
      lineCounter: lines,
      logLevel: 'silent',
    });
  } catch (thrown) {
    if (thrown instanceof RangeError) throw tooDeep(file);
    throw new TenfoldError('invalid-compose', `failed to parse ${file}: ${messageOf(thrown)}`, {
      where: { file },
      cause: thrown,
    });
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** A file nested deeper than any real one; the limit keeps a hostile one from exhausting the stack. */
export function tooDeep(file: string): TenfoldError {
  return new TenfoldError('invalid-compose', `failed to parse ${file}: it is nested too deeply`, {
    where: { file },
    expected: `at most ${maxDepth} levels`,
  });
}

export const maxDepth = 200;
