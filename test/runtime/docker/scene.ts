import { randomBytes } from 'node:crypto';
import Docker from 'dockerode';
import type { JsonObject } from '../../../src/model/json.ts';
import type { Replica } from '../../../src/model/replica.ts';
import type { Service } from '../../../src/model/service.ts';
import type { Stack } from '../../../src/model/stack.ts';
import { createDockerDriver } from '../../../src/runtime/docker/docker-driver.ts';
import type { DockerDriverOptions } from '../../../src/runtime/docker/docker-driver.ts';
import type { LogLine, LogOptions, ReplicaSpec, RuntimeDriver } from '../../../src/runtime/runtime-driver.ts';
import { serviceOf, stackOf } from '../../contracts/stack-of.ts';
import { baseImage } from '../../helpers/docker/base-image.ts';

export const never = new AbortController().signal;

/** What an exec needs when it only has a command. */
export function hookOf(...command: string[]) {
  return { command, user: undefined, privileged: false, workingDir: undefined, environment: {} };
}

export interface Scene extends AsyncDisposable {
  readonly driver: RuntimeDriver;
  /** A client of the test's own, to look at what the driver did. */
  readonly docker: Docker;
  /** Name of the stack, new for each scene. */
  readonly name: string;
  readonly image: string;
  /** A stack of container services, each given by its Compose fields; `image` is the base image unless named. */
  stack(services: Readonly<Record<string, JsonObject>>, more?: StackParts): Stack;
  /** Prepares what the service needs and starts one replica of it. */
  start(stack: Stack, service: string, more?: Partial<ReplicaSpec>): Promise<Replica>;
  lines(replica: Replica, options?: Partial<LogOptions>): Promise<LogLine[]>;
}

export interface StackParts extends Partial<Pick<Stack, 'networks' | 'volumes' | 'secrets' | 'configs'>> {
  readonly workingDir?: string;
  readonly hostEnvironment?: Stack['hostEnvironment'];
  /** Fields of the model beside the Compose fields, for every service. */
  readonly service?: Partial<Service>;
}

/** A driver and a stack name of its own; everything that carries the name is removed in the end. */
export async function openScene(options: DockerDriverOptions = {}): Promise<Scene> {
  const { host } = options;
  const docker = host === undefined ? new Docker() : new Docker({ socketPath: host.slice('unix://'.length) });
  const image = await baseImage(docker);
  const driver = createDockerDriver(options);
  const name = `tenfold-test-${randomBytes(4).toString('hex')}`;
  return {
    driver,
    docker,
    name,
    image,
    stack(services, { service: fields, workingDir = '/tmp', ...more } = {}) {
      const list = Object.entries(services).map(([service, config]) =>
        serviceOf(service, {
          kind: 'container',
          ...fields,
          config: config['build'] ? config : { image, init: true, ...config },
        }),
      );
      return { ...stackOf(name, workingDir, list), ...more };
    },
    async start(stack, service, more = {}) {
      const wanted = stack.services[service];
      if (wanted === undefined) throw new Error(`the stack has no ${service}`);
      await driver.prepare(stack, [service], () => undefined, never);
      return driver.start({ stack, service: wanted, index: 1, environment: {}, ...more }, never);
    },
    async lines(replica, options = {}) {
      const all = { follow: false, tail: undefined, sinceMs: undefined, ...options };
      const lines: LogLine[] = [];
      for await (const line of driver.console.logs(replica, all, never)) lines.push(line);
      return lines;
    },
    async [Symbol.asyncDispose]() {
      await driver[Symbol.asyncDispose]();
      await removeAll(docker, name);
    },
  };
}

async function removeAll(docker: Docker, name: string): Promise<void> {
  const filters = { label: [`com.docker.compose.project=${name}`] };
  for (const { Id } of await docker.listContainers({ all: true, filters })) {
    await docker.getContainer(Id).remove({ force: true, v: true });
  }
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
  const { Volumes: volumes } = await docker.listVolumes({ filters });
  for (const { Name } of volumes ?? []) await docker.getVolume(Name).remove();
}
