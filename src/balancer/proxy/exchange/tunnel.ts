import type { Wire } from '../socket/wire.ts';
import type { EndpointState, InFlight } from '../worker/endpoint-state.ts';
import type { FailureKind } from '../worker/failure-kind.ts';
import { countFailure, type ListenerState } from '../worker/routing-state.ts';
import type { WorkerContext } from '../worker/worker-context.ts';

const keepAliveMs = 60_000;

export interface TunnelSides {
  readonly client: Wire;
  readonly upstream: Wire;
  readonly endpoint: EndpointState;
  readonly listener: ListenerState;
}

/**
 * Passes bytes both ways until both sides have ended or one is lost; each half may end by itself. The sockets must
 * allow half-open use and have no other listeners; the endpoint already counts the tunnel's beginner as in flight.
 */
export class Tunnel implements InFlight {
  readonly #sides: TunnelSides;
  readonly #context: WorkerContext;
  readonly #onEnd: () => void;
  #openHalves = 2;
  #isOver = false;

  constructor(sides: TunnelSides, context: WorkerContext, onEnd: () => void) {
    this.#sides = sides;
    this.#context = context;
    this.#onEnd = onEnd;
    // Tunnels may be silent for long; a peer that vanished without a word is found out all the same.
    sides.client.setKeepAlive(true, keepAliveMs);
    sides.upstream.setKeepAlive(true, keepAliveMs);
    this.#pump(sides.client, sides.upstream, undefined);
    this.#pump(sides.upstream, sides.client, 'broken-response');
  }

  /** Takes over from the request or connection that began it. */
  replace(beginner: InFlight): void {
    const { inFlight } = this.#sides.endpoint;
    inFlight.delete(beginner);
    inFlight.add(this);
  }

  cut(kind: FailureKind): void {
    this.#finish(kind);
  }

  #pump(from: Wire, to: Wire, lossKind: FailureKind | undefined): void {
    from.on('data', (chunk: Buffer) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => {
      to.end(() => {
        if (--this.#openHalves === 0) this.#finish(undefined);
      });
    });
    from.on('error', () => this.#finish(lossKind));
    from.on('close', () => this.#finish(lossKind));
    from.resume();
  }

  #finish(failure: FailureKind | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { client, upstream, endpoint, listener } = this.#sides;
    if (failure === undefined) {
      client.destroy();
      upstream.destroy();
      endpoint.totals.completed++;
    } else {
      // A plain close would look like a proper end.
      client.resetAndDestroy();
      upstream.resetAndDestroy();
      if (failure !== 'forced') endpoint.totals.failed++;
      countFailure(listener, failure);
    }
    listener.inFlight--;
    listener.hasChanged = true;
    if (endpoint.end(this, failure === 'forced')) this.#context.reportNow();
    this.#onEnd();
  }
}
