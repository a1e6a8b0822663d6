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
import { isTenfoldError, TenfoldError } from '../../../shared/errors.ts';
import { engineAddress } from '../engine/address.ts';
import { Engine } from '../engine/engine.ts';
import { label } from '../labels.ts';
import { ambassadorName } from '../names.ts';
import { inspectContainer } from '../replica/observe.ts';
import { removeContainerNow } from '../replica/remove.ts';
import { containerBody, controlSocketName, specHash, type AmbassadorIdentity } from './container-body.ts';
import { prepareAmbassadorImage } from './image.ts';
import { connect, isAddressRefused, nameOn, standings, withoutAddress, type Standing } from './standing.ts';

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

  async start(spec: AmbassadorSpec, isKnown: boolean, signal: AbortSignal): Promise<void> {
    const name = ambassadorName(spec.stack, spec.service);
    const existing = await inspectContainer(this.#engine, name, signal);
    if (existing === undefined) return this.#create(spec, isKnown, signal);
    refuseForeign(existing, spec);
    if (this.#isUpToDate(existing, spec)) {
      await this.#ownFolder(spec, signal);
      if (existing.State.Running || existing.State.Restarting) return;
      try {
        return await this.#run(existing.Id, name, signal);
      } catch (thrown) {
        // Its network was made anew, or somebody took its address: it can only be made anew as well.
        if (!isTenfoldError(thrown, 'runtime-failed')) throw thrown;
      }
    }
    await this.remove(spec, signal);
    await this.#create(spec, isKnown, signal);
  }

  async announce(spec: AmbassadorSpec, signal: AbortSignal): Promise<void> {
    const name = ambassadorName(spec.stack, spec.service);
    const existing = await inspectContainer(this.#engine, name, signal);
    if (existing === undefined) return;
    await Promise.all(spec.networks.map((network) => nameOn(this.#engine, name, existing, network, signal)));
  }

  async remove(name: AmbassadorName, signal: AbortSignal): Promise<void> {
    const existing = await inspectContainer(this.#engine, ambassadorName(name.stack, name.service), signal);
    if (existing !== undefined && isAmbassador(existing, name))
      await removeContainerNow(this.#engine, existing.Id, signal);
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
  #isUpToDate({ Config, Mounts }: ContainerInspectInfo, spec: AmbassadorSpec): boolean {
    return (
      Config.Labels[label.configHash] === specHash(spec) &&
      Mounts.some(({ Source }) => Source === this.#folder(spec))
    );
  }

  async #create(spec: AmbassadorSpec, isKnown: boolean, signal: AbortSignal): Promise<void> {
    const image = await prepareAmbassadorImage(this.#engine, () => {}, signal);
    const identity = await this.#ownFolder(spec, signal);
    const places = await standings(this.#engine, spec, isKnown, signal);
    try {
      await this.#createAt(spec, image, identity, places, signal);
    } catch (thrown) {
      if (!isAddressRefused(thrown)) throw thrown;
      await this.remove(spec, signal);
      await this.#ownFolder(spec, signal);
      await this.#createAt(spec, image, identity, places.map(withoutAddress), signal);
    }
  }

  async #createAt(
    spec: AmbassadorSpec,
    image: string,
    identity: AmbassadorIdentity,
    [first, ...later]: readonly Standing[],
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
    for (const place of later) await connect(this.#engine, id, place, signal);
    await this.#run(id, name, signal);
  }

  #run(id: string, name: string, signal: AbortSignal): Promise<void> {
    return this.#engine.send(`start the container ${name}`, {
      method: 'POST',
      path: `/containers/${id}/start`,
      signal,
    });
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

function isAmbassador(
  { Config: { Labels: labels } }: ContainerInspectInfo,
  { stack }: AmbassadorName,
): boolean {
  return labels[label.role] === 'ambassador' && labels[label.project] === stack;
}

/** A stranger's container of that name is never touched. */
function refuseForeign(existing: ContainerInspectInfo, spec: AmbassadorSpec): void {
  if (isAmbassador(existing, spec)) return;
  const name = ambassadorName(spec.stack, spec.service);
  throw new TenfoldError('runtime-failed', `the container name ${name} is taken`, {
    expected: `a free name for the ambassador of ${spec.service}`,
    got: `container ${existing.Id.slice(0, 12)} of somebody else`,
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
