import { pathOf } from '../path.ts';
import type { Project } from '../project.ts';
import type { Kind } from '../schema/kind.ts';
import { config, model, network, secret, volume } from '../schema/resources.ts';
import { service } from '../schema/service.ts';
import { writeYaml } from './write-yaml.ts';
import { isMap, mapAt, newMap, type Tree } from '../tree.ts';

const sections: readonly (readonly [
  name: 'networks' | 'volumes' | 'secrets' | 'configs' | 'models',
  Kind<unknown>,
])[] = [
  ['networks', network],
  ['volumes', volume],
  ['secrets', secret],
  ['configs', config],
  ['models', model],
];

/** The whole project as a compose file in canonical form: what `config` prints. Reading it gives the same project. */
export function projectYaml(project: Project): string {
  const { tree } = project;
  const bind = (section: string, kind: Kind<unknown>, names: readonly string[]) => {
    const bound: Record<string, unknown> = {};
    for (const name of names) {
      const value = mapAt(tree, section)?.[name] ?? null;
      const binding = { form: 'yaml', report: () => undefined } as const;
      bound[name] = kind.bind(isMap(value) ? value : newMap(), pathOf(section, name), binding) ?? {};
    }
    return bound;
  };
  const document: Record<string, unknown> = {
    name: project.name,
    services: bind('services', service, Object.keys(project.services)),
  };
  for (const [section, kind] of sections) {
    const names = Object.keys(project[section]);
    if (names.length > 0) document[section] = bind(section, kind, names);
  }
  for (const key of Object.keys(tree).sort()) if (key.startsWith('x-')) document[key] = tree[key];
  return writeYaml(document);
}

/** A model whose variables were not filled in, as data with sorted keys. */
export function plainModel(value: Tree): Tree {
  if (Array.isArray(value)) return value.map(plainModel);
  if (!isMap(value)) return value;
  const plain: Record<string, Tree> = {};
  // Keys that no file can have are values that the loader keeps beside the model.
  for (const key of Object.keys(value).sort())
    if (!key.startsWith('#')) plain[key] = plainModel(value[key] ?? null);
  return plain;
}
