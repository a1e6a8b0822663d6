import { isMap, mapAt, textAt, type TreeMap } from '../tree.ts';

/** Key of a value from the environment in the model. No file can hold it: the schema knows no such key. */
export const environmentValueKey = '#value';

/**
 * Gives values from the environment to what asks for them by name: `- NAME` under a service's `environment`, and
 * `environment: NAME` of secrets and configs. In place.
 */
export function resolveEnvironment(model: TreeMap, environment: ReadonlyMap<string, string>): void {
  for (const service of mapsOf(model, 'services')) {
    const list = service['environment'];
    if (!Array.isArray(list)) continue;
    service['environment'] = list
      .filter((entry) => typeof entry === 'string')
      .map((entry) => {
        const value = environment.get(entry);
        return value === undefined ? entry : `${entry}=${value}`;
      });
  }
  for (const section of ['secrets', 'configs']) {
    for (const resource of mapsOf(model, section)) {
      const value = environment.get(textAt(resource, 'environment') ?? '');
      if (value !== undefined) resource[environmentValueKey] = value;
    }
  }
}

function mapsOf(model: TreeMap, section: string): TreeMap[] {
  return Object.values(mapAt(model, section) ?? {}).filter(isMap);
}
