import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { Service } from '../../../model/service.ts';
import type { Stack } from '../../../model/stack.ts';
import type { Progress } from '../../runtime-driver.ts';
import { TenfoldError, isTenfoldError } from '../../../shared/errors.ts';
import { composeServiceOf } from '../compose-types.ts';
import type { ComposeBuild } from '../compose-types.ts';
import { extraHosts } from '../container/host-config.ts';
import { ulimits } from '../container/resources.ts';
import { wholeNumber } from '../container/units.ts';
import type { Engine } from '../engine/engine.ts';
import { engineWords, isConnectionLoss, unreachable } from '../engine/engine-error.ts';
import { jsonLines } from '../engine/json-lines.ts';
import { label } from '../labels.ts';
import { imageName } from '../names.ts';
import { buildContext } from './build-context.ts';
import type { BuildContext } from './build-context.ts';
import { traceLines } from './buildkit-trace.ts';

interface BuildMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
  /** BuildKit's trace when it is text. */
  readonly aux?: unknown;
}

const keptLines = 30;
const remoteContext = /^(?:https?|git|ssh):\/\/|^git@|^github\.com\/|\.git(?:#|$)/;

/** Builds and tags a service's image. Throws `image-missing` with the last lines of the build. */
export async function buildImage(
  engine: Engine,
  stack: Stack,
  service: Service,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const config = composeServiceOf(service);
  const build = config.build ?? {};
  const image = imageName(stack, service);
  refuseUnsupported(build, stack, service);
  const context = await contextOf(build, stack, service);
  const options = buildOptions(build, stack, service, image, config.platform);
  const source = typeof context === 'string' ? { remote: context } : { dockerfile: context.dockerfile };
  progress(`building ${service.name} as ${image}`);
  const lines: string[] = [];
  const tell = (text: string): void => {
    for (const line of text
      .split('\n')
      .map((line) => line.trimEnd())
      .filter(Boolean)) {
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
      progress(`building ${service.name}: ${line}`);
    }
  };
  try {
    const version = await builderVersion(engine, signal);
    const client = await engine.client(signal);
    const archive = typeof context === 'string' ? Readable.from([]) : Readable.from(buildContext(context));
    const query = { ...options, ...source, version, abortSignal: signal };
    await runBuild(client, archive, query, tell);
    await engine.send(`find the image ${image} after its build`, {
      method: 'GET',
      path: `/images/${image}/json`,
      signal,
    });
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    if (isTenfoldError(thrown, 'runtime-unreachable')) throw thrown;
    if (isConnectionLoss(thrown)) throw unreachable(engine.address, thrown);
    throw new TenfoldError(
      'image-missing',
      `the image of service ${service.name} cannot be built: ${engineWords(thrown)}`,
      {
        where: buildLocation(stack, service),
        hint: 'the last lines of the build are shown; correct the Dockerfile or what it copies',
        details: lines,
        cause: thrown,
      },
    );
  }
}

/** The client library with what its types lack: several tags, extra hosts and ulimits of a build. */
interface BuildClient {
  buildImage(archive: Readable, query: object): Promise<Readable>;
}

function isBuildClient(client: object): client is BuildClient {
  return 'buildImage' in client;
}

async function runBuild(
  client: object,
  archive: Readable,
  query: object,
  tell: (text: string) => void,
): Promise<void> {
  if (!isBuildClient(client)) throw new TypeError('the Docker client library cannot build');
  const answer = await client.buildImage(archive, query);
  let failure: string | undefined;
  for await (const { stream, status, error, aux } of jsonLines<BuildMessage>(answer)) {
    failure ??= error;
    for (const line of typeof aux === 'string' ? traceLines(aux) : [stream ?? status ?? '']) tell(line);
  }
  if (failure !== undefined) throw new Error(failure);
}

function buildLocation(stack: Stack, service: Service): { readonly file: string; readonly path: string } {
  return { file: stack.configFiles[0] ?? stack.workingDir, path: `services.${service.name}.build` };
}

/** What needs a helper process beside the engine: docker buildx has it, the engine alone has not. */
function refuseUnsupported(build: ComposeBuild, stack: Stack, service: Service): void {
  const unsupported = [
    Object.keys(build.additional_contexts ?? {}).length > 0 ? 'additional_contexts' : '',
    (build.secrets ?? []).length > 0 ? 'secrets' : '',
    (build.ssh ?? []).length > 0 ? 'ssh' : '',
    (build.platforms ?? []).length > 1 ? 'several platforms' : '',
  ].filter(Boolean);
  if (unsupported.length === 0) return;
  const image = imageName(stack, service);
  throw new TenfoldError(
    'image-missing',
    `service ${service.name} cannot be built through the engine alone`,
    {
      where: buildLocation(stack, service),
      got: `build with ${unsupported.join(', ')}`,
      hint: `build it with docker buildx build -t ${image} …; tenfold then takes the image that is there`,
    },
  );
}

async function contextOf(
  build: ComposeBuild,
  stack: Stack,
  service: Service,
): Promise<BuildContext | string> {
  const named = build.context ?? '.';
  if (remoteContext.test(named)) return named;
  const folder = resolve(stack.workingDir, named);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new TenfoldError('file-not-found', `the build context of service ${service.name} is not a folder`, {
      where: buildLocation(stack, service),
      expected: 'a folder',
      got: folder,
      hint: 'correct build.context',
    });
  }
  if (build.dockerfile_inline !== undefined) {
    return { folder, dockerfile: '.tenfold.Dockerfile', dockerfileContent: build.dockerfile_inline };
  }
  const file = resolve(folder, build.dockerfile ?? 'Dockerfile');
  if (!existsSync(file)) {
    throw new TenfoldError('file-not-found', `service ${service.name} has no Dockerfile to be built from`, {
      where: buildLocation(stack, service),
      got: file,
      hint: 'write one, or name it in build.dockerfile',
    });
  }
  const inside = relative(folder, file);
  if (!inside.startsWith('..') && !isAbsolute(inside)) {
    return { folder, dockerfile: inside, dockerfileContent: undefined };
  }
  return { folder, dockerfile: '.tenfold.Dockerfile', dockerfileContent: await readFile(file, 'utf8') };
}

