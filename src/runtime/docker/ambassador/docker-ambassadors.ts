import { createHash } from 'node:crypto';
import { chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerInspectInfo } from 'dockerode';
import { z } from 'zod';
import type {
  AmbassadorHost,
  AmbassadorName,
  AmbassadorSpec,
} from '../../../balancer/ambassador/ambassador-host.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import type { Endpoint } from '../container/networking.ts';
import { engineAddress } from '../engine/address.ts';
import { Engine } from '../engine/engine.ts';
import { engineWords } from '../engine/engine-error.ts';
import { label } from '../labels.ts';
import { ambassadorName } from '../names.ts';
import { findNetwork } from '../project/networks.ts';
import { inspectContainer } from '../replica/observe.ts';
import { removeContainerNow } from '../replica/remove.ts';
import { keptAddress } from './address.ts';
import { containerBody, controlSocketName, specHash, type AmbassadorIdentity } from './container-body.ts';
import { prepareAmbassadorImage } from './image.ts';

/** Nobody in particular, on every Linux. */
const nobody = 65_534;
const specFile = 'ambassador.json';

const specShape = z.object({
  stack: z.string(),
  service: z.string(),
  networks: z.array(z.object({ network: z.string(), aliases: z.array(z.string()) })),
});

export interface DockerAmbassadorsOptions {
  /** Absolute; short enough for a control socket in a folder below it. */
  readonly directory: string;
  /** As in DockerDriverOptions. */
  readonly host?: string;
}

/** Runs ambassadors as containers of an engine on this machine. */
export function createDockerAmbassadors({ directory, host }: DockerAmbassadorsOptions): AmbassadorHost {
  return new DockerAmbassadors(new Engine(() => engineAddress(host, process.env)), directory);
}

class DockerAmbassadors implements AmbassadorHost {
  readonly #engine: Engine;
  readonly #directory: string;
  #identity: AmbassadorIdentity | undefined;

  constructor(engine: Engine, directory: string) {
    this.#engine = engine;
    this.#directory = directory;
  }

