import { list, map, object } from './collections.ts';
import { mapping, options, texts, widened } from './mappings.ts';
import { choice, flag, integer, text } from './scalars.ts';

const driverOptions = () => options(['string', 'number']);

/** `external: true`, or the old form with a name in it. */
const external = () => widened(flag(), 'boolean', 'string', 'object');

const pool = object({
  subnet: text(),
  gateway: text(),
  ip_range: text(),
  aux_addresses: options(['string']),
});

/** Compose `networks.*`. */
export const network = object(
  {
    name: text(),
    driver: text(),
    driver_opts: driverOptions(),
    ipam: object(
      { driver: text(), config: list(pool), options: options(['string']) },
      { isAlwaysThere: true },
    ),
    external: external(),
    internal: flag(),
    attachable: flag(),
    labels: mapping(),
    enable_ipv4: choice(),
    enable_ipv6: choice(),
  },
  { isNullable: true },
);

/** Compose `volumes.*`. */
export const volume = object(
  { name: text(), driver: text(), driver_opts: driverOptions(), external: external(), labels: mapping() },
  { isNullable: true },
);

/** Compose `secrets.*`. */
export const secret = object({
  name: text(),
  file: text(),
  environment: text(),
  external: external(),
  labels: mapping(),
  driver: text(),
  driver_opts: driverOptions(),
  template_driver: text(),
});

/** Compose `configs.*`. */
export const config = object({
  name: text(),
  file: text(),
  environment: text(),
  content: text(),
  external: external(),
  labels: mapping(),
  template_driver: text(),
});

/** Compose `models.*`. */
export const model = object(
  {
    name: text(),
    model: text(),
    context_size: integer({ accepts: ['integer'] }),
    runtime_flags: texts(),
  },
  { required: ['model'] },
);

export const networks = map(network, { isClosed: false, nullAs: 'empty' });
export const volumes = map(volume, { nullAs: 'empty' });
export const secrets = map(secret, { nullAs: 'empty' });
export const configs = map(config, { nullAs: 'empty' });
export const models = map(model, { isClosed: false, nullAs: 'empty' });
