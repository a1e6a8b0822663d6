import { TenfoldError, messageOf } from '../../../shared/errors.ts';
import type { EngineAddress } from './address.ts';

/** HTTP status with which the engine refused, or undefined when the error is of another kind. */
export function engineStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof TenfoldError)) return undefined;
  const cause = thrown.cause;
  return cause instanceof Error && 'statusCode' in cause && typeof cause.statusCode === 'number'
    ? cause.statusCode
    : undefined;
}

export function isNotFound(thrown: unknown): boolean {
  return engineStatus(thrown) === 404;
}

/** Whether the connection broke; not an answer that was a refusal, nor a file of ours that could not be read. */
export function isConnectionLoss(thrown: unknown): boolean {
  return (
    !(thrown instanceof TenfoldError) && thrown instanceof Error && 'code' in thrown && !('path' in thrown)
  );
}

/** The engine's own words, without the client library's prefix. */
export function engineWords(thrown: unknown): string {
  const cause = thrown instanceof TenfoldError ? thrown.cause : thrown;
  if (cause instanceof Error && 'json' in cause) {
    const json = cause.json;
    if (json !== null && typeof json === 'object' && 'message' in json) return String(json.message).trim();
  }
  return messageOf(cause)
    .replace(/^\(HTTP code \d+\) [^-]* - /, '')
    .trim();
}

const takenPort =
  /port is already allocated|address already in use|ports are not available|failed to bind host port/i;
const restartingEngine =
  /daemon is shutting down|containerd.*(?:connection refused|no such file)|transport is closing/i;

/** The port that an error of the engine says is taken, where it names one. */
export function takenPortOf(thrown: unknown): string | undefined {
  const words = engineWords(thrown);
  return takenPort.test(words) ? /(?:[\d.]+|\[?[\da-f:]*\]?|\*):(\d+)/i.exec(words)?.[1] : undefined;
}

/** Error of a request that got an answer, and the answer was a refusal. */
export function refusal(doing: string, thrown: unknown, address: EngineAddress): TenfoldError {
  const words = engineWords(thrown);
  if (takenPort.test(words)) {
    const port = takenPortOf(thrown);
    return new TenfoldError('port-taken', `Docker could not ${doing}: ${words}`, {
      got: port === undefined ? words : `port ${port} is held by somebody else`,
      hint: `free the port (${port ? `ss -ltnp 'sport = :${port}' shows its holder` : 'ss -ltnp shows who holds which'}), or publish another one`,
      cause: thrown,
    });
  }
  if (restartingEngine.test(words)) return unreachable(address, thrown);
  return new TenfoldError('runtime-failed', `Docker could not ${doing}: ${words}`, { cause: thrown });
}

/** Error of a request that got no answer: nothing is known of its effect. */
export function unreachable(address: EngineAddress, thrown: unknown): TenfoldError {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  const origin = address.source === 'the default' ? '' : ` (from ${address.source})`;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new TenfoldError(
        'runtime-unreachable',
        `no permission to speak to the Docker engine at ${address.label}${origin}`,
        {
          hint: 'run as a user of the docker group (sudo usermod -aG docker "$USER", then log in again), or point DOCKER_HOST at an engine of your own',
          cause: thrown,
        },
      );
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new TenfoldError(
        'runtime-unreachable',
        `no Docker engine answers at ${address.label}${origin}`,
        {
          got: code === 'ENOENT' ? 'the socket does not exist' : 'the connection was refused',
          hint: 'start the engine (systemctl start docker), or set DOCKER_HOST to the one that runs',
          cause: thrown,
        },
      );
    default:
      return new TenfoldError(
        'runtime-unreachable',
        `the Docker engine at ${address.label}${origin} does not answer: ${engineWords(thrown)}`,
        { hint: 'see whether the engine runs (systemctl status docker) and what it logs', cause: thrown },
      );
  }
}
