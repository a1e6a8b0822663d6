import type { Report } from '../faults.ts';
import { pathOf } from '../path.ts';
import type { Kind } from '../schema/kind.ts';
import { configs, models, networks, secrets, volumes } from '../schema/resources.ts';
import { service } from '../schema/service.ts';
import { xTenfoldPort, type XTenfoldPort } from '../schema/tenfold/port.ts';
import { xTenfold, type XTenfold } from '../schema/tenfold/x-tenfold.ts';
import { isMap, mapAt, newRecord, recordOf, textAt, type TreeMap } from '../tree.ts';
import { environmentValueKey } from '../environment/resolve-environment.ts';
import type { Project, ServiceConfig } from '../project.ts';

export type BoundProject = Pick<
  Project,
  | 'services'
  | 'networks'
  | 'volumes'
  | 'secrets'
  | 'configs'
  | 'models'
  | 'secretValues'
  | 'configValues'
  | 'extensions'
  | 'tenfold'
>;

/** Turns a canonical model into typed services and resources, in docker compose's JSON form. */
export function bindProject(tree: TreeMap, report: Report): BoundProject {
  const binding = { form: 'json', report } as const;
  const section = <Bound>(name: string, kind: Kind<Record<string, Bound | null>>) => {
    const bound = kind.bind(tree[name] ?? null, pathOf(name), binding) ?? newRecord();
    // Only what may be null in a file can be null here, and that was made empty.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return bound as Record<string, Bound>;
  };
  const services = newRecord<ServiceConfig>();
  const tenfold = newRecord<XTenfold>();
  const tenfoldPorts = newRecord<readonly (XTenfoldPort | undefined)[]>();
  const bindTenfold = (map: TreeMap, ...keys: string[]) =>
    xTenfold.bind(map['x-tenfold'] ?? null, pathOf(...keys, 'x-tenfold'), binding) ?? {};
  const serviceTrees = mapAt(tree, 'services') ?? {};
  for (const name of Object.keys(serviceTrees).sort()) {
    const value = serviceTrees[name] ?? null;
    const config = service.bind(isMap(value) ? value : {}, pathOf('services', name), binding);
    if (config === undefined) continue;
    services[name] = config;
    tenfold[name] = bindTenfold(isMap(value) ? value : {}, 'services', name);
    const ports = isMap(value) && Array.isArray(value['ports']) ? value['ports'] : [];
    tenfoldPorts[name] = ports.map((port, index) => {
      const path = pathOf('services', name, 'ports', index, 'x-tenfold');
      return xTenfoldPort.bind((isMap(port) ? port['x-tenfold'] : undefined) ?? null, path, binding);
    });
  }
  return {
    services,
    networks: section('networks', networks),
    volumes: section('volumes', volumes),
    secrets: section('secrets', secrets),
    configs: section('configs', configs),
    models: section('models', models),
    secretValues: environmentValues(tree, 'secrets'),
    configValues: environmentValues(tree, 'configs'),
    extensions: recordOf(Object.entries(tree).filter(([key]) => key.startsWith('x-'))),
    tenfold: { defaults: bindTenfold(tree), services: tenfold, ports: tenfoldPorts },
  };
}

function environmentValues(tree: TreeMap, section: string): Record<string, string> {
  const values = newRecord<string>();
  for (const [name, resource] of Object.entries(mapAt(tree, section) ?? {})) {
    const value = isMap(resource) ? textAt(resource, environmentValueKey) : undefined;
    if (value !== undefined) values[name] = value;
  }
  return values;
}
