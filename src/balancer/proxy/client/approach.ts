import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { addressKey } from '../edge/client-facts.ts';
import type { ListenerEdge } from '../edge/listener-edge.ts';
import { readProxyHeader } from '../edge/proxy-protocol.ts';
import { plainAddress } from '../edge/range-set.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import type { Door, DoorConnection } from './door.ts';
import { type Entrant, plainEntrant } from './entrant.ts';

/** What came of an approach: an entrant, and the protocol that was agreed on. */
export interface Arrival {
  readonly entrant: Entrant;
  readonly secured: TLSSocket | undefined;
}

/**
 * A connection on its way in, before its first request: what a proxy in front says of it, whether its client has too many
 * already, and the TLS handshake.
 */
export class Approach implements DoorConnection {
  readonly #raw: Socket;
  readonly #edge: ListenerEdge;
  readonly #door: Door;
  readonly #context: WorkerContext;
  readonly #arrived: (arrival: Arrival) => void;
  readonly #beganAt = Date.now();
  #address: string;
  #port: number;
  readonly #localAddress: string | undefined;
  #isOver = false;

  constructor(
    raw: Socket,
    edge: ListenerEdge,
    door: Door,
    context: WorkerContext,
    arrived: (arrival: Arrival) => void,
  ) {
    this.#raw = raw;
    this.#edge = edge;
    this.#door = door;
    this.#context = context;
    this.#arrived = arrived;
    this.#address = plainAddress(raw.remoteAddress);
    this.#port = raw.remotePort ?? 0;
    this.#localAddress = raw.localAddress;
    raw.on('error', () => {});
    raw.once('close', () => this.#end());
    if (edge.proxies?.has(this.#address) === true) this.#readProxyHeader(Buffer.alloc(0));
    else this.#takePlace(true);
  }

  /** It has arrived, or is gone. */
  get isOver(): boolean {
    return this.#isOver;
  }

  retire(): void {
    this.destroy();
  }

  destroy(): void {
    this.#end();
    this.#raw.destroy();
  }

  tick(now: number): void {
    if (now - this.#beganAt > this.#door.limits.headTimeoutMs) this.destroy();
  }

  #readProxyHeader(before: Buffer): void {
    this.#raw.once('data', (chunk: Buffer) => {
      this.#raw.pause();
      const bytes = Buffer.concat([before, chunk]);
      const header = readProxyHeader(bytes);
      if (header.kind === 'malformed') return this.destroy();
      if (header.kind === 'incomplete') return this.#readProxyHeader(bytes);
      if (header.from !== undefined) {
        this.#address = plainAddress(header.from.address);
        this.#port = header.from.port;
      }
      if (header.end < bytes.length) this.#raw.unshift(bytes.subarray(header.end));
      this.#takePlace(false);
    });
    this.#raw.resume();
  }

  /** `isUntouched`: nothing has been read yet. */
  #takePlace(isUntouched: boolean): void {
    const max = this.#edge.maxConnectionsPerIp;
    if (!this.#edge.admits(this.#address)) return this.destroy();
    if (max === undefined) return this.#secure(isUntouched);
    const { desk } = this.#context;
    const key = `${this.#edge.entry.id} ${addressKey(this.#address)}`;
    desk.askPlace(key, max, ({ isLet }) => {
      if (!isLet) return this.destroy();
      const free = (): void => desk.freePlace(key);
      if (this.#raw.destroyed) return free();
      this.#raw.once('close', free);
      // A socket that is taken over would not say when it closes.
      this.#secure(false);
    });
  }

  #secure(isUntouched: boolean): void {
    const { tls, entry } = this.#edge;
    const { port } = entry;
    const peer = { address: this.#address, isTls: tls !== undefined, port };
    if (tls === undefined) {
      const entrant = isUntouched
        ? plainEntrant(this.#raw, port)
        : { wire: this.#raw, raw: this.#raw, peer, peerPort: this.#port, localAddress: this.#localAddress };
      return this.#arrive({ entrant, secured: undefined });
    }
    const secured = tls.secure(this.#raw, entry.protocol === 'http');
    if (secured === undefined) return this.destroy();
    secured.on('error', () => this.destroy());
    secured.once('secure', () => {
      if (this.#isOver) return;
      secured.removeAllListeners('error');
      secured.on('error', () => {});
      this.#arrive({
        entrant: {
          wire: secured,
          raw: this.#raw,
          peer,
          peerPort: this.#port,
          localAddress: this.#localAddress,
        },
        secured,
      });
    });
  }

  #arrive(arrival: Arrival): void {
    if (this.#isOver) return;
    this.#end();
    this.#arrived(arrival);
  }

  #end(): void {
    this.#isOver = true;
    this.#door.connections.delete(this);
  }
}