  async start(spec: AmbassadorSpec, signal: AbortSignal): Promise<void> {
    const name = ambassadorName(spec.stack, spec.service);
    const existing = await inspectContainer(this.#engine, name, signal);
    if (existing !== undefined) {
      refuseForeign(existing, spec);
      if (await this.#isUpToDate(existing, spec, signal)) {
        await this.#ownFolder(spec, signal);
        if (!existing.State.Running && !existing.State.Restarting) await this.#run(existing.Id, name, signal);
        return;
      }
      await this.remove(spec, signal);
    }
    await this.#create(spec, signal);
  }

  async remove(name: AmbassadorName, signal: AbortSignal): Promise<void> {
    await removeContainerNow(this.#engine, ambassadorName(name.stack, name.service), signal);
    await rm(this.#folder(name), { recursive: true, force: true });
  }

  async list(): Promise<readonly AmbassadorSpec[]> {
    const names = await readdir(this.#directory).catch(() => []);
    const specs = names.map(async (name): Promise<readonly AmbassadorSpec[]> => {
      try {
        return [specShape.parse(JSON.parse(await readFile(join(this.#directory, name, specFile), 'utf8')))];
      } catch {
        // One that was being made or removed when its daemon ended: it is made anew when it is needed.
        return [];
      }
    });
    return (await Promise.all(specs)).flat();
  }

  socketPath(name: AmbassadorName): string {
    return join(this.#folder(name), controlSocketName);
  }

  #folder({ stack, service }: AmbassadorName): string {
    const digest = createHash('sha256').update(`${stack}/${service}`).digest('hex').slice(0, 12);
    return join(this.#directory, digest);
  }

  /** Of this specification, with its folder where it is now. */
  async #isUpToDate(
    { Config, Mounts }: ContainerInspectInfo,
    spec: AmbassadorSpec,
    signal: AbortSignal,
  ): Promise<boolean> {
    signal.throwIfAborted();
    return (
      Config.Labels[label.configHash] === specHash(spec) &&
      Mounts.some(({ Source }) => Source === this.#folder(spec))
    );
  }

  async #create(spec: AmbassadorSpec, signal: AbortSignal): Promise<void> {
    const name = ambassadorName(spec.stack, spec.service);
    const image = await prepareAmbassadorImage(this.#engine, () => {}, signal);
    const identity = await this.#ownFolder(spec, signal);
    const endpoints = await Promise.all(
      spec.networks.map(async ({ network, aliases }) => ({
        network,
        endpoint: await this.#endpoint(spec, network, aliases, signal),
      })),
    );
    try {
      await this.#createOn(spec, image, identity, endpoints, signal);
    } catch (thrown) {
      if (!/user configured subnet/i.test(engineWords(thrown))) throw thrown;
      // A network that somebody else made without a range of its own: the engine chooses the address.
      await removeContainerNow(this.#engine, name, signal);
      const unkept = endpoints.map(({ network, endpoint }) => ({
        network,
        endpoint: { Aliases: endpoint.Aliases ?? [] },
      }));
      await this.#createOn(spec, image, identity, unkept, signal);
    }
  }

  async #createOn(
    spec: AmbassadorSpec,
    image: string,
    identity: AmbassadorIdentity,
    [first, ...later]: readonly { readonly network: string; readonly endpoint: Endpoint }[],
    signal: AbortSignal,
  ): Promise<void> {
    const name = ambassadorName(spec.stack, spec.service);
    if (first === undefined) throw new Error(`the ambassador ${name} stands on no network`);
    const { Id: id } = await this.#engine.json<{ Id: string }>(`create the container ${name}`, {
      method: 'POST',
      path: '/containers/create',
      query: { name },
      body: containerBody(spec, image, this.#folder(spec), identity, first),
      signal,
    });
    for (const { network, endpoint } of later) {
      await this.#engine.send(`connect the container ${name} to the network ${network}`, {
        method: 'POST',
        path: `/networks/${encodeURIComponent(network)}/connect`,
        body: { Container: id, EndpointConfig: endpoint },
        signal,
      });
    }
    await this.#run(id, name, signal);
  }

  #run(id: string, name: string, signal: AbortSignal): Promise<void> {
    return this.#engine.send(`start the container ${name}`, {
      method: 'POST',
      path: `/containers/${id}/start`,
      signal,
    });
  }

  async #endpoint(
    spec: AmbassadorSpec,
    network: string,
    aliases: readonly string[],
    signal: AbortSignal,
  ): Promise<Endpoint> {
    const found = await findNetwork(this.#engine, network, signal);
    const name = ambassadorName(spec.stack, spec.service);
    const address = found && keptAddress(found, `${spec.stack}/${spec.service}`, name);
    return {
      Aliases: [...aliases],
      ...(address === undefined ? {} : { IPAMConfig: { IPv4Address: address } }),
    };
  }

  /** Makes the folder of the control socket, for the user inside to write. */
  async #ownFolder(spec: AmbassadorSpec, signal: AbortSignal): Promise<AmbassadorIdentity> {
    this.#identity ??= await identityOn(this.#engine, signal);
    const folder = this.#folder(spec);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, specFile), `${JSON.stringify(spec)}\n`, { mode: 0o600 });
    // Only root can give it away, and only root's own containers would run as root.
    if (process.getuid?.() === 0) await chown(folder, nobody, nobody);
    return this.#identity;
  }
}

function refuseForeign(
  { Config: { Labels: labels }, Id: id }: ContainerInspectInfo,
  spec: AmbassadorSpec,
): void {
  if (labels[label.role] === 'ambassador' && labels[label.project] === spec.stack) return;
  const name = ambassadorName(spec.stack, spec.service);
  throw new TenfoldError('runtime-failed', `the container name ${name} is taken`, {
    expected: `a free name for the ambassador of ${spec.service}`,
    got: `container ${id.slice(0, 12)} of somebody else`,
    hint: `docker rename ${name} ANOTHER-NAME, or remove it when nobody needs it`,
  });
}

async function identityOn(engine: Engine, signal: AbortSignal): Promise<AmbassadorIdentity> {
  const { SecurityOptions: options } = await engine.json<{ SecurityOptions: readonly string[] | null }>(
    'describe itself',
    { method: 'GET', path: '/info', signal },
  );
  const has = (name: string): boolean => (options ?? []).some((option) => option.includes(`name=${name}`));
  // Root inside is this user outside.
  if (has('rootless')) return { user: '0:0', usernsMode: undefined };
  const uid = process.getuid?.() || nobody;
  const gid = process.getgid?.() || nobody;
  return { user: `${uid}:${gid}`, usernsMode: has('userns') ? 'host' : undefined };
}
