import type { FrameScanner } from '../http/frame-scanner.ts';
import { reset, type Wire } from '../socket/wire.ts';
import { countEnd, countFailure } from '../visibility/request-counts.ts';
import type { EndpointState, InFlight } from '../worker/endpoint-state.ts';
import type { FailureKind } from '../worker/failure-kind.ts';
import type { PoolState } from '../worker/pool-state.ts';
import type { ListenerState } from '../worker/routing-state.ts';
import type { WorkerContext } from '../worker/worker-context.ts';

const keepAliveMs = 60_000;
/** A close frame of status 1001, going away (RFC 6455 section 7.4.1). */
const goingAway = Buffer.from([0x88, 0x02, 0x03, 0xe9]);

export interface TunnelSides {
  readonly client: Wire;
  readonly upstream: Wire;
  readonly endpoint: EndpointState;
  readonly listener: ListenerState;
  /** The one that the request was counted for. */
  readonly pool: PoolState;
  /** Of a WebSocket: follows what goes to the client. Undefined: nobody here knows what the bytes mean. */
  readonly frames?: FrameScanner | undefined;
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
  #isDismissed = false;
  /** The client was told to go; nothing may follow that. */
  #isGoodbyeSaid = false;

  constructor(sides: TunnelSides, context: WorkerContext, onEnd: () => void) {
    this.#sides = sides;
    this.#context = context;
    this.#onEnd = onEnd;
    // Tunnels may be silent for long; a peer that vanished without a word is found out all the same.
    sides.client.setKeepAlive(true, keepAliveMs);
    sides.upstream.setKeepAlive(true, keepAliveMs);
    this.#pump(sides.client, sides.upstream, undefined, (chunk) => sides.upstream.write(chunk));
    this.#pump(sides.upstream, sides.client, 'broken-response', (chunk) => this.passToClient(chunk));
  }

  /** Takes over from the request or connection that began it. */
  replace(beginner: InFlight): void {
    const { inFlight } = this.#sides.endpoint;
    inFlight.delete(beginner);
    inFlight.add(this);
  }

  /** It ends when one of its sides does. */
  isStream(): boolean {
    return true;
  }

  /** A WebSocket is closed between two frames, so that the client, and then the replica, close it as they should. */
  dismiss(): void {
    const { frames } = this.#sides;
    if (frames === undefined) return this.#finish('forced');
    this.#isDismissed = true;
    if (frames.isBetweenFrames) this.#sayGoodbye();
  }

  cut(kind: FailureKind): void {
    this.#finish(kind);
  }

  /** False when the client must be waited for. */
  passToClient(chunk: Buffer): boolean {
    if (this.#isGoodbyeSaid) return true;
    const { client, frames } = this.#sides;
    if (frames === undefined) return client.write(chunk);
    const end = frames.take(chunk, this.#isDismissed);
    const canTakeMore = client.write(chunk.subarray(0, end));
    if (this.#isDismissed && frames.isBetweenFrames) this.#sayGoodbye();
    return canTakeMore;
  }

  #sayGoodbye(): void {
    const { client, upstream, frames } = this.#sides;
    // Where the replica closes it already, its own frame stands.
    if (this.#isGoodbyeSaid || frames?.hasClosed === true) return;
    this.#isGoodbyeSaid = true;
    client.write(goingAway);
    // The end of its side is still to come.
    upstream.resume();
  }

  #pump(from: Wire, to: Wire, lossKind: FailureKind | undefined, pass: (chunk: Buffer) => boolean): void {
    from.on('data', (chunk: Buffer) => {
      if (!pass(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    const ended = (): void => {
      // Who has ended its side may be gone for good, and takes then nothing of what is still to come.
      from.setTimeout(this.#context.limits.sendTimeoutMs, () => {
        if (from.writableLength > 0) this.#finish(lossKind);
      });
      to.end(() => {
        if (--this.#openHalves === 0) this.#finish(undefined);
      });
    };
    // It may have been told of while the other side was still being connected to.
    if (from.readableEnded) ended();
    else from.on('end', ended);
    from.on('error', () => this.#finish(lossKind));
    from.on('close', () => {
      // Both its halves have ended as they should; the last of what it sent may still be on its way to the other side.
      if (from.readableEnded && from.writableFinished) return;
      this.#finish(lossKind);
    });
    from.resume();
  }

  #finish(failure: FailureKind | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { client, upstream, endpoint, listener, pool } = this.#sides;
    if (failure === undefined || this.#isGoodbyeSaid) {
      client.destroy();
      upstream.destroy();
      if (!this.#isGoodbyeSaid) endpoint.totals.completed++;
    } else {
      // A plain close would look like a proper end.
      reset(client);
      reset(upstream);
      if (failure !== 'forced') endpoint.totals.failed++;
      countFailure(listener.counts, failure);
      countFailure(pool.counts, failure);
    }
    countEnd(listener.counts);
    countEnd(pool.counts);
    if (endpoint.end(this, failure === 'forced' || this.#isGoodbyeSaid)) this.#context.reportNow();
    this.#onEnd();
  }
}
