import { once } from 'node:events';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { BalancerDriver, ListenerEntry } from '../../../src/balancer/balancer-driver.ts';
import { reset } from '../../../src/balancer/proxy/socket/wire.ts';
import type { TlsPolicy } from '../../../src/model/edge.ts';
import { edgeOf } from '../../balancer/edge/edge-harness.ts';
import { freePort } from '../../helpers/free-port.ts';

/**
 * The driver with listeners that speak TLS only. Clients reach them in plain text, on the ports of the table that they apply. The
 * driver below stays its owner's.
 */
export function overTls(driver: BalancerDriver, tls: TlsPolicy): BalancerDriver {
  const relays = new Map<number, TlsRelay>();
  const behindTls = async (listener: ListenerEntry): Promise<ListenerEntry> => {
    const relay = relays.get(listener.port) ?? new TlsRelay(await freePort());
    relays.set(listener.port, relay);
    return { ...listener, port: relay.target, edge: edgeOf({ ...listener.edge, tls }) };
  };
  return {
    name: driver.name,
    apply: async (table, signal) => {
      const listeners: ListenerEntry[] = [];
      for (const listener of table.listeners) listeners.push(await behindTls(listener));
      await driver.apply({ ...table, listeners }, signal);
      const ports = new Set(table.listeners.map(({ port }) => port));
      for (const [port, relay] of relays) {
        if (ports.has(port)) await relay.open(port);
        else relay.close();
        if (!ports.has(port)) relays.delete(port);
      }
    },
    table: (signal) => driver.table(signal),
    observe: (signal) => driver.observe(signal),
    watch: (onChange, signal) => driver.watch(onChange, signal),
    [Symbol.asyncDispose]: async () => {
      for (const relay of relays.values()) relay.close();
    },
  };
}

/** Speaks TLS for clients that do not: what they meet, ends and losses too, is what they would meet themselves. */
class TlsRelay {
  readonly target: number;
  readonly #server: Server;

  constructor(target: number) {
    this.target = target;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (plain) => this.#relay(plain));
  }

  async open(port: number): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  close(): void {
    this.#server.close();
  }

  #relay(plain: Socket): void {
    const raw = connectTcp({ port: this.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const secured = connectTls({ socket: raw, rejectUnauthorized: false });
    let isLost = false;
    const lose = (): void => {
      if (isLost) return;
      isLost = true;
      reset(raw);
      reset(plain);
    };
    for (const socket of [plain, raw, secured]) socket.on('error', lose);
    pass(plain, secured, lose);
    pass(secured, plain, lose);
  }
}

function pass(from: Socket, to: Socket, lose: () => void): void {
  from.on('data', (piece: Buffer) => {
    if (!to.write(piece)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('close', () => {
    if (!from.readableEnded) lose();
  });
}
