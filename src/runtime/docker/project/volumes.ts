import type { VolumeInspectInfo } from 'dockerode';
import type { Stack } from '../../../model/stack.ts';
import type { Progress } from '../../runtime-driver.ts';
import { composeVolumeOf } from '../compose-types.ts';
import type { Engine } from '../engine/engine.ts';
import { isNotFound } from '../engine/engine-error.ts';
import { elementLabels } from '../labels.ts';
import { volumeName } from '../names.ts';
import { missingExternal, tellOwner, type Element } from './existing-element.ts';
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
  const element: Element = { kind: 'volume', key, name, isExternal: Boolean(volume.external) };
  if (existing !== undefined) {
    tellOwner(element, existing.Labels, stack, progress);
    return;
  }
  if (element.isExternal) throw missingExternal(element, stack);
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
