import type { ImageInspectInfo } from 'dockerode';
import type { Service } from '../../../model/service.ts';
import type { Stack } from '../../../model/stack.ts';
import type { Progress } from '../../runtime-driver.ts';
import { TenfoldError, isTenfoldError } from '../../../shared/errors.ts';
import { composeServiceOf } from '../compose-types.ts';
import { nanoseconds } from '../container/units.ts';
import type { Engine } from '../engine/engine.ts';
import { isNotFound } from '../engine/engine-error.ts';
import { imageName } from '../names.ts';
import { buildImage } from './build-image.ts';
import { pullImage } from './pull.ts';

type LocalImage = ImageInspectInfo & { Metadata?: { LastTagTime?: string } };

/** The image as the engine has it, or undefined. */
export async function findImage(
  engine: Engine,
  image: string,
  signal: AbortSignal,
): Promise<LocalImage | undefined> {
  try {
    return await engine.json<LocalImage>(`inspect the image ${image}`, {
      method: 'GET',
      path: `/images/${image}/json`,
      signal,
    });
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  }
}

/**
 * Makes a service's image be there, by its `pull_policy`: pulled, built, or only looked for. An image that can be
 * built is pulled first when it has a name, as docker compose does. Throws `image-missing`.
 */
export async function prepareImage(
  engine: Engine,
  stack: Stack,
  service: Service,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { build, image: named, platform, pull_policy: policy = 'missing' } = composeServiceOf(service);
  const image = imageName(stack, service);
  const local = await findImage(engine, image, signal);
  const isBuilt = Boolean(build);
  const makeBuild = (): Promise<void> => buildImage(engine, stack, service, progress, signal);
  if (policy === 'build' && isBuilt) return makeBuild();
  if (!wantsPull(policy, named, local)) {
    if (local !== undefined) return;
    if (isBuilt) return makeBuild();
    throw new TenfoldError(
      'image-missing',
      `the image ${image} of service ${service.name} is not on this engine`,
      {
        where: { file: stack.configFiles[0] ?? stack.workingDir, path: `services.${service.name}.image` },
        expected: `an image that is there already, as pull_policy: ${policy} says`,
        hint: `docker pull ${image}, or take pull_policy away`,
      },
    );
  }
  try {
    await pullImage(engine, { image, platform }, progress, signal);
  } catch (thrown) {
    if (!isTenfoldError(thrown, 'image-missing')) throw thrown;
    // A name that only stands for what is built here is in no registry.
    if (isBuilt) return local === undefined ? makeBuild() : undefined;
    throw thrown;
  }
}

function wantsPull(policy: string, named: string | undefined, local: LocalImage | undefined): boolean {
  if (named === undefined) return false;
  switch (policy) {
    case 'always':
      return true;
    case 'never':
    case 'build':
      return false;
    case 'missing':
    case 'if_not_present':
      return local === undefined;
    default:
      return local === undefined || isOlderThan(local, policy);
  }
}

/** `daily`, `weekly` or `every_12h`: measured from the last time that the name was given to the image. */
function isOlderThan(local: LocalImage, policy: string): boolean {
  const period = policy === 'daily' ? '1d' : policy === 'weekly' ? '1w' : policy.replace(/^every_/, '');
  const taggedAt = Date.parse(local.Metadata?.LastTagTime ?? '');
  return !(Date.now() - taggedAt < nanoseconds(period) / 1e6);
}
