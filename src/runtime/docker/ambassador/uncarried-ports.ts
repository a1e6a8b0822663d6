import type { Service } from '../../../model/service.ts';
import type { Stack } from '../../../model/stack.ts';
import type { Progress } from '../../runtime-driver.ts';
import type { Engine } from '../engine/engine.ts';
import { findImage } from '../image/images.ts';
import { imageName } from '../names.ts';

/** Says which ports an image declares that the file does not: an ambassador listens on those of the file only. */
export async function tellUncarried(
  engine: Engine,
  stack: Stack,
  service: Service,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const image = await findImage(engine, imageName(stack, service), signal);
  const declared: readonly string[] = Object.keys(image?.Config.ExposedPorts ?? {});
  const uncarried = declared.filter((port) => !service.targets.some((target) => port === `${target}/tcp`));
  if (uncarried.length === 0) return;
  const ports = uncarried.map((port) => port.replace('/tcp', '')).join(', ');
  progress(
    `${service.name}: its image also exposes ${ports}, where ${service.name} leads nowhere between containers; name it under expose, or set x-tenfold: {ambassador: false}`,
  );
}
