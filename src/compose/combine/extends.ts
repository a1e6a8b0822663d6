import { TenfoldError } from '../../shared/errors.ts';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { statSync } from 'node:fs';
import { resolvePaths } from '../canonical/resolve-paths.ts';
import { didYouMean } from '../nearest-name.ts';
import { mergeService } from '../merge/merge.ts';
import { applyResets } from '../merge/resets.ts';
import { pathOf, type Path } from '../path.ts';
import { cloneTree, isMap, mapAt, newMap, textAt, type Tree, type TreeMap } from '../tree.ts';
import { refuseRemote } from '../read/remote.ts';
import type { ModelContext } from './load-model.ts';
import type { ConfigFile } from './session.ts';

type AddFile = (
  base: TreeMap,
  file: ConfigFile,
  context: ModelContext,
) => { readonly model: TreeMap; readonly resets: readonly Path[] };

/** The services of one file, and what it resets. */
interface Scope {
  readonly services: TreeMap;
  readonly file: string;
  readonly resets: readonly Path[];
}

/** Replaces every `extends` in a tree by the service it names with this one laid over it. In place. */
export function applyExtends(
  tree: TreeMap,
  filename: string,
  resets: readonly Path[],
  context: ModelContext,
  addFile: AddFile,
): void {
  const services = tree['services'] ?? null;
  // What is no mapping is left to the schema, which says so.
  if (!isMap(services)) return;
  const scope: Scope = { services, file: filename, resets };
  const extender = new Extender(context, addFile);
  for (const name of Object.keys(services)) services[name] = extender.extend(name, scope, []);
}

class Extender {
  readonly #context: ModelContext;
  readonly #addFile: AddFile;
  readonly #scopes = new Map<string, Scope>();

  constructor(context: ModelContext, addFile: AddFile) {
    this.#context = context;
    this.#addFile = addFile;
  }

  extend(name: string, scope: Scope, chain: readonly string[]): Tree {
    const service = scope.services[name] ?? null;
    if (!isMap(service) || service['extends'] === undefined) return service;
    const link = `${name} in ${scope.file}`;
    if (chain.includes(link)) {
      const circle = [...chain, link].map((each, index) => `  ${index > 0 ? 'extends ' : ''}${each}`);
      throw this.#fault(name, ['Circular reference:', ...circle].join('\n'), {
        hint: 'a service cannot extend itself, not even by way of others',
      });
    }
    const reference = this.#reference(service['extends'], name);
    const target =
      reference.file === undefined ? scope : this.#scopeOf(reference.file, reference.service, name);
    if (target.services[reference.service] === undefined) {
      throw this.#fault(
        name,
        `cannot extend service "${name}" in ${scope.file}: service "${reference.service}" not found in ${target.file}`,
        didYouMean(reference.service, Object.keys(target.services)),
      );
    }
    const base = this.extend(reference.service, target, [...chain, link]);
    if (!isMap(base)) return service;
    const source = newMap();
    source['services'] = { [name]: cloneTree(base) };
    applyResets(source, scope.resets);
    const cloned = mapAt(mapAt(source, 'services'), name) ?? newMap();
    const merged = this.#context.session.run(() => mergeService(cloned, service, name));
    delete merged['extends'];
    scope.services[name] = merged;
    return merged;
  }

  #reference(value: Tree, name: string): { readonly service: string; readonly file: string | undefined } {
    if (typeof value === 'string') return { service: value, file: undefined };
    const service = isMap(value) ? textAt(value, 'service') : undefined;
    if (!isMap(value) || service === undefined) {
      throw this.#fault(name, `extends.${name}.service is required`, { expected: 'the name of a service' });
    }
    const file = value['file'] ?? null;
    if (file !== null && typeof file !== 'string') {
      throw this.#fault(name, `services.${name}.extends.file must be a string`, { expected: 'a string' });
    }
    return { service, file: file ?? undefined };
  }

  #scopeOf(file: string, service: string, name: string): Scope {
    const { baseDir, phases, session } = this.#context;
    refuseRemote(file, 'extends.file', () => session.locate(pathOf('services', name, 'extends', 'file')));
    const local = isAbsolute(file) ? file : join(baseDir, file);
    const known = this.#scopes.get(local);
    if (known !== undefined) return known;
    const { model, resets } = this.#addFile(
      newMap(),
      { filename: local },
      {
        ...this.#context,
        phases: {
          ...phases,
          validates: false,
          resolvesPaths: false,
          followsIncludes: false,
          followsExtends: false,
          setsDefaults: false,
        },
      },
    );
    const services = model['services'] ?? null;
    if (!isMap(services)) {
      const problem = services === null ? 'no services section' : 'services must be a mapping';
      throw this.#fault(name, `cannot extend service "${service}" in ${local}: ${problem}`);
    }
    session.run((report) => resolvePaths(model, folderOf(file, baseDir), report));
    const scope: Scope = { services, file: local, resets };
    this.#scopes.set(local, scope);
    return scope;
  }

  #fault(name: string, message: string, details: { expected?: string; hint?: string } = {}): TenfoldError {
    const where = this.#context.session.locate(pathOf('services', name, 'extends'));
    return new TenfoldError('invalid-compose', message, { where, ...details });
  }
}

/** Folder of a file, or the folder itself, as seen from the base folder. */
export function folderOf(path: string, baseDir: string): string {
  const absolute = isAbsolute(path) ? path : join(baseDir, path);
  const isFolder = statSync(absolute, { throwIfNoEntry: false })?.isDirectory() === true;
  return relative(baseDir, isFolder ? absolute : dirname(absolute)) || '.';
}
