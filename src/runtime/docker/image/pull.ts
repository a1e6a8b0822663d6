import type { Progress } from '../../runtime-driver.ts';
import { TenfoldError, isTenfoldError } from '../../../shared/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { engineWords, isConnectionLoss, unreachable } from '../engine/engine-error.ts';
import { jsonLines } from '../engine/json-lines.ts';
import { parseImageReference } from './image-reference.ts';
import { registryLogin } from './registry-login.ts';

interface PullMessage {
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
}

export interface PullRequest {
  readonly image: string;
  readonly platform: string | undefined;
}

/** Pulls an image. Throws `image-missing` with the engine's words. */
export async function pullImage(
  engine: Engine,
  { image, platform }: PullRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { registry, repository, version } = parseImageReference(image);
  const login = await registryLogin(registry);
  progress(`pulling ${image}`);
  try {
    const answer = await engine.stream(`pull ${image}`, {
      method: 'POST',
      path: '/images/create',
      query: { fromImage: repository, tag: version, platform },
      headers: login === undefined ? {} : { 'X-Registry-Auth': login },
      signal,
    });
    const told = new Set<string>();
    for await (const { status, id, error } of jsonLines<PullMessage>(answer)) {
      if (error !== undefined) throw new Error(error);
      // One line per layer and step; the byte counts between them would be hundreds.
      const line = id === undefined ? status : `${id}: ${status}`;
      if (line === undefined || told.has(line)) continue;
      told.add(line);
      progress(`pulling ${image}: ${line}`);
    }
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    if (isTenfoldError(thrown, 'runtime-unreachable')) throw thrown;
    if (isConnectionLoss(thrown)) throw unreachable(engine.address, thrown);
    throw new TenfoldError('image-missing', `the image ${image} cannot be pulled: ${engineWords(thrown)}`, {
      hint: `check its name, or docker login ${registry} when it is private; an image made here needs build: in the compose file`,
      cause: thrown,
    });
  }
}
