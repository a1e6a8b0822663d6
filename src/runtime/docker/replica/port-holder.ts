import type { ContainerInfo } from 'dockerode';
import { TenfoldError, isTenfoldError } from '../../../shared/errors.ts';
import { takenPortOf } from '../engine/engine-error.ts';
import type { Engine } from '../engine/engine.ts';

/** The same error; when a container holds the port that was wanted, it says which. */
export async function namingPortHolder(
  engine: Engine,
  thrown: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const port = takenPortOf(thrown);
  if (!isTenfoldError(thrown, 'port-taken') || port === undefined) return thrown;
  try {
    const containers = await engine.json<readonly ContainerInfo[]>('find who holds a port', {
      method: 'GET',
      path: '/containers/json',
      query: { filters: { publish: [port], status: ['running'] } },
      signal,
    });
    const [holder] = containers.flatMap(({ Names }) => Names).map((name) => name.replace(/^\//, ''));
    if (holder === undefined) return thrown;
    return new TenfoldError('port-taken', thrown.message, {
      got: `port ${port} is held by container ${holder}`,
      hint: `docker stop ${holder}, or publish another port`,
      cause: thrown,
    });
  } catch {
    // The port is what went wrong; who holds it would only have been good to know.
    return thrown;
  }
}
