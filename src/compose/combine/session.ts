import { TenfoldError, type SourceLocation } from '../../shared/errors.ts';
import { FaultError, throwAll, type Fault } from '../faults.ts';
import { locate } from '../read/locate.ts';
import type { Path } from '../path.ts';
import { readTextFile } from '../read/read-text-file.ts';
import { parseDocuments, type SourceDocument } from '../read/source-document.ts';
import type { TreeMap } from '../tree.ts';

/** Which phases of the loader run. */
export interface Phases {
  readonly interpolates: boolean;
  readonly validates: boolean;
  readonly resolvesPaths: boolean;
  readonly followsIncludes: boolean;
  readonly followsExtends: boolean;
  readonly setsDefaults: boolean;
}

/** A compose file: read from its path unless its content, or the model in it, is given. */
export interface ConfigFile {
  readonly filename: string;
  readonly content?: string;
  readonly model?: TreeMap;
  /** The parsed content, where that was needed before. */
  readonly documents?: readonly SourceDocument[];
}

/** What one load gathers on its way: the documents read, for locations, and warnings. */
export class LoadSession {
  readonly documents: SourceDocument[] = [];
  readonly #warnings = new Set<string>();

  readonly warn = (message: string): void => {
    this.#warnings.add(message);
  };

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  /** The file with its content read and parsed. */
  parse(file: ConfigFile): ConfigFile {
    if (file.model !== undefined || file.documents !== undefined) return file;
    const content = file.content ?? readTextFile(file.filename, 'compose file');
    return { ...file, content, documents: parseDocuments(content, file.filename) };
  }

  locate(path: Path): SourceLocation {
    return locate(this.documents, path);
  }

  /**
   * Runs one phase, and throws all the faults that it reports as errors with their location. `documents` narrows down
   * where they can stand.
   */
  run<Result>(
    phase: (report: (fault: Fault) => void) => Result,
    documents: readonly SourceDocument[] = this.documents,
  ): Result {
    const faults: Fault[] = [];
    const located = (fault: Fault) => {
      const { path, message, code = 'invalid-compose', ...details } = fault;
      return new TenfoldError(code, message, { where: locate(documents, path), ...details });
    };
    try {
      const result = phase((fault) => faults.push(fault));
      throwAll(faults.map(located));
      return result;
    } catch (thrown) {
      if (!(thrown instanceof FaultError)) throw thrown;
      throwAll([...faults, thrown.fault].map(located));
      throw thrown;
    }
  }
}
