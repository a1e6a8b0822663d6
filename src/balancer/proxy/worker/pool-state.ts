import type { BalancingPolicy } from '../../../model/balancing.ts';
import type { PoolEntry, TrafficSplit } from '../../balancer-driver.ts';
import { newRequestCounts } from '../visibility/request-counts.ts';
import type { RequestWatch } from '../visibility/request-watch.ts';
import type { EndpointState } from './endpoint-state.ts';
import { type RequestTraits, type TraitReader, traitReader } from './request-traits.ts';
import { Scrutiny } from './scrutiny/scrutiny.ts';
import { type Pick, picks } from './selection/pick.ts';
import { isPanicking, rank, rankOf } from './selection/rank.ts';
import { SplitSpread } from './selection/split-spread.ts';
import { Spread } from './selection/spread.ts';
import { StickyPins } from './sticky-pins.ts';
import { WaitingRoom } from './waiting-room.ts';

/** What the pools of one worker share. */
export interface PoolSurroundings {
  /** Key that signs sticky cookies, in hex. */
  readonly secret: string;
  readonly workers: number;
  /** Asks for room of the pool's endpoints that other workers can spare. */
  wantRoom(pool: string): void;
  /** Gives room up to other workers. */
  spareRoom(endpoint: string, count: number): void;
  circuitChanged(pool: string, openUntil: number): void;
  /** Undefined: nothing of the pool's requests is written down. */
  watchOf(entry: PoolEntry): RequestWatch | undefined;
}

/** A pool in one worker. What its policy leaves out is undefined here, and costs its requests nothing. */
export class PoolState {
  readonly id: string;
  service: string;
  policy: BalancingPolicy;
  emptyReason: string;
  holdMs = 0;
  endpoints: readonly EndpointState[] = [];
  /** Of requests that came to it over whichever listener. */
  readonly counts = newRequestCounts();
  readonly spread: Spread;
  split: SplitSpread | undefined;
  pick: Pick = picks.least_conn;
  readTraits: TraitReader | undefined;
  pins: StickyPins | undefined;
  /** Writes its requests down. */
  watch: RequestWatch | undefined;
  /** Watches how its endpoints answer. */
  scrutiny: Scrutiny | undefined;
  /** Where its requests may wait. */
  waitingRoom: WaitingRoom | undefined;
  /** From when its candidates have to be found anew; milliseconds since the epoch. */
  staleAt = 0;
  isPanicking = false;
  readonly #surroundings: PoolSurroundings;
  #isRoomAsked = false;
  /** The room that was freed last went to one who waits here. */
  #hasServed = false;

  constructor(entry: PoolEntry, surroundings: PoolSurroundings) {
    this.id = entry.id;
    this.service = entry.service;
    this.policy = entry.policy;
    this.emptyReason = entry.emptyReason;
    this.#surroundings = surroundings;
    this.spread = new Spread(Math.random());
  }

  /** Takes what the table says; the states of its endpoints have been set already. */
  assign(entry: PoolEntry, endpoints: readonly EndpointState[], now: number): void {
    const { policy } = entry;
    this.service = entry.service;
    this.emptyReason = entry.emptyReason;
    this.holdMs = entry.holdMs ?? 0;
    this.endpoints = endpoints;
    this.pick = picks[policy.algorithm];
    this.readTraits = traitReader(entry);
    this.watch = this.#surroundings.watchOf(entry);
    const { secret } = this.#surroundings;
    this.pins =
      policy.sticky === undefined ? undefined : new StickyPins(policy.sticky, entry.id, endpoints, secret);
    if (!Scrutiny.isAskedFor(policy)) this.scrutiny = undefined;
    else if (this.scrutiny === undefined) this.scrutiny = new Scrutiny(policy, now);
    else this.scrutiny.policy = policy;
    const { circuit } = this.scrutiny ?? {};
    if (circuit !== undefined)
      circuit.onChange = (openUntil) => this.#surroundings.circuitChanged(this.id, openUntil);
    this.policy = policy;
    this.spread.assign(endpoints);
    this.#assignSplit(entry.split);
    for (const endpoint of endpoints) endpoint.pool = this;
    if (this.holdMs > 0 || policy.maxConnections !== undefined) this.waitingRoom ??= new WaitingRoom();
    else if (this.waitingRoom?.size === 0) this.waitingRoom = undefined;
    this.refresh(now);
  }