function buildOptions(
  build: ComposeBuild,
  stack: Stack,
  service: Service,
  image: string,
  platform: string | undefined,
): object {
  const args = Object.entries(build.args ?? {}).filter(([, value]) => value !== null);
  const labels = { [label.project]: stack.name, [label.service]: service.name, ...build.labels };
  const target = build.platforms?.[0] ?? platform;
  return {
    t: [image, ...(build.tags ?? [])],
    buildargs: Object.fromEntries(args),
    labels,
    rm: true,
    forcerm: true,
    ...(build.target ? { target: build.target } : {}),
    ...(build.network ? { networkmode: build.network } : {}),
    ...(build.no_cache ? { nocache: true } : {}),
    ...(build.pull ? { pull: true } : {}),
    ...(build.shm_size === undefined ? {} : { shmsize: wholeNumber(build.shm_size) }),
    ...(build.ulimits ? { ulimits: JSON.stringify(ulimits(build.ulimits)) } : {}),
    ...(build.extra_hosts ? { extrahosts: extraHosts(build.extra_hosts) } : {}),
    ...(build.cache_from ? { cachefrom: JSON.stringify(build.cache_from) } : {}),
    ...(target === undefined ? {} : { platform: target }),
  };
}

/** `2`, BuildKit, where the engine says that it is its builder. */
async function builderVersion(engine: Engine, signal: AbortSignal): Promise<'1' | '2'> {
  const answer = await engine.stream('answer a ping', { method: 'GET', path: '/_ping', signal });
  answer.resume();
  return answer.headers['builder-version'] === '2' ? '2' : '1';
}
