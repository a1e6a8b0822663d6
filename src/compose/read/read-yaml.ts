import { quickParse } from './quick-parse.ts';
import { readDocument, type DocumentTree } from './read-document.ts';
import { parseDocuments, refuseControlCharacters, type SourceDocument } from './source-document.ts';

/** One YAML document as data, and as what locations are looked up in. */
export interface ReadDocument extends DocumentTree {
  readonly source: SourceDocument;
}

/**
 * Reads the YAML documents of one file. Throws `invalid-compose` with every fault in them. Most files are plain enough
 * for the quick parser; the full one then only runs when somebody asks where something stands.
 */
export function readYaml(text: string, file: string): ReadDocument[] {
  refuseControlCharacters(text, file);
  const unixText = text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text;
  const tree = quickParse(unixText);
  if (tree !== undefined) return [{ tree, resets: [], source: new LazyDocument(unixText, file) }];
  return parseDocuments(unixText, file).map((source) => ({ ...readDocument(source), source }));
}

/** The document of a file that the quick parser read. */
class LazyDocument implements SourceDocument {
  readonly file: string;
  readonly #text: string;
  #parsed: SourceDocument | undefined;

  constructor(text: string, file: string) {
    this.#text = text;
    this.file = file;
  }

  get lines(): SourceDocument['lines'] {
    return this.#document().lines;
  }

  get contents(): SourceDocument['contents'] {
    return this.#document().contents;
  }

  get shifts(): SourceDocument['shifts'] {
    return this.#document().shifts;
  }

  #document(): SourceDocument {
    const [document] = this.#parsed === undefined ? parseDocuments(this.#text, this.file) : [this.#parsed];
    if (document === undefined)
      throw new Error(`the quick parser read ${this.file}, in which there is nothing`);
    this.#parsed = document;
    return document;
  }
}
