import type { ServiceStatus, StackStatus } from '../../daemon/control-api.ts';
import { isRouted, serviceTarget, type LoadTarget } from '../../load/target/load-target.ts';
import { TenfoldError } from '../../shared/errors.ts';
import { requireServices } from '../scale-values.ts';

export interface ProofTarget {
  readonly service: string;
  readonly target: LoadTarget;
}

/**
 * The listener that is loaded: that of the service given, else the only published one, else the one of the service
 * that the command names. Throws `no-listener`, `unknown-service`, or `usage` when several could be meant.
 */
export function findProofTarget(
  stack: StackStatus,
  service: string | undefined,
  commandWords: readonly string[],
): ProofTarget {
  if (stack.phase !== 'running') {
    throw new TenfoldError('no-listener', `the stack ${stack.name} is stopped`, {
      expected: 'a stack that is up, with a service under load before the change',
      hint: `\`tenfold up -d -p ${stack.name}\` brings it up`,
    });
  }
  if (service !== undefined) {
    requireServices(
      stack.name,
      [service],
      stack.services.map(({ name }) => name),
    );
    return { service, target: serviceTarget(stack, service) };
  }
  const candidates = stack.services
    .filter((each) => hasPublishedHttp(each) || isRouted(stack, each.name))
    .map(({ name }) => name);
  const named = candidates.filter((name) => commandWords.some((word) => names(word, name)));
  const [chosen, ...others] = candidates.length > 1 && named.length > 0 ? named : candidates;
  if (chosen === undefined) {
    throw new TenfoldError('no-listener', `no open HTTP listener leads to a service of ${stack.name}`, {
      expected: 'a service with a port under `ports:`, in a stack that is up',
      got: `services ${stack.services.map(({ name }) => name).join(', ')}`,
      hint: `\`tenfold status -p ${stack.name}\` shows the listeners`,
    });
  }
  if (others.length > 0) {
    throw new TenfoldError('usage', `the stack ${stack.name} has several services that could be loaded`, {
      expected: '`--service NAME`',
      got: [chosen, ...others].join(', '),
    });
  }
  return { service: chosen, target: serviceTarget(stack, chosen) };
}

function hasPublishedHttp({ listeners }: ServiceStatus): boolean {
  return listeners.some(
    ({ exposure, protocol, isOpen }) => exposure === 'published' && protocol === 'http' && isOpen,
  );
}

/** `web`, `web=5` and `web-2` all name `web`. */
function names(word: string, service: string): boolean {
  return word === service || word.startsWith(`${service}=`) || word.replace(/-\d+$/, '') === service;
}
