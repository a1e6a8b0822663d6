import { isDeepStrictEqual } from 'node:util';
import type { Listener, OwnPool, Service } from '../../model/service.ts';
import type { Project } from '../project.ts';
import type { XTenfoldPort } from '../schema/tenfold/port.ts';
import type { XTenfold } from '../schema/tenfold/x-tenfold.ts';
import { policyOf, serviceKeys, type PolicyOwner } from './balancing-policy.ts';
import { fault } from './routing/edge-policy.ts';

/** One port of a service's list, and what holds for it. */
export interface PortPlace {
  readonly service: string;
  /** In the list of the service. */
  readonly index: number;
  readonly target: number;
  readonly protocol: 'http' | 'tcp';
  /** What holds for the service. */
  readonly tenfold: XTenfold;
}

/**
 * The policy of a port that says anything of its own; undefined where it comes to the same as its service's. Throws
 * `invalid-compose` with the place of what contradicts itself, or means nothing for bytes.
 */
export function ownPolicy(
  place: PortPlace,
  balancing: Service['balancing'],
  project: Project,
): OwnPool['policy'] | undefined {
  const { service, index, target, protocol, tenfold } = place;
  const own = project.tenfold.ports[service]?.[index];
  if (own === undefined) return undefined;
  const owner = portOwner(place, own, project);
  const ofRequests = (['sticky', 'hash_on'] as const).find((key) => own[key] !== undefined);
  if (protocol === 'tcp' && ofRequests !== undefined) {
    const message = `${ofRequests} of port ${target} means nothing to what is carried as bytes (service ${service})`;
    const expected = 'a port that is carried as HTTP: there are no requests in TCP';
    throw fault(project, owner.keysOf([ofRequests]), message, { expected });
  }
  const policy = policyOf(overService(tenfold, own, protocol), owner, project);
  return isDeepStrictEqual(policy, balancing) ? undefined : policy;
}

/** Refuses balancing keys of a port whose connections never come to the balancer. */
export function refuseUnbalanced(
  { service, index, target }: Omit<PortPlace, 'protocol' | 'tenfold'>,
  project: Project,
): void {
  const [key] = Object.keys(project.tenfold.ports[service]?.[index] ?? {});
  if (key === undefined) return;
  throw fault(
    project,
    ['services', service, 'ports', index, 'x-tenfold', key],
    `nothing balances port ${target} of ${service}: its runtime publishes it`,
    {
      expected: 'a TCP port that the proxy holds',
      hint: 'a service with a named volume is published by Docker unless its x-tenfold says `publish: balanced`',
    },
  );
}

/**
 * Which pool answers at a target of a service under its name: that of the port published under the very same number, else the
 * one to which every port leads that is published for the target.
 */
export function ownPoolAt(target: number, listeners: readonly Listener[]): Pick<Listener, 'ownPool'> {
  const published = listeners.filter((each) => each.exposure === 'published' && each.target === target);
  const chosen = published.find(({ port }) => port === target) ?? published[0];
  const ownPool = chosen?.ownPool;
  const isAgreed = published.every((each) => each.ownPool?.name === ownPool?.name);
  return ownPool !== undefined && (isAgreed || chosen?.port === target) ? { ownPool } : {};
}

const ofRequest = ['path', 'method', 'host', 'status', 'body', 'body_regex'] as const;
const ofConnection = ['send', 'expect', 'expect_regex'] as const;

type Health = NonNullable<XTenfold['health']>;

/** A key of the port wins over the same key of the service; what the service says of another kind of check or algorithm is not taken. */
function overService(service: XTenfold, own: XTenfoldPort, protocol: PortPlace['protocol']): XTenfold {
  const { hash_on: hashOn, sticky, ...rest } = service;
  const isHashed = (own.algorithm ?? service.algorithm) === 'hash';
  return {
    ...rest,
    ...(isHashed && hashOn !== undefined && { hash_on: hashOn }),
    ...(protocol === 'http' && sticky !== undefined && { sticky }),
    ...own,
    protocol,
    health: healthOver(service.health ?? {}, own.health ?? {}),
  };
}

function healthOver(service: Health, own: Health): Health {
  const has = (keys: readonly (keyof Health)[]): boolean => keys.some((key) => own[key] !== undefined);
  const dropped = new Set<string>([
    ...(has(['path']) ? ofConnection : []),
    ...(has(ofConnection) ? ofRequest : []),
    ...(has(['body', 'body_regex']) ? ['body', 'body_regex'] : []),
    ...(has(['expect', 'expect_regex']) ? ['expect', 'expect_regex'] : []),
  ]);
  const inherited: Health = Object.fromEntries(Object.entries(service).filter(([key]) => !dropped.has(key)));
  // Which role a replica has is never the fault of the check: who has another one must not be asked instead.
  const asksForRole = has(['expect', 'expect_regex']);
  return { ...inherited, ...(asksForRole && { fail_open: false }), ...own };
}

function portOwner({ service, index, target }: PortPlace, own: XTenfoldPort, project: Project): PolicyOwner {
  const inherited = serviceKeys(service, project);
  const ownKeys: Readonly<Record<string, unknown>> = own;
  const ownHealth: Readonly<Record<string, unknown>> = own.health ?? {};
  return {
    name: `service ${service}, port ${target}`,
    keysOf: (path) => {
      const [key, inner] = path;
      const isOwn =
        ownKeys[key] !== undefined &&
        (key !== 'health' || inner === undefined || ownHealth[inner] !== undefined);
      return isOwn ? ['services', service, 'ports', index, 'x-tenfold', ...path] : inherited(path);
    },
  };
}
