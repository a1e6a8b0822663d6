import { didYouMean } from '../compose/nearest-name.ts';
import type { ServiceStatus, StackStatus } from '../daemon/control-api.ts';
import { TenfoldError } from '../shared/errors.ts';

/** What a word on the command line names: a service, or one instance of it. */
export interface Target {
  readonly service: ServiceStatus;
  /** Undefined: the service as a whole. */
  readonly instance: string | undefined;
}

/** The services and instances that the words name. Throws `unknown-service` for a word that names neither. */
export function requireTargets(status: StackStatus, words: readonly string[]): Target[] {
  return words.map((word) => {
    const target = findTarget(status, word);
    if (target !== undefined) return target;
    const known = status.services.flatMap(({ name, replicas }) => [
      name,
      ...new Set(replicas.map(({ instance }) => instance)),
    ]);
    throw new TenfoldError(
      'unknown-service',
      `the stack ${status.name} has neither a service nor an instance \`${word}\``,
      {
        expected: known.length === 0 ? 'a stack that has services' : `one of ${known.join(', ')}`,
        got: `\`${word}\``,
        ...didYouMean(word, known),
      },
    );
  });
}

/** A service named `api-2` comes before the second replica of `api`: it is what docker compose means by the word. */
function findTarget({ services }: StackStatus, word: string): Target | undefined {
  const named = services.find(({ name }) => name === word);
  if (named !== undefined) return { service: named, instance: undefined };
  for (const service of services) {
    if (service.replicas.some(({ instance }) => instance === word)) return { service, instance: word };
  }
  return undefined;
}

/** Throws `unknown-instance` unless the stack has the instance. */
export function requireInstance(status: StackStatus, instance: string): void {
  const all = status.services.flatMap(({ replicas }) => replicas.map((replica) => replica.instance));
  const known = [...new Set(all)];
  if (known.includes(instance)) return;
  throw new TenfoldError('unknown-instance', `the stack ${status.name} has no instance \`${instance}\``, {
    expected: known.length === 0 ? 'a stack that has replicas' : `one of ${known.join(', ')}`,
    got: `\`${instance}\``,
    ...didYouMean(instance, known),
  });
}
