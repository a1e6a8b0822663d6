import type { Report } from '../faults.ts';
import { pathOf } from '../path.ts';
import type { ServiceConfig } from '../project.ts';

/** Reports each circle of services that depend on each other, at the dependency that closes it. */
export function checkCycles(services: Readonly<Record<string, ServiceConfig>>, report: Report): void {
  const done = new Set<string>();
  for (const root of Object.keys(services)) {
    if (done.has(root)) continue;
    // An explicit stack: a chain of services may be longer than the call stack is deep.
    const chain: { readonly name: string; readonly rest: string[] }[] = [];
    const onChain = new Set<string>();
    const enter = (name: string) => {
      chain.push({ name, rest: Object.keys(services[name]?.depends_on ?? {}).sort() });
      onChain.add(name);
    };
    enter(root);
    for (let top = chain.at(-1); top !== undefined; top = chain.at(-1)) {
      const next = top.rest.shift();
      if (next === undefined) {
        chain.pop();
        onChain.delete(top.name);
        done.add(top.name);
      } else if (onChain.has(next)) {
        const circle = [
          ...chain.slice(chain.findIndex(({ name }) => name === next)).map(({ name }) => name),
          next,
        ];
        report({
          path: pathOf('services', top.name, 'depends_on', next),
          message: `dependency cycle detected: ${circle.join(' -> ')}`,
          code: 'dependency-cycle',
          hint: 'take one of these dependencies out',
        });
      } else if (!done.has(next) && next in services) {
        enter(next);
      }
    }
  }
}
