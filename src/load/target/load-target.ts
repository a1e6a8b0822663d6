import { lookup } from 'node:dns/promises';
import type { ListenerStatus, RouteStatus, StackStatus } from '../../daemon/control-api.ts';
import { TenfoldError, messageOf } from '../../shared/errors.ts';
import type { HttpAddress } from '../client/http-client.ts';
import { listenerScheme } from '../../shared/listener-scheme.ts';
import { findOwnAddress, machineAddresses, ownAddresses } from './own-addresses.ts';

/** Where a load test sends its requests. */
export interface LoadTarget {
  /** For people: `http://localhost:8080`. */
  readonly url: string;
  /** What goes before the path of each request; empty or without a slash at its end. */
  readonly basePath: string;
  /** Value of `Host`. */
  readonly hostField: string;
  readonly address: HttpAddress;
  /** Where a route leads there: a path that it takes, to ask for unless told otherwise. */
  readonly path?: string;
  /** Where it was not plain, for people: `entrypoint web, route api, Host example.com`. */
  readonly choice?: string;
}

/** What the stacks of this machine are, and whether that matters. */
export interface Ownership {
  readonly stacks: readonly StackStatus[];
  /** The user answers for the target. */
  readonly isVouchedFor: boolean;
}

/** Throws `no-listener` unless an open HTTP listener leads to the service. */
export function serviceTarget(stack: StackStatus, service: string): LoadTarget {
  const listeners = stack.services.find(({ name }) => name === service)?.listeners ?? [];
  const usable = listeners.filter(
    ({ isOpen, protocol, exposure }) => isOpen && protocol === 'http' && exposure !== 'network',
  );
  const published = usable.find(({ exposure }) => exposure === 'published');
  const routed = published === undefined ? findRouted(stack, service) : undefined;
  const listener = published ?? routed?.listener ?? usable[0];
  if (listener === undefined) {
    const seen = listeners.map(
      ({ port, protocol, isOpen }) => `${port} (${protocol}${isOpen ? '' : ', closed'})`,
    );
    throw new TenfoldError('no-listener', `no open HTTP listener leads to ${service} of ${stack.name}`, {
      expected:
        'a service with a port under `ports:`, or a route that a plain GET can take, in a stack that is up',
      got: listeners.length === 0 ? 'a service without listeners' : `listeners ${seen.join(', ')}`,
      hint: `\`tenfold status -p ${stack.name}\` shows the listeners`,
    });
  }
  const { hostIp, port } = listener;
  const host = hostIp === '' || hostIp === '0.0.0.0' ? '127.0.0.1' : hostIp === '::' ? '::1' : hostIp;
  const name = routed?.request.host ?? shownHost(hostIp);
  return {
    url: `${listenerScheme(listener)}://${name}:${port}`,
    basePath: '',
    hostField: `${name}:${port}`,
    address: { host, port, serverName: listener.isSecure === true ? name : undefined, isOwn: true },
    ...(routed?.request.path !== undefined && { path: routed.request.path }),
    ...(routed !== undefined && {
      choice: `${routed.listener.name}, route ${routed.route}, Host ${name}`,
    }),
  };
}

/** A route that leads to a service, with a request that it takes. */
interface Routed {
  readonly listener: SharedListener;
  readonly route: string;
  readonly request: NonNullable<RouteStatus['request']>;
}

type SharedListener = Pick<ListenerStatus, 'hostIp' | 'port' | 'isSecure' | 'protocol'> & {
  /** `entrypoint web`. */
  readonly name: string;
};

/** Whether a load test finds the service behind an address that services share. */
export function isRouted(stack: StackStatus, service: string): boolean {
  return findRouted(stack, service) !== undefined;
}

/** By the first route that leads to the service: of the entrypoints, then of other services' published ports. */
function findRouted({ entrypoints = [], services }: StackStatus, service: string): Routed | undefined {
  const shared = [
    ...entrypoints.map((each) => ({ ...each, protocol: 'http' as const, name: `entrypoint ${each.name}` })),
    ...services.flatMap(({ name, listeners }) =>
      listeners
        .filter(({ exposure }) => exposure === 'published')
        .map((each) => ({ ...each, name: `port ${each.port} of ${name}` })),
    ),
  ];
  for (const { isOpen, routes = [], ...listener } of shared) {
    if (!isOpen) continue;
    for (const route of routes) {
      if (route.service === service && route.request !== undefined)
        return { listener, route: route.id, request: route.request };
    }
  }
  return undefined;
}

/** The URL given, or undefined when the text is none with http or https; `localhost:8080/path` is one too. */
export function parseTargetUrl(text: string): URL | undefined {
  const url = /^(?:[\w.-]+|\[[\da-f:]+\]):\d+(?:\/|$)/i.test(text) ? `http://${text}` : text;
  if (!/^https?:\/\//i.test(url)) return undefined;
  return URL.canParse(url) ? new URL(url) : undefined;
}

/**
 * The address behind a URL, looked up once, so that what was allowed is what is asked. Throws `foreign-target` unless it
 * belongs to one of the stacks or the user vouches for it, and `usage` when its name stands for nothing.
 */
export async function urlTarget(url: URL, { stacks, isVouchedFor }: Ownership): Promise<LoadTarget> {
  const isSecure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
  const addresses = await lookUp(host);
  const own = findOwnAddress(addresses, port, ownAddresses(stacks), machineAddresses());
  const address = own?.address ?? addresses[0];
  if (address === undefined || (own === undefined && !isVouchedFor)) throw foreign(url, stacks);
  return {
    url: url.origin,
    basePath: url.pathname.replace(/\/$/, ''),
    hostField: url.host,
    address: {
      host: address,
      port,
      serverName: isSecure ? host : undefined,
      ...(own !== undefined && { isOwn: true }),
    },
  };
}

async function lookUp(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    throw new TenfoldError('usage', `the name ${host} stands for no address`, {
      got: messageOf(cause),
      cause,
    });
  }
}

function foreign(url: URL, stacks: readonly StackStatus[]): TenfoldError {
  const own = ownAddresses(stacks.filter(({ phase }) => phase === 'running'));
  const urls = [
    ...new Set(
      stacks.flatMap(({ services, entrypoints = [] }) =>
        [
          ...services.flatMap(({ listeners }) => listeners),
          ...entrypoints.map((entrypoint) => ({ ...entrypoint, protocol: 'http' as const })),
        ]
          .filter(({ isOpen, protocol }) => isOpen && protocol === 'http')
          .map((listener) => `${listenerScheme(listener)}://${shownHost(listener.hostIp)}:${listener.port}`),
      ),
    ),
  ];
  return new TenfoldError('foreign-target', `${url.origin} does not lead to a stack of yours`, {
    expected: urls.length > 0 ? `one of ${urls.slice(0, 10).join(', ')}` : 'a target on a stack that is up',
    got: own.length === 0 ? `${url.origin}, and no stack is up` : url.origin,
    hint: 'if it is yours all the same, say so: --i-own-this-target',
  });
}

/** What a person types to reach a listener. */
function shownHost(hostIp: string): string {
  if (hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::') return 'localhost';
  return hostIp.includes(':') ? `[${hostIp}]` : hostIp;
}
