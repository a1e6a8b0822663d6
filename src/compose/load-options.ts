/** How a project is loaded. Only the files, the folder and the environment have no default. */
export interface LoadOptions {
  /** Files in order; `-` is standard input. Empty: `COMPOSE_FILE`, else the default names here or in a parent folder. */
  readonly files: readonly string[];
  readonly projectName?: string;
  readonly projectDirectory?: string;
  /** Empty: `COMPOSE_PROFILES`. */
  readonly profiles: readonly string[];
  /** Empty: `.env` of the project directory. */
  readonly envFiles: readonly string[];
  /** The process environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The current folder, absolute. */
  readonly workingDir: string;
  /** Standard input, where a file is `-`; by default that of the process. */
  readonly stdin?: string;
  /** Keep only these services and what they depend on; their profiles become active. */
  readonly services?: readonly string[];
  /** Fill in variables; by default true. */
  readonly interpolate?: boolean;
  /** Write down what the model implies (default network, names); by default true. */
  readonly normalize?: boolean;
  /** Make paths absolute; by default true. */
  readonly resolvePaths?: boolean;
  /** Judge whether services, networks and volumes fit together; by default true. */
  readonly checkConsistency?: boolean;
  /** Keep networks, volumes, secrets, configs and models that no service uses; by default false. */
  readonly keepUnusedResources?: boolean;
  /** Read `env_file` and `label_file` into the services; by default true. */
  readonly resolveEnvironment?: boolean;
}
