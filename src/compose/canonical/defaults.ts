import { goText } from '../go-text.ts';
import { below, pathTable, type PathTable } from '../path-table.ts';
import { isMap, type Tree, type TreeMap } from '../tree.ts';

type Default = (map: TreeMap) => void;

/** Fills in what the specification says an absent attribute means, in place; the model is in canonical form. */
export function setDefaults(model: TreeMap): void {
  walk(model, defaults);
}

function walk(value: Tree, table: PathTable<Default> | undefined): void {
  if (table === undefined) return;
  if (Array.isArray(value)) {
    for (const item of value) walk(item, below(table, '*'));
  } else if (isMap(value)) {
    table.rule?.(value);
    for (const key in value) walk(value[key] ?? null, below(table, key));
  }
}

const deviceRequest: Default = (request) => {
  if (request['count'] === undefined && request['device_ids'] === undefined) request['count'] = 'all';
};

const defaults = pathTable<Default>({
  'services.*.build': (build) => {
    build['context'] ??= '.';
  },
  'services.*.secrets.*': (secret) => {
    secret['target'] ??= `/run/secrets/${goText(secret['source'] ?? null)}`;
  },
  'services.*.ports.*': (port) => {
    port['protocol'] ??= 'tcp';
    port['mode'] ??= 'ingress';
  },
  'services.*.deploy.resources.reservations.devices.*': deviceRequest,
  'services.*.gpus.*': deviceRequest,
  'services.*.volumes.*.bind': (bind) => {
    bind['create_host_path'] ??= true;
  },
});
