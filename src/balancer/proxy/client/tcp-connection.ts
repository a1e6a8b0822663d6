import { connect, type Socket } from 'node:net';
import { prefaceOf } from '../exchange/request-format.ts';
import { mayRetry } from '../exchange/retry.ts';
import { type Placeable, Placement } from '../exchange/placement.ts';
import { Tunnel } from '../exchange/tunnel.ts';
import { countBegin, countEnd, countFailure } from '../visibility/request-counts.ts';
import type { EndpointState, InFlight } from '../worker/endpoint-state.ts';
import type { FailureKind } from '../worker/failure-kind.ts';
import type { PoolState } from '../worker/pool-state.ts';
import type { ListenerState } from '../worker/routing-state.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { reset, type Wire } from '../socket/wire.ts';
import type { Door, DoorConnection } from './door.ts';
import { type Entrant, forwardedBy } from './entrant.ts';

/** A connection that was made counts as a good answer. */
const connectedStatus = 200;

/** One connection in TCP mode: counted as one request of its listener and its endpoint. */
export class TcpConnection implements DoorConnection, InFlight, Placeable {
  readonly #client: Wire;
  readonly #entrant: Entrant;
  readonly #door: Door;
  readonly #listener: ListenerState;
  /** The listener's may be another one later. */
  readonly #pool: PoolState;
  readonly #context: WorkerContext;
  readonly #placement: Placement;
  #endpoint: EndpointState | undefined;
  #upstream: Socket | undefined;
  #attemptBeganAt = 0;

  constructor(entrant: Entrant, door: Door, listener: ListenerState, context: WorkerContext) {
    const client = entrant.wire ?? entrant.raw;
    this.#client = client;
    this.#entrant = entrant;
    this.#door = door;
    this.#listener = listener;
    this.#context = context;
    this.#pool = listener.pool;
    countBegin(listener.counts);
    countBegin(this.#pool.counts);
    client.on('error', () => {});
    client.on('close', () => this.#leave());
    // Deferred, because the door admits the connection only after this constructor.
    this.#placement = new Placement(this, context);
    process.nextTick(() => this.#begin());
  }

  /** The door closes; a connection that is through stays until its endpoint drains. */
  retire(): void {}

  destroy(): void {
    this.#client.destroy();
  }

  tick(now: number): void {
    if (this.#placement.expire(now) || this.#upstream === undefined) return;
    if (now - this.#attemptBeganAt > this.#pool.policy.connectTimeoutMs) this.cut('timeout');
  }

  isStream(): boolean {
    return false;
  }

  dismiss(): void {
    this.cut('forced');
  }

  cut(kind: FailureKind): void {
    this.#dropUpstream();
    this.#failed(kind);
  }

  #begin(): void {
    if (this.#client.destroyed) return;
    // Nothing is taken before there is somebody to take it.
    this.#client.pause();
    const pool = this.#pool;
    const by = forwardedBy(this.#entrant, this.#client, '');
    this.#placement.begin(pool, this.#listener, pool.readTraits?.(undefined, by));
    // A paused socket does not see its peer go; one that is read into its own buffer does.
    if (this.#placement.isWaiting) this.#client.read(0);
  }

  unplaced(kind: FailureKind): void {
    this.#fail(kind);
  }

  placed(endpoint: EndpointState, now: number): void {
    this.#attemptBeganAt = now;
    this.#endpoint = endpoint;
    endpoint.begin(this);
    const upstream = connect({
      host: endpoint.host,
      port: endpoint.port,
      noDelay: true,
      allowHalfOpen: true,
    });
    this.#upstream = upstream;
    upstream.on('error', () => {
      this.#dropUpstream();
      this.#failed('connect');
    });
    upstream.on('connect', () => this.#join(endpoint, upstream));
  }

  #join(endpoint: EndpointState, upstream: Socket): void {
    this.#placement.answered(endpoint, connectedStatus);
    this.#placement.end();
    this.#client.removeAllListeners();
    upstream.removeAllListeners();
    this.#upstream = undefined;
    this.#endpoint = undefined;
    const sides = { client: this.#client, upstream, endpoint, listener: this.#listener, pool: this.#pool };
    const preface = prefaceOf(this.#pool.policy, forwardedBy(this.#entrant, this.#client, ''));
    if (preface !== '') upstream.write(preface, 'latin1');
    const tunnel = new Tunnel(sides, this.#context, () => this.#door.connections.delete(this));
    tunnel.replace(this);
  }

  #failed(kind: FailureKind): void {
    const endpoint = this.#endpoint;
    if (endpoint === undefined) return;
    const { policy } = this.#pool;
    this.#endpoint = undefined;
    this.#placement.failed(endpoint, kind);
    if (endpoint.end(this, kind === 'forced')) this.#context.reportNow();
    const attempts = this.#placement.failures;
    const attempt = { kind, isSent: false, isAnswered: false, isIdempotent: false, isReplayable: true };
    if (mayRetry({ ...attempt, attempts, retries: policy.retries })) {
      this.#placement.seek(kind);
    } else {
      this.#fail(kind);
    }
  }

  #fail(kind: FailureKind): void {
    countFailure(this.#listener.counts, kind);
    countFailure(this.#pool.counts, kind);
    reset(this.#client);
  }

  #dropUpstream(): void {
    this.#upstream?.removeAllListeners();
    this.#upstream?.on('error', () => {});
    this.#upstream?.destroy();
    this.#upstream = undefined;
  }

  /** The client went before it was joined to anything. */
  #leave(): void {
    this.#dropUpstream();
    this.#endpoint?.ejection.released();
    if (this.#endpoint?.end(this, false) === true) this.#context.reportNow();
    this.#endpoint = undefined;
    this.#placement.end();
    countEnd(this.#listener.counts);
    countEnd(this.#pool.counts);
    this.#door.connections.delete(this);
  }
}
