import { TenfoldError, type SourceLocation } from '../../shared/errors.ts';
import { FaultError, throwAll, type Fault } from '../faults.ts';
import { didYouMean } from '../nearest-name.ts';
import { locate } from '../read/locate.ts';
import type { Path } from '../path.ts';
import { readTextFile } from '../read/read-text-file.ts';
import { readYaml, type ReadDocument } from '../read/read-yaml.ts';
import type { SourceDocument } from '../read/source-document.ts';
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
  /** The content as data, where that was needed before. */
  readonly documents?: readonly ReadDocument[];
}

/** Most faults that are listed; nobody reads more, and each has to be found in the file. */
const maxFaults = 100;

/** Most files that one load reads. Includes may double at each level, so without a limit a few lines could ask for millions. */
const maxFiles = 2_000;

/** What one load gathers on its way: the documents read, for locations, and warnings. */
export class LoadSession {
  readonly documents: SourceDocument[] = [];
  readonly #warnings = new Set<string>();
  #filesRead = 0;

  readonly warn = (message: string): void => {
    this.#warnings.add(message);
  };

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  /** The file with its content read. */
  read(file: ConfigFile): ConfigFile {
    if (file.model !== undefined || file.documents !== undefined) return file;
    this.#filesRead += 1;
    if (this.#filesRead > maxFiles) {
      throw new TenfoldError(
        'invalid-compose',
        `more than ${maxFiles} files are read by include and extends`,
        {
          where: { file: file.filename },
          expected: `at most ${maxFiles}, each counted as often as it is read`,
          hint: 'files that include others twice, several levels deep, are read ever more often',
        },
      );
    }
    const content = file.content ?? readTextFile(file.filename, 'compose file');
    return { ...file, content, documents: readYaml(content, file.filename) };
  }

  /** Where a path stands, in any of the files or in one of them. */
  locate(path: Path, file?: string): SourceLocation {
    const documents = this.documents.filter((document) => file === undefined || document.file === file);
    return locate(documents, path);
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
    let unlisted = 0;
    const report = (fault: Fault) => {
      if (faults.length < maxFaults) faults.push(fault);
      else unlisted += 1;
    };
    const throwFaults = () =>
      throwAll(
        faults.map((fault) => locatedError(fault, documents)),
        unlisted,
      );
    try {
      const result = phase(report);
      throwFaults();
      return result;
    } catch (thrown) {
      if (!(thrown instanceof FaultError)) throw thrown;
      report(thrown.fault);
      throwFaults();
      throw thrown;
    }
  }
}

function locatedError(fault: Fault, documents: readonly SourceDocument[]): TenfoldError {
  const { path, message, code = 'invalid-compose', unknown, ...details } = fault;
  const hint = unknown === undefined ? {} : didYouMean(unknown.word, unknown.known());
  return new TenfoldError(code, message, { where: locate(documents, path), ...details, ...hint });
}
