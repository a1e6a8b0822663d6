import { createHash } from 'node:crypto';
import type { Desired, DesiredService } from '../../controller/desired.ts';
import type { Service } from '../../model/service.ts';
import type { Stack } from '../../model/stack.ts';
import { TenfoldError } from '../../shared/errors.ts';

type ImageOverride = NonNullable<DesiredService['imageOverride']>;

export interface Deployment {
  /** The file's stack, with images that commands gave; a running service that is not meant stays what it is. */
  readonly stack: Stack;
  readonly overrides: Readonly<Record<string, ImageOverride>>;
  readonly warnings: readonly string[];
}

/**
 * What a file means for a stack that may be running: an image given by `deploy --image` holds until the file's own image
 * changes, and what is not among `services` (undefined: all) stays as it is. Pure. Throws `usage` for an image that a
 * local process cannot have.
 */
export function deploymentOf(
  previous: Desired | undefined,
  file: Stack,
  services: ReadonlySet<string> | undefined,
  images: Readonly<Record<string, string>> = {},
): Deployment {
  const overrides: Record<string, ImageOverride> = {};
  const warnings: string[] = [];
  const resolved = Object.values(file.services).map((service) => {
    const { name } = service;
    const running = previous?.services[name]?.phase === 'running' ? previous.stack.services[name] : undefined;
    const held = previous?.services[name]?.imageOverride;
    if (services !== undefined && !services.has(name) && running !== undefined) {
      if (held !== undefined) overrides[name] = held;
      return running;
    }
    const override = imageOverride(service, held, images[name]);
    if (override === undefined) return service;
    overrides[name] = override;
    if (images[name] === undefined)
      warnings.push(
        `${name} runs ${override.image}, given by a command; the file says ${override.fileImage}. ` +
          `tenfold deploy ${name} --image ${override.fileImage} goes back to the file`,
      );
    return withImage(service, override.image);
  });
  const stack = { ...file, services: Object.fromEntries(resolved.map((service) => [service.name, service])) };
  return { stack, overrides, warnings };
}

function imageOverride(
  { name, config, kind }: Service,
  held: ImageOverride | undefined,
  asked: string | undefined,
): ImageOverride | undefined {
  const fileImage = typeof config['image'] === 'string' ? config['image'] : '';
  if (asked !== undefined && kind === 'process')
    throw new TenfoldError('usage', `${name} is a local process and has no image`, {
      hint: `change its command in the file, then: tenfold deploy ${name}`,
    });
  if (asked !== undefined) return asked === fileImage ? undefined : { image: asked, fileImage };
  return held?.fileImage === fileImage ? held : undefined;
}

/** The service with another image, which is not built here. Its revision follows from the file's and the image. */
function withImage(service: Service, image: string): Service {
  const { build: _build, ...config } = service.config;
  const revision = createHash('sha256').update(`${service.revision}\n${image}`).digest('hex');
  return { ...service, revision, config: { ...config, image } };
}
