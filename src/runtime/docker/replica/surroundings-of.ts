import type { ContainerInfo } from 'dockerode';
import type { ReplicaSpec } from '../../runtime-driver.ts';
import type { Stack } from '../../../model/stack.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import { composeServiceOf } from '../compose-types.ts';
import type { Surroundings } from '../container/surroundings.ts';
import type { Engine } from '../engine/engine.ts';
import type { Reach } from '../engine/reach.ts';
import { findImage } from '../image/images.ts';
import { label } from '../labels.ts';
import { ambassadorName, hasAmbassador, imageName } from '../names.ts';
import { listContainers } from './observe.ts';

type ContainersOf = (service: string, field: string) => readonly ContainerInfo[];

/** Looks up what a replica's description refers to: its image, and other services' containers. */
export async function surroundingsOf(
  engine: Engine,
  spec: ReplicaSpec,
  reach: Reach,
  signal: AbortSignal,
): Promise<Surroundings> {
  const { stack, service } = spec;
  const config = composeServiceOf(service);
  const image = imageName(stack, service);
  const found = await findImage(engine, image, signal);
  if (found === undefined) {
    throw new TenfoldError('image-missing', `the image ${image} of service ${service.name} is not there`, {
      hint: `docker pull ${image}, or tenfold up again, which pulls or builds it`,
    });
  }
  const refersToOthers =
    (config.links ?? []).length > 0 ||
    (config.volumes_from ?? []).length > 0 ||
    [config.network_mode, config.ipc, config.pid].some((mode) => mode?.startsWith('service:'));
  const containers = refersToOthers ? await listContainers(engine, stack.name, signal) : [];
  const containersOf: ContainersOf = (name, field) => {
    const own = containers
      .filter(({ Labels }) => Labels[label.service] === name)
      .sort((a, b) => rank(a) - rank(b));
    if (own.length > 0) return own;
    throw new TenfoldError('dependency-failed', `service ${service.name} needs a container of ${name}`, {
      where: { file: stack.configFiles[0] ?? stack.workingDir, path: `services.${service.name}.${field}` },
      got: 'none exists',
      hint: `start ${name} first`,
    });
  };
  const mode = (text: string | undefined, field: string): string | undefined => {
    if (!text?.startsWith('service:')) return text || undefined;
    return `container:${containersOf(text.slice('service:'.length), field)[0]?.Id}`;
  };
  return {
    apiMinor: await engine.apiMinor(signal),
    reach,
    imageId: found.Id,
    networkMode: mode(config.network_mode, 'network_mode'),
    ipcMode: mode(config.ipc, 'ipc'),
    pidMode: mode(config.pid, 'pid'),
    volumesFrom: (config.volumes_from ?? []).map((entry) => volumesFrom(entry, containersOf)),
    links: [
      ...(config.links ?? []).flatMap((link) => linksTo(link, stack, containersOf)),
      ...(config.external_links ?? []).map((link) => (link.includes(':') ? link : `${link}:${link}`)),
    ],
  };
}

/** Running ones first, then by number. */
function rank({ State, Labels }: ContainerInfo): number {
  return (State === 'running' ? 0 : 1e6) + Number(Labels[label.number] ?? 0);
}

/** `SERVICE[:ro]` or `container:NAME[:ro]`. */
function volumesFrom(entry: string, containersOf: ContainersOf): string {
  if (entry.startsWith('container:')) return entry.slice('container:'.length);
  const [name = '', ...access] = entry.split(':');
  return [containersOf(name, 'volumes_from')[0]?.Id, ...access].join(':');
}

/**
 * Under the alias, under `service-N` and under the container's whole name, as docker compose links them; the alias is the
 * ambassador's, where there is one.
 */
function linksTo(
  link: string,
  { name: stackName, services }: Stack,
  containersOf: ContainersOf,
): readonly string[] {
  const [name = '', alias = name] = link.split(':');
  const service = services[name];
  const ambassador = service && hasAmbassador(service) ? ambassadorName(stackName, name) : undefined;
  const links = containersOf(name, 'links').flatMap(({ Names, Labels }) => {
    const container = (Names[0] ?? '').replace(/^\//, '');
    const numbered = `${name}-${Labels[label.number] ?? 1}`;
    const aliases = [...(ambassador === undefined ? [alias] : []), numbered, `${stackName}-${numbered}`];
    return aliases.map((as) => `${container}:${as}`);
  });
  return ambassador === undefined ? links : [`${ambassador}:${alias}`, ...links];
}
