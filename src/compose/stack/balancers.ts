import type { BalancingPolicy } from '../../model/balancing.ts';
import type { Service } from '../../model/service.ts';
import type { TenfoldError } from '../../shared/errors.ts';
import { throwAll } from '../faults.ts';
import type { Project } from '../project.ts';
import { tenfoldOf } from './balancing.ts';
import { fault, type Keys } from './routing/edge-policy.ts';

/** Names the balancer of each service that asks for another one than the embedded proxy (`x-tenfold.balancer`). */
export function withBalancers(services: readonly Service[], project: Project): readonly Service[] {
  const faults: TenfoldError[] = [];
  const named = services.map((service): Service => {
    const { balancer } = tenfoldOf(service.name, project);
    const isCarried = service.listeners.some(({ exposure }) => exposure !== 'network');
    if (balancer !== 'haproxy' || !isCarried) return service;
    faults.push(...unsupported(service, project));
    return { ...service, balancer };
  });
  throwAll(faults);
  return named;
}

interface Refusal {
  readonly keys: readonly string[];
  readonly why: string;
}

/** What HAProxy has no like of, each where it stands in the file. docs/haproxy.md lists the same. */
function unsupported(service: Service, project: Project): readonly TenfoldError[] {
  const { balancing, listeners, autoscale } = service;
  const carried = listeners.filter(({ exposure }) => exposure !== 'network');
  const refusals: Refusal[] = [];
  const refuse = (isUsed: boolean, why: string, ...keys: string[]): void => {
    if (isUsed) refusals.push({ keys, why });
  };
  for (const { key, why, isIn } of unknownToHaproxy) refuse(isIn(balancing), why, key);
  refuse(
    carried.some(({ edge }) => edge !== undefined),
    'what an edge demands is enforced by the embedded proxy',
    'edge',
  );
  refuse(
    carried.some(({ routes = [] }) => routes.length > 0),
    'the embedded proxy routes requests',
    'routes',
  );
  const mayBeAtZero = autoscale?.min === 0 || autoscale?.schedule.some(({ min }) => min === 0) === true;
  refuse(mayBeAtZero, 'HAProxy cannot hold requests while the first replica starts', 'autoscale', 'min');
  const asked = tenfoldOf(service.name, project);
  for (const key of ['access_log', 'tracing'])
    refuse(Object.hasOwn(asked, key), 'the embedded proxy writes it', key);
  const refusal = (place: Keys, keys: readonly string[], why: string): TenfoldError =>
    fault(
      project,
      [...place, ...keys],
      `${keys.join('.')} does not go with \`balancer: haproxy\` (service ${service.name})`,
      { got: why, hint: 'Take it out, or let the embedded proxy carry the service: `balancer: proxy`.' },
    );
  const ofPorts = (project.tenfold.ports[service.name] ?? []).flatMap((own = {}, index) =>
    unknownToHaproxy
      .filter(({ key, isIn }) => key in own && carried.some(({ ownPool }) => ownPool && isIn(ownPool.policy)))
      .map(({ key, why }) => refusal(['services', service.name, 'ports', index, 'x-tenfold'], [key], why)),
  );
  return [
    ...refusals.map(({ keys, why }) => {
      const [key = ''] = keys;
      const { defaults, services } = project.tenfold;
      const isDefault = Object.hasOwn(defaults, key) && !Object.hasOwn(services[service.name] ?? {}, key);
      return refusal(isDefault ? ['x-tenfold'] : ['services', service.name, 'x-tenfold'], keys, why);
    }),
    ...ofPorts,
  ];
}

/** Of a balancing policy. */
const unknownToHaproxy: readonly {
  readonly key: string;
  readonly why: string;
  readonly isIn: (policy: BalancingPolicy) => boolean;
}[] = [
  {
    key: 'algorithm',
    why: 'HAProxy does not choose by response times',
    isIn: ({ algorithm }) => algorithm === 'least_time',
  },
  {
    key: 'latency_outlier',
    why: 'HAProxy does not compare the response times of servers',
    isIn: ({ latencyOutlier }) => latencyOutlier !== undefined,
  },
  {
    key: 'panic_threshold',
    why: 'HAProxy asks the others only when no healthy server is left',
    isIn: ({ panicShare }) => panicShare !== undefined,
  },
  {
    key: 'circuit_breaker',
    why: 'HAProxy has no breaker for a whole backend',
    isIn: ({ circuitBreaker }) => circuitBreaker !== undefined,
  },
];
