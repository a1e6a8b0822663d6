import { TenfoldError, type SourceLocation } from '../../shared/errors.ts';
import { FaultError, throwAll, type Fault } from '../faults.ts';
import { didYouMean } from '../nearest-name.ts';
import { locate } from '../read/locate.ts';
import { keysOf, type Path } from '../path.ts';
import { readTextFile } from '../read/read-text-file.ts';
import { readYaml, type ReadDocument } from '../read/read-yaml.ts';
import type { SourceDocument } from '../read/source-document.ts';
import { mapAt, type TreeMap } from '../tree.ts';

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
  readonly #deferred: TenfoldError[] = [];
  /** Elements with a deferred fault, as `services.web`: what later phases say of them may only follow from it. */
  readonly #broken = new Set<string>();
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
   * Checks a model against the schema. When only some keys of its services, networks and the like are at fault, these
   * are taken out of the model and the faults kept for the end, so that what else is wrong with the file is said
   * with them; otherwise they are thrown.
   */
  check(model: TreeMap, phase: (model: TreeMap, report: (fault: Fault) => void) => void): void {
    for (const { path } of this.#collect((report) => phase(model, report)).faults) {
      const [section = '', element = '', key = ''] = keysOf(path);
      delete mapAt(mapAt(model, String(section)), String(element))?.[String(key)];
    }
  }

  /** Runs a phase whose result can be used in spite of its faults, and keeps these for the end where that is so. */
  collect<Result>(phase: (report: (fault: Fault) => void) => Result): Result {
    return this.#collect(phase).result;
  }

  #collect<Result>(phase: (report: (fault: Fault) => void) => Result): {
    result: Result;
    faults: readonly Fault[];
  } {
    return this.run((report) => {
      const faults: Fault[] = [];
      let result: Result;
      try {
        result = phase((fault) => faults.push(fault));
      } catch (thrown) {
        faults.forEach(report);
        throw thrown;
      }
      const isPartial = faults.length <= maxFaults && faults.every(({ path }) => keysOf(path).length > 2);
      if (isPartial) this.#defer(faults);
      else faults.forEach(report);
      return { result, faults };
    });
  }

  #defer(faults: readonly Fault[]): void {
    const errors = faults.map((fault) => locatedError(fault, this.documents));
    this.#deferred.push(...errors.filter((error) => !this.#isBroken(error)));
    for (const { path } of faults) this.#broken.add(keysOf(path).slice(0, 2).join('.'));
  }

  /** Throws what was kept for the end. */
  throwDeferred(): void {
    throwAll(this.#deferred);
  }

  /** What ended the load, together with what was kept for the end. */
  withDeferred(thrown: unknown): unknown {
    if (this.#deferred.length === 0 || !(thrown instanceof TenfoldError)) return thrown;
    const later = (thrown.errors.length > 0 ? thrown.errors : [thrown]).filter(
      (error) => !this.#isBroken(error),
    );
    try {
      throwAll([...this.#deferred, ...later]);
    } catch (all) {
      return all;
    }
    return thrown;
  }

  #isBroken({ where }: TenfoldError): boolean {
    const path = where?.path ?? '';
    return [...this.#broken].some((element) => path === element || path.startsWith(`${element}.`));
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
