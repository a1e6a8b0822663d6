import type { Report } from '../faults.ts';
import type { TreeMap } from '../tree.ts';
import { list, map, object, short } from './collections.ts';
import type { JsonSchema } from './kind.ts';
import { anyOf, textOrList } from './mappings.ts';
import { configs, models, networks, secrets, volumes } from './resources.ts';
import { text } from './scalars.ts';
import { service } from './service.ts';
import { xTenfold } from './tenfold/x-tenfold.ts';

const include = short(
  object({ path: textOrList(), env_file: textOrList(), project_directory: text() }, { isExtensible: false }),
  anyOf('string'),
);

/** A whole compose file. */
const composeFile = object({
  version: text(),
  name: text(),
  include: list(include),
  services: map(service),
  models,
  networks,
  volumes,
  secrets,
  configs,
  'x-tenfold': xTenfold,
});

/** Judges a merged model, with every fault in it. */
export function checkModel(model: TreeMap, report: Report): void {
  composeFile.check(model, undefined, report);
}

/** The JSON schema for editors. */
export function editorSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Compose file, as Tenfold reads it',
    ...composeFile.schema,
  };
}
