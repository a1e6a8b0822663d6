import type { Fault } from '../../faults.ts';
import { formatPath } from '../../path.ts';
import { object } from '../collections.ts';
import { propertyNames, type BoundOf, type Kind } from '../kind.ts';
import { balancingFields } from './balancing.ts';
import { xTenfold } from './x-tenfold.ts';

const ownKeys = object(balancingFields, {
  isExtensible: false,
  description: 'How Tenfold balances what comes in by this port, over what its service says.',
});

export type XTenfoldPort = BoundOf<typeof ownKeys>;

/** `x-tenfold:` of one port: those keys of a service's that say how requests are balanced. */
export const xTenfoldPort: Kind<XTenfoldPort> = {
  ...ownKeys,
  check(value, path, report) {
    ownKeys.check(value, path, (fault) => report(misplaced(fault)));
  },
};

const serviceKeys = new Set(propertyNames(xTenfold));

/** A key that means something elsewhere is better named than called unknown. */
function misplaced(fault: Fault): Fault {
  const word = fault.unknown?.word ?? '';
  if (!serviceKeys.has(word)) return fault;
  const { path } = fault;
  return {
    path,
    message: `${formatPath(path)}: ${word} is not for a port`,
    expected: word === 'protocol' ? 'app_protocol of the port' : `${word} under x-tenfold of the service`,
  };
}
