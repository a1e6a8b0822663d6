import { createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ProxyLimits } from '../proxy-limits.ts';
import type { ListenerState } from '../worker/routing-state.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { Approach } from './approach.ts';
import { ClientConnection } from './client-connection.ts';
import { type Entrant, plainEntrant } from './entrant.ts';
import { Http2Connection } from './http2-connection.ts';
import { TcpConnection } from './tcp-connection.ts';

const backlog = 4096;

/** A connection that came through a door. */
export interface DoorConnection {
  retire(): void;
  destroy(): void;
  /** Called a few times a second. */
  tick(now: number): void;
}

/** An address on which this worker accepts. Who answers there may change; the socket stays. */
export class Door {
  readonly key: string;
  readonly connections = new Set<DoorConnection>();
  /** Undefined until a table names the door; connections wait for it. */
  listener: ListenerState | undefined;
  forwardedLines = '';
  accepted = 0;
  readonly #server: Server;
  readonly #context: WorkerContext;
  #waiting: Socket[] = [];

  /** `handle` is the bound socket that came from the main process; `onOpen` is told an error code or nothing. */
  constructor(
    key: string,
    handle: object,
    context: WorkerContext,
    onOpen: (error: string | undefined) => void,
  ) {
    this.key = key;
    this.#context = context;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
      if (this.listener === undefined) this.#waiting.push(socket);
      else this.#admit(socket);
    });
    let isOpen = false;
    this.#server.on('error', (error: NodeJS.ErrnoException) => {
      // Later errors (no file descriptors left) end one accept, not the door.
      if (!isOpen) onOpen(error.code ?? error.message);
    });
    this.#server.listen(handle, backlog, () => {
      isOpen = true;
      onOpen(undefined);
    });
  }

  assign(listener: ListenerState): void {
    this.listener = listener;
    const scheme = listener.edge?.tls === undefined ? 'http' : 'https';
    this.forwardedLines = `X-Forwarded-Proto: ${scheme}\r\nX-Forwarded-Port: ${listener.entry.port}\r\n`;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const socket of waiting) this.#admit(socket);
  }

  tick(now: number): void {
    for (const connection of this.connections) connection.tick(now);
  }

  /** Accepts no more; requests under way are answered. */
  close(): void {
    this.#server.close();
    for (const socket of this.#waiting) socket.destroy();
    this.#waiting = [];
    for (const connection of Array.from(this.connections)) connection.retire();
  }

  /** Of the listener, else of the proxy. */
  get limits(): ProxyLimits {
    return this.listener?.edge?.limits(this.#context.limits) ?? this.#context.limits;
  }

  #admit(socket: Socket): void {
    const { listener } = this;
    if (listener === undefined) return;
    this.accepted++;
    const { edge } = listener;
    if (edge?.isApproached !== true) return this.#enter(listener, plainEntrant(socket, listener.entry.port));
    const approach = new Approach(socket, edge, this, this.#context, ({ entrant, secured }) => {
      if (this.listener === undefined) socket.destroy();
      else if (secured?.alpnProtocol === 'h2') this.#enterHttp2(entrant, secured);
      else this.#enter(this.listener, entrant);
    });
    if (!approach.isOver) this.connections.add(approach);
  }

  #enter(listener: ListenerState, entrant: Entrant): void {
    if (listener.entry.protocol === 'tcp') {
      this.connections.add(new TcpConnection(entrant, this, listener, this.#context));
      (entrant.wire ?? entrant.raw).resume();
    } else {
      const connection = new ClientConnection(entrant, this, this.#context);
      this.connections.add(connection);
      connection.resumeReading();
    }
  }

  #enterHttp2(entrant: Entrant, secured: TLSSocket): void {
    this.connections.add(new Http2Connection(entrant, secured, this, this.#context));
  }
}
