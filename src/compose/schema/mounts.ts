import { object, list, short } from './collections.ts';
import { deviceCount, fileMode } from './commands.ts';
import { anyOf, mapping, texts, widened } from './mappings.ts';
import { bytes, flag, integer, optOut, text } from './scalars.ts';
import { xTenfoldPort } from './tenfold/port.ts';

/** Compose `services.*.ports[]`. */
export const port = object({
  name: text(),
  mode: text(),
  host_ip: text(),
  target: integer(),
  published: widened(text(), 'string', 'integer'),
  protocol: text(),
  app_protocol: text(),
  'x-tenfold': { ...xTenfoldPort, bind: () => undefined },
});

export const ports = list(short(port, anyOf('number', 'string')), { isUnique: true });

/** Compose `services.*.volumes[]`. */
export const volumeMount = object(
  {
    type: text({ choices: ['bind', 'volume', 'tmpfs', 'cluster', 'npipe', 'image'] }),
    source: text(),
    target: text(),
    read_only: flag(),
    consistency: text(),
    bind: object({
      selinux: text({ choices: ['z', 'Z'] }),
      propagation: text(),
      create_host_path: optOut(),
      recursive: text({ choices: ['enabled', 'disabled', 'writable', 'readonly'] }),
    }),
    volume: object({ labels: mapping(), nocopy: flag(), subpath: text() }),
    tmpfs: object({
      size: bytes(['integer', 'string'], 0),
      mode: integer({ accepts: ['number', 'string'] }),
    }),
    image: object({ subpath: text() }),
  },
  { required: ['type'] },
);

export const volumeMounts = list(short(volumeMount, anyOf('string')), { isUnique: true });

/** Compose `services.*.configs[]` and `services.*.secrets[]`. */
export const fileMount = object({
  source: text(),
  target: text(),
  uid: text(),
  gid: text(),
  mode: fileMode(),
});

export const fileMounts = list(short(fileMount, anyOf('string')));

/** Compose `services.*.devices[]`. */
export const devices = list(
  short(
    object({ source: text(), target: text(), permissions: text() }, { required: ['source'] }),
    anyOf('string'),
  ),
);

const deviceRequestFields = {
  capabilities: texts(true),
  driver: text(),
  count: deviceCount(),
  device_ids: texts(true),
  options: mapping(),
};

/** Compose `deploy.resources.reservations.devices`. */
export const deviceRequests = list(object(deviceRequestFields, { required: ['capabilities'] }));

/** Compose `services.*.gpus`. */
export const gpus = short(list(object(deviceRequestFields, { isOpen: true })), text({ choices: ['all'] }));

/** Compose `services.*.env_file`. */
export const envFiles = short(
  list(
    short(
      object(
        { path: text(), required: optOut(), format: text() },
        { required: ['path'], isExtensible: false },
      ),
      anyOf('string'),
    ),
  ),
  anyOf('string'),
);
