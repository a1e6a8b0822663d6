import { TenfoldError } from '../../shared/errors.ts';
import { canonicalise } from '../canonical/canonical.ts';
import { setDefaults } from '../canonical/defaults.ts';
import { omitEmptyDns } from '../canonical/omit-empty.ts';
import { resolvePaths } from '../canonical/resolve-paths.ts';
import { resolveEnvironment } from '../environment/resolve-environment.ts';
import { interpolate, type Interpolation } from '../interpolate/interpolate.ts';
import type { Lookup } from '../interpolate/template.ts';
import { mergeModels } from '../merge/merge.ts';
import { applyResets } from '../merge/resets.ts';
import { keepUnique } from '../merge/unicity.ts';
import { formatPath, type Path } from '../path.ts';
import { placeAt, type SourceDocument } from '../read/source-document.ts';
import { checkModel } from '../schema/project-schema.ts';
import { checkRules } from '../validate/check-rules.ts';
import { isMap, newMap, type TreeMap } from '../tree.ts';
import { applyExtends } from './extends.ts';
import { applyIncludes } from './include.ts';
import type { ConfigFile, LoadSession, Phases } from './session.ts';

/** What the files of one model share: those on the command line, or those of one `include`. */
export interface ModelContext {
  readonly session: LoadSession;
  readonly phases: Phases;
  readonly environment: ReadonlyMap<string, string>;
  /** Absolute folder that `include` and `extends` start from. */
  readonly baseDir: string;
  /** Folder that relative paths start from; itself relative inside an `include`, as its includer resolves the rest. */
  readonly pathDir: string;
  /** Absolute paths of the files that led here by `include`. */
  readonly includedFrom: readonly string[];
}

/** Loads files in order, each laid over the ones before, into one canonical model. */
export function loadModel(files: readonly ConfigFile[], context: ModelContext): TreeMap {
  const { session, phases } = context;
  let model = newMap();
  for (const file of files) model = addFile(model, file, context).model;
  if (phases.setsDefaults) setDefaults(model);
  session.run((report) => {
    if (phases.validates) checkRules(model, report);
    if (phases.resolvesPaths) resolvePaths(model, context.pathDir, report);
  });
  resolveEnvironment(model, context.environment);
  return model;
}

/** Lays one file over a model. The resets are those of its last document. */
export function addFile(
  base: TreeMap,
  file: ConfigFile,
  context: ModelContext,
): { readonly model: TreeMap; readonly resets: readonly Path[] } {
  if (file.model !== undefined) {
    return {
      model: addTree(base, file.model, [], file.filename, context, context.session.documents),
      resets: [],
    };
  }
  let model = base;
  let resets: readonly Path[] = [];
  for (const document of context.session.read(file).documents ?? []) {
    const { tree, source } = document;
    ({ resets } = document);
    context.session.documents.push(source);
    if (!isMap(tree)) throw notAMapping(file.filename, source);
    model = addTree(model, tree, resets, file.filename, context, [source]);
  }
  return { model, resets };
}

function notAMapping(file: string, document: SourceDocument): TenfoldError {
  return new TenfoldError('invalid-compose', 'top-level object must be a mapping', {
    where: { file, ...placeAt(document, document.contents?.range?.[0] ?? 0) },
    expected: 'a mapping with `services:` in it',
  });
}

/**
 * Fills in the variables of a document. Where that fails and the document is not one that only changes others, what
 * else is wrong with it is reported too, so that nobody has to mend a file one fault at a time.
 */
function interpolateAll(tree: TreeMap, options: Interpolation, isWhole: boolean): void {
  const unfilled = new Set<string>();
  interpolate(tree, {
    ...options,
    report(fault) {
      unfilled.add(formatPath(fault.path));
      options.report(fault);
    },
  });
  if (unfilled.size === 0 || !isWhole) return;
  checkModel(tree, (fault) => {
    if (!unfilled.has(formatPath(fault.path))) options.report(fault);
  });
}

function addTree(
  base: TreeMap,
  tree: TreeMap,
  resets: readonly Path[],
  filename: string,
  context: ModelContext,
  documents: readonly SourceDocument[],
): TreeMap {
  const { session, phases, environment } = context;
  const { warn } = session;
  const lookup: Lookup = (name) => environment.get(name);
  if (phases.interpolates) {
    const isWhole = phases.validates && Object.keys(base).length === 0;
    session.run((report) => interpolateAll(tree, { lookup, report, warn }, isWhole), documents);
  }
  if (phases.followsIncludes) applyIncludes(tree, filename, resets, context, loadModel);
  applyResets(base, resets);
  if (phases.followsExtends) applyExtends(tree, filename, resets, context, addFile);
  return session.run((report) => {
    const model = mergeModels(base, tree);
    keepUnique(model, report);
    if (phases.validates) {
      session.check(model, checkModel);
      if (model['version'] !== undefined) {
        warn(
          `${filename}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`,
        );
        delete model['version'];
      }
    }
    canonicalise(model, { report, warn, isLenient: !phases.interpolates });
    omitEmptyDns(model);
    // A range of ports may only now turn out to hold one that an earlier file has too.
    keepUnique(model, report);
    return model;
  });
}
