import type { SourceLocation } from '../shared/errors.ts';
import type { BoundOf } from './schema/kind.ts';
import type { config, model, network, secret, volume } from './schema/resources.ts';
import type { ServiceConfig } from './schema/service.ts';
import type { XTenfoldPort } from './schema/tenfold/port.ts';
import type { XTenfold } from './schema/tenfold/x-tenfold.ts';
import type { TreeMap } from './tree.ts';

export type { ServiceConfig } from './schema/service.ts';
export type NetworkConfig = BoundOf<typeof network>;
export type VolumeConfig = BoundOf<typeof volume>;
export type SecretConfig = BoundOf<typeof secret>;
export type ConfigConfig = BoundOf<typeof config>;
export type ModelConfig = BoundOf<typeof model>;

type ByName<Config> = Readonly<Record<string, Config>>;

/**
 * One compose project, resolved. Services and resources have docker compose's own JSON form: durations as `1m30s`, sizes
 * as digits in a string, ports as mappings, `x-` keys left out.
 */
export interface Project {
  readonly name: string;
  /** Absolute project directory. */
  readonly workingDir: string;
  /** Absolute paths in order; `-` is standard input. */
  readonly configFiles: readonly string[];
  /** What variables were filled in from: the process environment over the env files. */
  readonly environment: ByName<string>;
  readonly profiles: readonly string[];
  readonly services: ByName<ServiceConfig>;
  /** Services that no active profile asks for. */
  readonly disabledServices: ByName<ServiceConfig>;
  readonly networks: ByName<NetworkConfig>;
  readonly volumes: ByName<VolumeConfig>;
  readonly secrets: ByName<SecretConfig>;
  readonly configs: ByName<ConfigConfig>;
  readonly models: ByName<ModelConfig>;
  /** Values of the secrets and configs that come from the environment. */
  readonly secretValues: ByName<string>;
  readonly configValues: ByName<string>;
  /** Top-level `x-` keys. */
  readonly extensions: TreeMap;
  /** `x-tenfold` at the top level, of each service, and of the ports of each service, by their place in its list. */
  readonly tenfold: {
    readonly defaults: XTenfold;
    readonly services: ByName<XTenfold>;
    readonly ports: ByName<readonly (XTenfoldPort | undefined)[]>;
  };
  readonly warnings: readonly string[];
  /** The canonical model that the rest was made of, `x-` keys included. */
  readonly tree: TreeMap;
  /** Where a path of the model stands in the files. */
  locate(...keys: readonly (string | number)[]): SourceLocation;
}