  /** Finds the candidates anew, as ranks or shares may have changed. */
  refresh(now: number): void {
    const { panicShare = 0, slowStartMs } = this.policy;
    this.isPanicking = panicShare > 0 && isPanicking(this.endpoints, panicShare);
    this.staleAt = Infinity;
    for (const endpoint of this.endpoints) {
      const itsRank = rankOf(endpoint, now);
      endpoint.rank = this.isPanicking && itsRank !== rank.never ? rank.available : itsRank;
      const { until } = endpoint.ejection;
      if (until > now) this.staleAt = Math.min(this.staleAt, until);
      const rampedAt = endpoint.activeSince + slowStartMs;
      if (rampedAt > now) this.staleAt = Math.min(this.staleAt, rampedAt);
    }
    this.spread.refresh(now);
    this.split?.refresh(now);
  }

  /** Something about an endpoint has changed: the next request finds the candidates anew. */
  outdated(): void {
    this.staleAt = 0;
  }

  /** The endpoint that a sticky cookie stands for, where it may be asked as well as any other. */
  pinned(value: string, traits: RequestTraits): EndpointState | undefined {
    const endpoint = this.pins?.endpointOf(value);
    if (endpoint === undefined || endpoint.rank === rank.never || endpoint.rank > this.spread.rank)
      return undefined;
    if (traits.demandsCanary && endpoint.revision !== this.split?.entry.revision) return undefined;
    return this.split?.hasLeft(endpoint) === true ? undefined : endpoint;
  }

  /** The `Set-Cookie` line for a client that the endpoint served, or nothing when its cookie is to stay as it is. */
  pinLine(endpoint: EndpointState, traits: RequestTraits | undefined): string {
    if (this.pins === undefined) return '';
    const held = traits?.pinned === undefined ? undefined : this.pins.endpointOf(traits.pinned);
    if (held === endpoint) return '';
    // Where its own replica was only full for a moment, the client goes back to it.
    if (held !== undefined && held.rank <= this.spread.rank && this.split?.hasLeft(held) !== true) return '';
    return this.pins.lineFor(endpoint, traits?.isSecure === true);
  }

  /** Some endpoint that has not failed the request could be asked if it had room. */
  isFull(tried: readonly EndpointState[]): boolean {
    return (
      this.policy.maxConnections !== undefined &&
      this.endpoints.some(
        (endpoint) =>
          endpoint.rank !== rank.never &&
          endpoint.inFlight.size >= endpoint.room &&
          !tried.includes(endpoint),
      )
    );
  }

  /** Requests that may wait for room in this worker. */
  get queueSize(): number {
    return Math.ceil((this.policy.queue?.size ?? 0) / this.#surroundings.workers);
  }

  /** A request finds no room here; another worker may have some to spare. */
  wantRoom(): void {
    if (this.#isRoomAsked) return;
    this.#isRoomAsked = true;
    this.#surroundings.wantRoom(this.id);
  }

  /** The room of an endpoint has grown, or become smaller. */
  roomChanged(endpoint: EndpointState, change: number): void {
    endpoint.room += change;
    if (change > 0) this.#isRoomAsked = false;
    this.serve();
  }

  /** Another worker has requests that wait for room of this endpoint. */
  roomWanted(endpoint: EndpointState): void {
    endpoint.isRoomWanted = true;
    const free = endpoint.room - endpoint.inFlight.size;
    if (free > 0 && this.#waiting === 0) this.#spare(endpoint, Math.ceil(free / 2));
  }

  /** Something in flight has ended: who waits here goes on, in turns with those who wait in other workers. */
  roomFreed(endpoint: EndpointState): void {
    const isTheirTurn = endpoint.isRoomWanted && (this.#waiting === 0 || this.#hasServed);
    this.#hasServed = !isTheirTurn;
    if (isTheirTurn && endpoint.room > 0) this.#spare(endpoint, 1);
    else this.serve();
  }

  /** Those who wait go on, as far as there are endpoints for them. */
  serve(): void {
    const { waitingRoom } = this;
    if (waitingRoom === undefined || waitingRoom.size === 0) return;
    waitingRoom.serve();
    if (waitingRoom.size > 0 && this.policy.maxConnections !== undefined) this.wantRoom();
  }

  get #waiting(): number {
    return this.waitingRoom?.size ?? 0;
  }

  #spare(endpoint: EndpointState, count: number): void {
    endpoint.isRoomWanted = false;
    endpoint.room -= count;
    this.#surroundings.spareRoom(endpoint.id, count);
  }

  #assignSplit(split: TrafficSplit | undefined): void {
    if (split === undefined) {
      this.split = undefined;
      return;
    }
    this.split ??= new SplitSpread(split, Math.random());
    this.split.entry = split;
    this.split.assign(this.endpoints);
  }
}
