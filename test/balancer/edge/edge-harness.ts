import { after, before } from 'node:test';
import type { BalancerDriver, ListenerEntry, RouteEntry } from '../../../src/balancer/balancer-driver.ts';
import type { BalancingPolicy } from '../../../src/model/balancing.ts';
import type { ClientLimits, EdgePolicy } from '../../../src/model/edge.ts';
import { never } from '../../contracts/balancer/harness.ts';
import { httpReplica, type TestReplica } from '../../contracts/balancer/replicas.ts';
import { freePort } from '../../helpers/free-port.ts';
import { poolEntry, samplePolicy } from '../routing-samples.ts';
import { openProxy, type OpenProxy } from './open-proxy.ts';

export const noLimits: ClientLimits = {
  maxHeaderBytes: undefined,
  maxBodyBytes: undefined,
  maxConnectionsPerIp: undefined,
  headTimeoutMs: undefined,
  bodyTimeoutMs: undefined,
  sendTimeoutMs: undefined,
  keepAliveMs: undefined,
  minBytesPerSecond: undefined,
};

export function edgeOf(policy: Partial<EdgePolicy>): EdgePolicy {
  return {
    tls: undefined,
    redirectToHttpsPort: undefined,
    access: [],
    basicAuth: undefined,
    rateLimit: undefined,
    limits: noLimits,
    proxyProtocolFrom: [],
    trustedProxies: undefined,
    compression: undefined,
    ...policy,
  };
}

export interface EdgeListener {
  readonly port: number;
  /** Applies the table with a change of its listener. */
  change(entry: Partial<ListenerEntry>): Promise<void>;
}

interface ListenOptions {
  /** Replicas by pool; the pool `web` answers what no route takes. */
  readonly pools: Readonly<Record<string, readonly TestReplica[]>>;
  readonly routes?: readonly RouteEntry[];
  readonly edge?: EdgePolicy;
  readonly protocol?: 'http' | 'tcp';
  readonly policy?: Partial<BalancingPolicy>;
}

/** Opens one listener, in a table of its own. */
export async function listen(driver: BalancerDriver, options: ListenOptions): Promise<EdgeListener> {
  const port = await freePort();
  const { pools, routes, edge, protocol = 'http', policy = {} } = options;
  let listener: ListenerEntry = {
    id: `edge:${port}`,
    hostIp: '127.0.0.1',
    port,
    protocol,
    pool: 'web',
    ...(routes !== undefined && { routes }),
    ...(edge !== undefined && { edge }),
  };
  const apply = (): Promise<void> =>
    driver.apply(
      {
        listeners: [listener],
        pools: Object.entries(pools).map(([id, replicas]) =>
          poolEntry(
            replicas.map(({ entry }) => entry),
            { id, service: id, policy: { ...samplePolicy, ...policy } },
          ),
        ),
      },
      never,
    );
  await apply();
  return {
    port,
    change: async (entry) => {
      listener = { ...listener, ...entry };
      await apply();
    },
  };
}

/** A proxy for all tests of a file. */
export function useProxy(workers = 2): () => BalancerDriver {
  let proxy: OpenProxy | undefined;
  before(async () => {
    proxy = await openProxy({ workers });
    await proxy.driver.connect(never);
  });
  after(() => proxy?.[Symbol.asyncDispose]());
  return () => {
    if (proxy === undefined) throw new Error('the tests have not begun');
    return proxy.driver;
  };
}

/** A replica that says what it was asked, as JSON. */
export function echoReplica(name: string): Promise<TestReplica> {
  return httpReplica(name, (incoming, outgoing) => {
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('error', () => {});
    incoming.on('end', () => {
      const { method, url, headers } = incoming;
      const body = Buffer.concat(pieces).toString('latin1');
      outgoing.setHeader('Content-Type', 'application/json');
      outgoing.end(JSON.stringify({ name, method, url, headers, body }));
    });
  });
}

/** What `echoReplica` said. */
export function echoOf(body: string): {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string | undefined>;
  readonly body: string;
} {
  return JSON.parse(body);
}
