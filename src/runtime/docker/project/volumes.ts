import type { VolumeInspectInfo } from 'dockerode';
import type { Stack } from '../../../model/stack.ts';
import type { Progress } from '../../runtime-driver.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import { composeVolumeOf } from '../compose-types.ts';
import type { Engine } from '../engine/engine.ts';
import { isNotFound } from '../engine/engine-error.ts';
import { elementLabels, label } from '../labels.ts';
import { volumeName } from '../names.ts';
import { elementHash } from './element-hash.ts';

async function findVolume(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): Promise<VolumeInspectInfo | undefined> {
  try {
    const path = `/volumes/${encodeURIComponent(name)}`;
    return await engine.json(`inspect the volume ${name}`, { method: 'GET', path, signal });
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  }
}

/** Makes a named volume be there. One that is there already is used as it is, with its data. */
export async function prepareVolume(
  engine: Engine,
  stack: Stack,
  key: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const volume = composeVolumeOf(stack, key);
  const name = volumeName(stack, key);
  const existing = await findVolume(engine, name, signal);
  if (existing !== undefined) {
    const owner = existing.Labels?.[label.project];
    if (!volume.external && owner !== stack.name) {
      progress(
        `volume ${name} was not made for ${stack.name}${owner ? ` but for ${owner}` : ''}; it is used as it is (external: true says so)`,
      );
    }
    return;
  }
  if (volume.external) {
    throw new TenfoldError('runtime-failed', `the external volume ${name} does not exist`, {
      where: { file: stack.configFiles[0] ?? stack.workingDir, path: `volumes.${key}` },
      hint: `docker volume create ${name}, or take external away so that it is made`,
    });
  }
  progress(`creating volume ${name}`);
  await engine.send(`create the volume ${name}`, {
    method: 'POST',
    path: '/volumes/create',
    body: volumeBody(stack, key),
    signal,
  });
}

/** The request that creates a volume of the stack. */
export function volumeBody(stack: Stack, key: string): object {
  const volume = composeVolumeOf(stack, key);
  return {
    Name: volumeName(stack, key),
    ...(volume.driver ? { Driver: volume.driver } : {}),
    ...(volume.driver_opts ? { DriverOpts: volume.driver_opts } : {}),
    Labels: {
      ...volume.labels,
      ...elementLabels('volume', stack, key, elementHash('volume', stack, key)),
    },
  };
}
