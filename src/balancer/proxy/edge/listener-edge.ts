import { isDeepStrictEqual } from 'node:util';
import type { ClientLimits } from '../../../model/edge.ts';
import type { ListenerEntry } from '../../balancer-driver.ts';
import type { ProxyLimits } from '../proxy-limits.ts';
import { TlsTerminator } from '../tls/tls-terminator.ts';
import type { PoolState } from '../worker/pool-state.ts';
import { AccessList } from './access.ts';
import { Gate } from './gate.ts';
import { type RangeSet, rangeSet } from './range-set.ts';

/** What a listener that has routes or an edge policy does more than one that has neither. */
export class ListenerEdge {
  readonly entry: ListenerEntry;
  /** Judges requests; undefined where bytes are carried. */
  readonly gate: Gate | undefined;
  readonly tls: TlsTerminator | undefined;
  /** Peers whose connections begin with a PROXY protocol header. */
  readonly proxies: RangeSet | undefined;
  readonly maxConnectionsPerIp: number | undefined;
  /** Judges connections where nobody judges requests. */
  readonly #access: AccessList | undefined;
  #limits: ProxyLimits | undefined;
  readonly #pools: readonly (PoolState | undefined)[];

  constructor(entry: ListenerEntry, pools: ReadonlyMap<string, PoolState>, before: ListenerEdge | undefined) {
    const { edge } = entry;
    this.entry = entry;
    this.#pools = poolsOf(entry, pools);
    this.gate = entry.protocol === 'http' ? new Gate(entry, pools) : undefined;
    this.#access = entry.protocol === 'tcp' && edge !== undefined ? new AccessList(edge.access) : undefined;
    this.tls =
      edge?.tls === undefined
        ? undefined
        : isDeepStrictEqual(edge.tls, before?.tls?.policy)
          ? before?.tls
          : new TlsTerminator(edge.tls);
    const proxies = edge?.proxyProtocolFrom ?? [];
    this.proxies = proxies.length === 0 ? undefined : rangeSet(proxies);
    this.maxConnectionsPerIp = edge?.limits.maxConnectionsPerIp;
  }

  /** The edge for an entry of the table; the one before where nothing of it has changed, and none where it asks for none. */
  static of(
    entry: ListenerEntry,
    pools: ReadonlyMap<string, PoolState>,
    before: ListenerEdge | undefined,
  ): ListenerEdge | undefined {
    if (entry.routes === undefined && entry.edge === undefined) return undefined;
    return before?.isFor(entry, pools) === true ? before : new ListenerEdge(entry, pools, before);
  }

  isFor(entry: ListenerEntry, pools: ReadonlyMap<string, PoolState>): boolean {
    return (
      isDeepStrictEqual(entry, this.entry) &&
      poolsOf(entry, pools).every((pool, index) => pool === this.#pools[index])
    );
  }

  /** Something comes before the first byte of a request. */
  get isApproached(): boolean {
    const { tls, proxies, maxConnectionsPerIp } = this;
    return (
      tls !== undefined ||
      proxies !== undefined ||
      maxConnectionsPerIp !== undefined ||
      this.#access !== undefined
    );
  }

  /** Whether a connection that is carried as bytes may come in. */
  admits(address: string): boolean {
    return this.#access?.lets(address, ['/']) ?? true;
  }

  limits(general: ProxyLimits): ProxyLimits {
    const own = this.entry.edge?.limits;
    if (own === undefined) return general;
    this.#limits ??= withOwn(general, own);
    return this.#limits;
  }

  /** Reads files again that have changed. */
  async look(): Promise<void> {
    await Promise.all([this.gate?.look(), this.tls?.look()]);
  }
}

function poolsOf(entry: ListenerEntry, pools: ReadonlyMap<string, PoolState>): (PoolState | undefined)[] {
  const routed = (entry.routes ?? []).flatMap(({ action }) =>
    action.kind === 'forward' ? [action.to.pool] : [],
  );
  return [entry.pool, ...routed].map((id) => pools.get(id));
}

function withOwn(general: ProxyLimits, own: ClientLimits): ProxyLimits {
  return {
    ...general,
    maxHeadBytes: own.maxHeaderBytes ?? general.maxHeadBytes,
    headTimeoutMs: own.headTimeoutMs ?? general.headTimeoutMs,
    bodyTimeoutMs: own.bodyTimeoutMs ?? general.bodyTimeoutMs,
    sendTimeoutMs: own.sendTimeoutMs ?? general.sendTimeoutMs,
    keepAliveMs: own.keepAliveMs ?? general.keepAliveMs,
    minBytesPerSecond: own.minBytesPerSecond ?? general.minBytesPerSecond,
  };
}
