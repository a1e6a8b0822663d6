import type { JsonObject } from './json.ts';
import type { Entrypoint } from './routing.ts';
import type { Service } from './service.ts';

/** One compose project, resolved: what the CLI hands to the daemon and the daemon keeps. */
export interface Stack {
  /** Compose project name. */
  readonly name: string;
  /** Absolute project directory. */
  readonly workingDir: string;
  /** Absolute paths of the files it was read from, in order. */
  readonly configFiles: readonly string[];
  /** Environment that local processes start from (`PATH`, `HOME` and the like); not part of any revision. */
  readonly hostEnvironment: Readonly<Record<string, string>>;
  readonly services: Readonly<Record<string, Service>>;
  /** Addresses that services share. */
  readonly entrypoints?: readonly Entrypoint[];
  /** Top-level Compose elements in canonical form, by key. */
  readonly networks: Readonly<Record<string, JsonObject>>;
  readonly volumes: Readonly<Record<string, JsonObject>>;
  readonly secrets: Readonly<Record<string, JsonObject>>;
  readonly configs: Readonly<Record<string, JsonObject>>;
}
