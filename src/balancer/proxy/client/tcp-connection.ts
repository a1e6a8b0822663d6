import { connect, type Socket } from 'node:net';
import { mayRetry } from '../exchange/retry.ts';
import { Tunnel } from '../exchange/tunnel.ts';
import type { EndpointState, InFlight } from '../worker/endpoint-state.ts';
import type { FailureKind } from '../worker/failure-kind.ts';
import { countFailure, type ListenerState } from '../worker/routing-state.ts';
import { selectEndpoint } from '../worker/selection.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import type { Door, DoorConnection } from './door.ts';

/** One connection in TCP mode: counted as one request of its listener and its endpoint. */
export class TcpConnection implements DoorConnection, InFlight {
  readonly #client: Socket;
  readonly #door: Door;
  readonly #listener: ListenerState;
  readonly #context: WorkerContext;
  readonly #tried: EndpointState[] = [];
  #endpoint: EndpointState | undefined;
  #upstream: Socket | undefined;
  #attemptBeganAt = 0;

  constructor(client: Socket, door: Door, listener: ListenerState, context: WorkerContext) {
    this.#client = client;
    this.#door = door;
    this.#listener = listener;
    this.#context = context;
    listener.requests++;
    listener.inFlight++;
    listener.hasChanged = true;
    client.on('error', () => {});
    client.on('close', () => this.#leave());
    // Deferred, because the door admits the connection only after this constructor.
    process.nextTick(() => this.#attempt(undefined));
  }

  /** The door closes; a connection that is through stays until its endpoint drains. */
  retire(): void {}

  destroy(): void {
    this.#client.destroy();
  }

  tick(now: number): void {
    if (this.#upstream === undefined) return;
    if (now - this.#attemptBeganAt > this.#listener.pool.policy.connectTimeoutMs) this.cut('timeout');
  }

  cut(kind: FailureKind): void {
    this.#dropUpstream();
    this.#failed(kind);
  }

  #attempt(lastFailure: FailureKind | undefined): void {
    if (this.#client.destroyed) return;
    const { pool } = this.#listener;
    const now = Date.now();
    const endpoint = pool.endpoints.length === 0 ? undefined : selectEndpoint(pool, now, this.#tried);
    if (endpoint === undefined) {
      countFailure(this.#listener, lastFailure ?? 'no-endpoint');
      this.#client.resetAndDestroy();
      return;
    }
    // Nothing is read before there is somebody to read it.
    this.#client.pause();
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
    if (endpoint.ejection.succeeded(Date.now())) this.#context.ejectionChanged(endpoint);
    for (const tried of this.#tried) {
      tried.totals.retried++;
      tried.hasChanged = true;
    }
    this.#client.removeAllListeners();
    upstream.removeAllListeners();
    this.#upstream = undefined;
    this.#endpoint = undefined;
    const sides = { client: this.#client, upstream, endpoint, listener: this.#listener };
    const tunnel = new Tunnel(sides, this.#context, () => this.#door.connections.delete(this));
    tunnel.replace(this);
  }

  #failed(kind: FailureKind): void {
    const endpoint = this.#endpoint;
    if (endpoint === undefined) return;
    const { policy } = this.#listener.pool;
    this.#endpoint = undefined;
    endpoint.totals.failed++;
    if (kind !== 'forced' && endpoint.ejection.failed(Date.now(), policy))
      this.#context.ejectionChanged(endpoint);
    if (endpoint.end(this, kind === 'forced')) this.#context.reportNow();
    const attempts = this.#tried.push(endpoint);
    const attempt = { kind, isSent: false, isAnswered: false, isIdempotent: false, isReplayable: true };
    if (mayRetry({ ...attempt, attempts, retries: policy.retries })) {
      this.#attempt(kind);
    } else {
      countFailure(this.#listener, kind);
      this.#client.resetAndDestroy();
    }
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
    this.#listener.inFlight--;
    this.#listener.hasChanged = true;
    this.#door.connections.delete(this);
  }
}
