import type { ContainerCreateOptions, HostConfig } from 'dockerode';

/** Engine API `Mount`. */
export interface EngineMount {
  readonly Type: string;
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly: boolean;
  readonly Consistency?: string;
  readonly BindOptions?: object;
  readonly VolumeOptions?: object;
  readonly TmpfsOptions?: object;
  readonly ImageOptions?: object;
}

/** Engine API `HostConfig`, with the fields that the client library's types lack. */
export type EngineHostConfig = Omit<HostConfig, 'Mounts'> & {
  readonly Mounts?: readonly EngineMount[];
  readonly Annotations?: Readonly<Record<string, string>>;
  readonly CgroupnsMode?: string;
};

/** Body of the Engine API's "Create a container". */
export type ContainerBody = Omit<ContainerCreateOptions, 'HostConfig'> & {
  readonly HostConfig: EngineHostConfig;
};
