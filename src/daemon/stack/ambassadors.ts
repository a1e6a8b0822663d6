import type { Service } from '../../model/service.ts';
import type { Stack } from '../../model/stack.ts';

/**
 * The stack as it can be run here: where no ambassador can stand between containers, services are left to the engine's own
 * DNS, and the warning says why.
 */
export function withPossibleAmbassadors(
  stack: Stack,
  whyNot: () => string | undefined,
): { readonly stack: Stack; readonly warnings: readonly string[] } {
  const affected = Object.values(stack.services).filter(({ listeners }) => listeners.some(isForContainers));
  const reason = affected.length === 0 ? undefined : whyNot();
  if (reason === undefined) return { stack, warnings: [] };
  const names = affected.map(({ name }) => name).join(', ');
  const services = Object.entries(stack.services).map(([name, service]) => [
    name,
    { ...service, listeners: service.listeners.filter((listener) => !isForContainers(listener)) },
  ]);
  return {
    stack: { ...stack, services: Object.fromEntries(services) },
    warnings: [`between containers, ${names} resolve to single replicas, as Docker has it: ${reason}`],
  };
}

function isForContainers({ exposure }: Service['listeners'][number]): boolean {
  return exposure === 'network';
}
