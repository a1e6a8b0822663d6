import { dirname, isAbsolute, join } from 'node:path';
import { TenfoldError } from '../../shared/errors.ts';
import { isFile, readEnvFiles } from '../environment/env-files.ts';
import { describeValue } from '../go-text.ts';
import { mergeResource } from '../merge/merge.ts';
import { applyResets } from '../merge/resets.ts';
import { formatPath, pathOf, type Path } from '../path.ts';
import { isMap, mapAt, newMap, type Tree, type TreeMap } from '../tree.ts';
import { folderOf } from './extends.ts';
import { refuseRemote } from '../read/remote.ts';
import type { ModelContext } from './load-model.ts';
import type { ConfigFile } from './session.ts';

type LoadModel = (files: readonly ConfigFile[], context: ModelContext) => TreeMap;

interface Include {
  readonly index: number;
  readonly paths: readonly string[];
  readonly projectDirectory: string | undefined;
  readonly envFiles: readonly string[];
}

const sections = ['services', 'volumes', 'networks', 'secrets', 'configs', 'models'] as const;

/** Adds what the included files define to a tree, in place; the tree's own resources are laid over theirs. */
export function applyIncludes(
  tree: TreeMap,
  filename: string,
  resets: readonly Path[],
  context: ModelContext,
  loadModel: LoadModel,
): void {
  if (tree['include'] === undefined) return;
  const within = { ...context, includedFrom: [...context.includedFrom, filename] };
  for (const include of readIncludes(tree['include'], within)) {
    const included = loadModel(...prepare(include, within));
    for (const section of sections) importSection(included, tree, section, resets, context);
  }
  delete tree['include'];
}

function fault(context: ModelContext, path: Path, message: string, got: Tree): TenfoldError {
  return new TenfoldError('invalid-compose', message, {
    where: context.session.locate(path, context.includedFrom.at(-1)),
    got: describeValue(got),
  });
}

function readIncludes(value: Tree, context: ModelContext): Include[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw fault(context, pathOf('include'), '`include` must be a list', value);
  return value.map((item, index) => {
    const path = pathOf('include', index);
    const long = typeof item === 'string' ? { path: item } : item;
    if (!isMap(long)) throw fault(context, path, `${formatPath(path)} must be a mapping or string`, item);
    const texts = (key: string): string[] => {
      const entry = long[key] ?? null;
      const list = entry === null ? [] : Array.isArray(entry) ? entry : [entry];
      for (const each of list) {
        if (typeof each !== 'string') {
          throw fault(
            context,
            pathOf('include', index, key),
            `include[${index}].${key} must be a list or string`,
            each,
          );
        }
      }
      return list.filter((each) => typeof each === 'string');
    };
    return {
      index,
      paths: texts('path'),
      projectDirectory: texts('project_directory')[0] || undefined,
      envFiles: texts('env_file'),
    };
  });
}

function prepare(include: Include, context: ModelContext): [ConfigFile[], ModelContext] {
  const { baseDir, session, environment, includedFrom } = context;
  const where = (key: string) => session.locate(pathOf('include', include.index, key), includedFrom.at(-1));
  for (const path of include.paths) refuseRemote(path, 'include', () => where('path'));
  for (const path of include.envFiles) refuseRemote(path, 'env_file', () => where('env_file'));
  const files = include.paths.map((path) => (isAbsolute(path) ? path : join(baseDir, path)));
  const [main] = files;
  if (main === undefined) {
    throw new TenfoldError('invalid-compose', `include[${include.index}] names no file`, {
      where: where('path'),
      expected: 'path',
    });
  }
  if (includedFrom.includes(main)) {
    const chain = [...includedFrom, main].join('\n include ');
    throw new TenfoldError('invalid-compose', `include cycle detected:\n${chain}`, { where: where('path') });
  }
  const { projectDirectory } = include;
  const isFixed = projectDirectory !== undefined && isAbsolute(projectDirectory);
  const dir =
    projectDirectory === undefined
      ? dirname(main)
      : isFixed
        ? projectDirectory
        : join(baseDir, projectDirectory);
  const ownEnvironment = readEnvFiles(
    envFilesOf(include, dir, baseDir),
    (name) => environment.get(name),
    baseDir,
  );
  return [
    files.map((filename) => ({ filename })),
    {
      ...context,
      phases: { ...context.phases, resolvesPaths: true, followsIncludes: true },
      environment: new Map([...ownEnvironment, ...environment]),
      baseDir: dir,
      pathDir: isFixed ? dir : folderOf(projectDirectory ?? main, baseDir),
    },
  ];
}

function envFilesOf(include: Include, dir: string, baseDir: string): string[] {
  if (include.envFiles.length === 0) {
    const file = join(dir, '.env');
    return isFile(file) ? [file] : [];
  }
  return include.envFiles
    .filter((file) => file !== '/dev/null')
    .map((file) => (isAbsolute(file) ? file : join(baseDir, file)));
}

function importSection(
  from: TreeMap,
  to: TreeMap,
  section: string,
  resets: readonly Path[],
  context: ModelContext,
): void {
  const included = mapAt(from, section);
  if (included === undefined) return;
  const own = to[section] ?? null;
  // What is no mapping is left to the schema, which says so.
  if (own !== null && !isMap(own)) return;
  const target = own ?? newMap();
  for (const name in included) {
    const existing = target[name];
    if (existing === undefined) {
      target[name] = included[name] ?? null;
      continue;
    }
    const holder = newMap();
    holder[section] = { [name]: included[name] ?? null };
    applyResets(holder, resets);
    const base = mapAt(holder, section)?.[name] ?? null;
    target[name] = context.session.run(() => mergeResource(base, existing, section, name));
  }
  to[section] = target;
}
